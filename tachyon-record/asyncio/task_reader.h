/* SPDX-License-Identifier: MIT */
/*
 * task_reader.h - what one asyncio task looks like in the target's memory.
 *
 * A task is read in steps, each of which shows where the next one goes: the
 * object, its name, the coroutines from the outermost to the one that waits,
 * the tasks that wait for it.  The steps are remembered as pieces of memory,
 * so that the pieces of many tasks can be read together at the next tick and
 * only what has moved costs a read of its own.
 *
 * The target is hostile: chains, sets and lists are bounded, and what is
 * beyond is left out and said to be.
 */
#ifndef RECORD_TASK_READER_H
#define RECORD_TASK_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tachyon-record/cpython/asyncio_layout.h"
#include "tachyon-record/cpython/object.h"
#include "tachyon-record/snapshot.h"

enum {
	/* Coroutines that await one another in one task. */
	TASK_MAX_CHAIN = 4096,
	/* Tasks that wait for one; and how far callbacks are followed to them. */
	TASK_MAX_AWAITERS = 256,
	TASK_MAX_HOPS = 16,
	TASK_NAME_MAX = 1024,
};

/* A frame of a coroutine that is suspended. */
struct task_frame {
	raddr address, code, instr;
	int64_t copy;                   /* of the bytecode, that instr is in; 0: the first */
};

struct task_facts {
	raddr coro, name, loop;
	raddr code;                     /* of the outermost coroutine */
	struct task_identity {          /* words of the name: tell tasks at one address apart */
		raddr type;
		uint64_t words[2];
	} identity;
	raddr next, prev;               /* in the list of tasks; 0 where there is none */
	struct task_frame *frames;      /* outermost first */
	size_t nframes, frame_room;
	raddr *awaiters;                /* tasks, in the order of their addresses */
	size_t nawaiters, awaiter_room;
	bool executing;                 /* one of the coroutines runs */
	bool finished;
	bool torn;                      /* something made no sense */
	bool cut;                       /* there is more than we look at */
};

/* Memory that a task was read from. */
struct task_pieces {
	struct task_piece {
		raddr at;
		uint32_t len;
		uint32_t offset;        /* in the copy of the image, when it was planned */
	} *v;
	size_t n, room;
	bool planned;                   /* the offsets are valid */
};

/* Kinds of objects, told by the names of their types. */
enum task_kind {
	TASK_KIND_OTHER,
	TASK_KIND_COROUTINE,            /* also an asynchronous generator */
	TASK_KIND_GENERATOR,
	TASK_KIND_WRAPPER,              /* its first member is one of those */
	TASK_KIND_FUTURE,               /* of Modules/_asynciomodule.c, or a subclass */
	TASK_KIND_TASK,
	TASK_KIND_METHOD, TASK_KIND_BUILTIN, TASK_KIND_FUNCTION, TASK_KIND_PARTIAL,
	TASK_KIND_TUPLE, TASK_KIND_LIST, TASK_KIND_INT,
};

enum { TASK_TYPES = 64, TASK_GROUPS = 16 };

struct task_reader {
	struct remote *remote;
	const struct layout *layout;
	const struct asyncio_layout *asyncio;
	const struct snapshot *image;   /* the pieces that were read together */
	struct task_pieces *pieces;     /* of the task at hand; NULL: read directly */
	size_t cursor;                  /* the piece that is expected next */
	bool foreseen;                  /* pieces have come as planned so far */
	bool moved;                     /* pieces of some task are not those planned */
	struct task_type {
		raddr address;
		enum task_kind kind;
	} types[TASK_TYPES];
	unsigned ntypes;
	uint64_t tick;                  /* for which the next is valid */
	struct task_group {
		raddr instance, parent; /* TaskGroup and the task that waits for it */
		uint64_t tick;
	} groups[TASK_GROUPS];
	struct object_slot parent_slot;
};

void task_facts_release(struct task_facts *f);
bool task_facts_equal(const struct task_facts *a, const struct task_facts *b);

/*
 * Reads the task at an address.  With pieces, those in the image are taken
 * from there and the list is brought up to date; with NULL all is read anew.
 * False if the object itself cannot be read.
 */
bool task_read(struct task_reader *r, raddr task, struct task_pieces *pieces,
	       struct task_facts *f);

/* The task's name; -1 if it cannot be read. */
ptrdiff_t task_name(struct task_reader *r, const struct task_facts *f,
		    char name[TASK_NAME_MAX]);

/* What kind of object stands there? */
enum task_kind task_kind(struct task_reader *r, raddr object);

/* Some memory, from the pieces if it was foreseen. */
bool task_fetch(struct task_reader *r, raddr at, void *to, size_t len);

/* task_callbacks.c: the tasks that a task's done-callbacks lead to. */
void task_read_callbacks(struct task_reader *r, raddr task, const char *head,
			 struct task_facts *f);

void task_add_frame(struct task_facts *f, const struct task_frame *frame);

/* Adds an awaiter unless it is there. */
void task_add_awaiter(struct task_facts *f, raddr task);

#endif
