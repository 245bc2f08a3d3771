/* SPDX-License-Identifier: MIT */
/*
 * task_table.h - the tasks that are known, and how they are listed; the own
 * half of tasks.c.
 */
#ifndef RECORD_TASK_TABLE_H
#define RECORD_TASK_TABLE_H

#include <stdatomic.h>

#include "tachyon-record/asyncio/address_map.h"
#include "tachyon-record/asyncio/task_reader.h"
#include "tachyon-record/asyncio/tasks.h"
#include "tachyon-record/numbers.h"

enum { TASKS_MAX = 1 << 17 };           /* that are looked at */

struct task {
	raddr address;
	raddr state;                    /* thread state whose task it is */
	uint32_t thread;                /* number of that thread in the records */
	uint32_t number;                /* in the records, 0: not told of yet */
	struct task_facts facts;        /* as read last */
	struct task_pieces pieces;
	bool known;                     /* facts are valid */
	bool unproven;                  /* they are not what two reads agree on */
	bool settled;                   /* the image was one of those */
	bool quiet;                     /* and it is what it was */
	bool fresh;                     /* read once, and not from the image */
	bool resolved;                  /* node is that of the facts */
	uint32_t node;                  /* of its own frames */
	uint64_t generation, resolved_ns;
	uint64_t read_tick, listed_tick;        /* when it was read, and in the picture */

	/* At this tick, and as the writer knows it. */
	uint32_t flags, base, chain;
	bool sent;
	uint32_t sent_node, sent_flags, sent_base, sent_chain;
	uint32_t *sent_awaiters;        /* numbers */
	size_t nsent_awaiters, sent_room;
};

/* A list of tasks: that of a thread, or of an interpreter for threads that ended. */
struct task_owner {
	raddr state;                    /* PyThreadState or PyInterpreterState */
	raddr head;                     /* of its list, where it has one */
	raddr interp;                   /* PyInterpreterState */
	uint64_t ident;                 /* threading.get_ident() */
	uint32_t thread;                /* number in the records, 0: none */
	bool looked;                    /* read at this tick */
	uint64_t asleep;                /* kernel_state_asleep() before the last read */
	struct snapshot image;          /* the pieces of its tasks */
	bool planned;                   /* the image is that of the tasks there are */
	char *before;                   /* its copy at the last read */
	size_t before_size;
	bool comparable;                /* that has the same ranges, all of them */
	bool *moved;                    /* by block of bytes: it is not as it was */
	size_t moved_room;
	uint64_t generation;            /* of its interpreter's code objects */
	uint32_t copies;                /* the same of copies of bytecode */

	/* The task that ran at the last tick, and where it is in the thread's stack. */
	raddr running;                  /* 0: none */
	uint32_t base_node, base, chain;
	raddr outermost, innermost;     /* frames of the coroutines that chain counts */
};

/* What asyncio.tasks of one interpreter has, where threads list no tasks. */
struct task_module {
	raddr interp;
	bool found;
	uint64_t look_ns;               /* not to be looked for before */
	raddr current, all, eager;      /* containers */
	raddr *tasks;                   /* all of them, as of a tick */
	size_t n, task_room;
	uint64_t tick;
	bool complete;
};

/* An event loop and the thread that runs it, as of a tick. */
struct task_loop {
	raddr address;
	uint64_t tick, ident;
};

enum { TASK_LOOPS = 256 };

struct tasks {
	struct target *target;
	struct ring *ring;
	bool all;
	struct asyncio_layout asyncio;
	atomic_bool found;              /* asyncio is valid */
	bool readable;                  /* the layout has all that is needed */
	struct task_reader reader;
	struct task **v;                /* by index - 1 */
	size_t n, room;
	struct address_map by_address, by_coro; /* to index of v */
	struct address_map by_state;            /* to index of owners */
	struct task_owner *owners;
	size_t nowners, owner_room;
	struct task_module *modules;
	size_t nmodules, module_room;
	struct task_loop loops[TASK_LOOPS];
	size_t nloops;
	struct object_slot loop_slot, set_slot;
	char *entries;                  /* of a set */
	size_t entry_room;
	raddr *keys;
	size_t nkeys, key_room;
	struct snapshot references;
	raddr *listed;                  /* of one owner */
	size_t nlisted, listed_room;
	struct task_facts first, second;
	struct numbers numbers;         /* of tasks */
	uint32_t *words;                /* changes of this tick */
	size_t nwords, word_room;
	uint32_t nchanges;              /* among them */
	uint64_t tick;
	bool bulk;                      /* many tasks are new: proofs are read together */
	bool failed;                    /* the ring was full */
	bool renumbered;                /* some task has another number than before */
};

/* The entry of an address, made if need be. */
struct task *task_table_get(struct tasks *t, raddr address);

/* Forgets a task; tells the writer if it knows of it. */
void task_table_drop(struct tasks *t, struct task *task);

/* The task has another coroutine than before, 0: none. */
void task_table_set_coro(struct tasks *t, struct task *task, raddr coro);

/* Plans and reads the pieces of the tasks of an owner. */
void task_image_read(struct tasks *t, struct task_owner *o);

/* All that was read of a task is as it was at the last tick. */
bool task_image_is_quiet(const struct task_owner *o, const struct task *task);
void task_owner_release(struct task_owner *o);

/* Adds the address of a task to t->listed. */
void task_list_add(struct tasks *t, raddr address);

/* Puts the addresses of an owner's tasks into t->listed; false: not all of them. */
bool task_list(struct tasks *t, const struct task_owner *o, uint64_t now_ns);

#endif
