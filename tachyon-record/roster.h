/* SPDX-License-Identifier: MIT */
/*
 * roster.h - the interpreters, GILs and threads of the target.
 *
 * The lists live in the target and change under us; the roster is our copy,
 * brought up to date when something shows that it is old.  Interpreters and
 * threads that appear get entries, those that vanish are marked and dropped
 * after the sampler has said so in the trace.
 */
#ifndef RECORD_ROSTER_H
#define RECORD_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tachyon-record/cpython/opcodes.h"
#include "tachyon-record/kernel_state.h"
#include "tachyon-record/native_tid.h"
#include "tachyon-record/target.h"
#include "tachyon-record/unwind.h"

/* A struct _gil_runtime_state, as of the last tick. */
struct gil {
	raddr address;
	raddr holder;                   /* thread state that holds or last held it */
	uint64_t holder_ident;          /* its thread's ident; 0: not known */
	uint64_t switches;              /* moves when holder changes */
	bool locked, seen, listed;
	bool governs;                   /* threads need it; not so in free-threaded processes */
	raddr holder_before;            /* at the tick before */
	uint64_t holder_ident_before;
	uint64_t switches_before;
	bool seen_before, governed_before;
	unsigned range;                 /* in the snapshot: its own or an interpreter's */
};

struct interp {
	raddr address;
	uint64_t id;
	size_t gil;                     /* index */
	raddr threads_head;
	uint64_t generation;            /* of code objects plus 1; 0: not counted */
	uint32_t copies;                /* generation of threads' copies of bytecode */
	bool collecting, listed;
	raddr collector;                /* thread state that runs the collector */
	raddr interrupted;              /* its frame below the collector, 0: not known */
	unsigned range;
};

struct thread {
	struct unwinder unwinder;
	struct kernel_state kernel;
	raddr state;
	size_t interp;                  /* index */
	uint64_t ident;
	uint64_t own_tid;               /* as the target sees it; 0: not known */
	uint64_t tag;                   /* tells it from another with the same address */
	uint32_t number;                /* in the trace, from 1 */
	bool is_main;
	bool selected;                  /* its samples are recorded */
	bool listed;                    /* found at the last refresh */
	bool attached;                  /* to its interpreter, where that is read */
	bool attached_known;
	bool awaits_gil;                /* it has begun to, and has not got it since */
	bool replaced;                  /* its state was given to another thread */
	bool announced;                 /* the writer knows its number */
	bool planned;                   /* part of this tick's first read */
	bool looked;                    /* read at this tick */
	unsigned task_range;            /* of the task that runs; UINT_MAX: not planned */
	bool read;                      /* node is certain as of its last read */
	enum opcode_native native;      /* by the leaf's instruction */
	uint32_t node, flags;           /* of this tick */
	uint32_t sent_node, sent_flags;
	bool sent;
};

struct roster {
	struct target *target;
	bool all_threads;
	struct layout_span interp_span; /* of an interpreter that every tick reads */
	struct gil *gils;
	size_t ngils, gil_room;
	struct interp *interps;
	size_t ninterps, interp_room;
	struct thread **threads;        /* stable addresses */
	size_t nthreads, thread_room;
	uint64_t refreshed_ns;
	bool stale;                     /* something shows that it is old */
	struct native_tids tids;        /* where the thread states do not tell them */
	uint64_t main_ident;            /* of the main thread, where that is needed; 0 */
	unsigned gc_range;              /* in the snapshot: the only collector's, if there is one */
	bool collecting;                /* it runs */
};

/* Called for a thread that has left, before its entry is freed. */
typedef void roster_left_fn(void *arg, struct thread *t);

void roster_init(struct roster *r, struct target *target, bool all_threads);
void roster_release(struct roster *r);

/* Reads the lists anew.  READ_FAULT leaves the roster as it was, and stale. */
enum read_status roster_refresh(struct roster *r, uint64_t now_ns,
				roster_left_fn *left, void *arg);

/* Adds the ranges of every GIL and interpreter to a plan. */
void roster_plan(struct roster *r, struct snapshot *s);

/*
 * Takes the GILs' and interpreters' words from the copy.  False if they did
 * not arrive.  Marks the roster stale when a list of threads has a new head.
 */
bool roster_take(struct roster *r, const struct snapshot *s);

/* True if the thread may have run Python code since the tick before. */
bool roster_may_have_moved(const struct roster *r, const struct thread *t);

struct thread *roster_thread(const struct roster *r, raddr state);

#endif
