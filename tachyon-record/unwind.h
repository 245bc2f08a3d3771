/* SPDX-License-Identifier: MIT */
/*
 * unwind.h - one thread's Python stack, from memory that changes meanwhile.
 *
 * The stack of a tick is the one whose innermost frame the thread's first
 * eight bytes name when they are read.  A read is consistent when the chain
 * of frames from there is complete, ends at a base frame, and the same frame
 * is still innermost at the end.  Else the same leaf is tried again; a leaf
 * that cannot be completed in time is kept with the best callers known and
 * flagged inexact, because dropping it would favour what is easy to read.
 */
#ifndef RECORD_UNWIND_H
#define RECORD_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tachyon-record/code_copies.h"
#include "tachyon-record/code_table.h"
#include "tachyon-record/exception.h"
#include "tachyon-record/node_table.h"
#include "tachyon-record/snapshot.h"

/* enum _frameowner, Include/internal/pycore_interpframe_structs.h */
enum { OWNED_BY_GENERATOR = 1 };

struct frame {
	raddr address, code, previous;  /* previous: its caller's frame */
	raddr instr;                    /* or bytes into the code, where those are counted */
	uint32_t node;                  /* of the stack that ends here */
	int32_t copy;                   /* of the bytecode, that instr is in; 0: the first */
	uint32_t number;                /* of the code object; 0: none, or not known */
	uint8_t owner;
	bool may_be_outermost;          /* else a stack that ends there is not complete */
	bool left;                      /* it has returned, or has not begun */
	bool repaired;                  /* its node is above where its caller stood earlier */
	raddr instruction;              /* that it executes; 0: it has not begun */
	bool entry;                     /* C called it, or it is the frame of that C */
	bool is_shim;                   /* no Python function: the interpreter's own */
	bool runs;                      /* its own code, or C that it called */
	bool is_empty;                  /* no value in it, not even a local: it was left */
	bool has_locals, has_begun;     /* known when it has its node */
};

struct frames {
	struct frame *v;                /* innermost first */
	size_t n, room;
};

/* Memory of where Python frames live; see push_chunk() in Python/pystate.c. */
struct chunk {
	raddr base;
	size_t used, size;              /* bytes with the head */
};

/*
 * A frame outside the chunks: of a generator or coroutine, in its object, or
 * the one with which C enters the interpreter, on the C stack.  Where frames
 * are objects, each of them.
 */
struct outlier {
	raddr address;
	raddr caller;                   /* whose frame it was above last, 0: none */
	uint32_t caller_node;           /* of that one then */
	uint32_t rival;                 /* where the same caller was found instead lately */
	uint32_t rivals;                /* so often in turn */
	uint64_t used_tick;
	bool proven;                    /* it was part of a stack, not just named somewhere */
};

/* A frame that was innermost: what is remembered of it. */
struct memo {
	raddr frame, code;
	uint32_t node, parent;          /* of its stack and its caller's */
	uint64_t generation;            /* of code objects then */
};

/* A _PyCFrame, which C puts on its stack when it enters the interpreter. */
struct cframe {
	raddr address;
	raddr frame;                    /* innermost one when it was read last */
};

enum {
	MEMO_SLOTS = 64,
	CFRAMES = 4,
};

/* What is known of a thread's stack from earlier reads. */
struct unwinder {
	raddr state;                    /* PyThreadState */
	uint64_t tag;                   /* its thread_tag: says whose state it is */
	struct cframe cframes[CFRAMES]; /* where the layout has them; last seen first */
	size_t deepest;                 /* bytes of the newest chunk lately in use */
	struct chunk *chunks;           /* newest first */
	size_t nchunks, chunk_room;
	struct outlier *outliers;       /* by address */
	size_t noutliers, outlier_room;
	raddr *fresh;                   /* outliers just found */
	size_t nfresh, fresh_room;
	bool primed;                    /* frame objects: some are known */
	struct frames last, now;
	size_t dropped;                 /* frames that were no part of the stack */
	bool repaired;                  /* a caller stands where it stood earlier */
	uint32_t rare;                  /* node of a caller that resumes a generator where few do */
	bool now_left;                  /* now has a frame that was left: what it names is old */
	struct frames candidate;        /* a chain from this tick's leaf, not proven */
	struct frames other;            /* a chain from another leaf, read after it */
	uint64_t generation;            /* of code objects, when last was resolved */
	uint64_t resolved_ns;           /* when all frames of last were looked up */
	struct memo memo[MEMO_SLOTS];   /* by frame */
	struct memo by_code[MEMO_SLOTS];        /* the same, by code object */
	struct exception exception;     /* when the leaf was decided */
	struct frame leaf;              /* of this tick, number 0: not known */
	raddr interrupted;              /* set by the owner: frame below the collector, or 0 */
	raddr marked;                   /* the same where last has <GC> above it */

	/* Ranges of this thread in the snapshot that was planned last. */
	unsigned first_range, cframe_range, frames_range, end_range, state_range;
	unsigned outlier_range, outlier_end;
	raddr cframe_low;               /* beginning of the planned part of the C stack */
};

struct unwind_context {
	struct remote *remote;
	const struct layout *layout;
	const struct call_site *sites;  /* by opcode; NULL: not known */
	bool site_units;                /* a frame may stand at the last unit of one */
	unsigned char *bytecode;        /* a function's, read for its sites */
	size_t bytecode_room;
	struct ring *ring;
	struct code_table *codes;
	struct node_table *nodes;
	struct code_copies *copies;
	uint32_t copy_generation;       /* of the interpreter's copies of bytecode */
	struct snapshot retry;
	struct code_clock clock;
	uint64_t tick;
	uint64_t retry_until_ns;        /* CLOCK_MONOTONIC */
	struct layout_span state;       /* the part of a thread state that is read */
	struct exceptions exceptions;
	size_t lead;                    /* bytes read in front of frames outside the chunks */
	uint64_t inexact;               /* stacks so far */
	raddr frame_type;               /* of frame objects, once one was seen */
};

enum unwind_status {
	UNWIND_EXACT,
	UNWIND_INEXACT,
	UNWIND_TORN,
	UNWIND_UNREADABLE,
	UNWIND_DEEP,
	UNWIND_CORRUPT,
	UNWIND_NO_ROOM,                 /* the ring is full: the tick is lost */
	UNWIND_FULL,                    /* a table is full: start a segment */
	UNWIND_REPLACED,                /* the state is another thread's now */
	UNWIND_GONE,                    /* the process has ended */
};

/* Sets what follows from the layout. */
void unwind_context_init(struct unwind_context *c);
void unwind_context_release(struct unwind_context *c);
void unwinder_init(struct unwinder *u, raddr state, uint64_t tag);
void unwinder_release(struct unwinder *u);
/* Forgets nodes: a new segment has begun. */
void unwinder_forget(struct unwinder *u);

/*
 * Learns where the stack of a thread is that has not been read before, so
 * that the first read that counts has its leaf.
 */
void unwind_prime(struct unwinder *u, struct unwind_context *c);

/* True while nothing is known of where a thread's stack is. */
bool unwind_is_new(const struct unwinder *u, const struct unwind_context *c);

/*
 * The node of one frame above its caller's, into f->node; that of a frame
 * which is no Python code is its caller's.  by_gc: the collector called it.
 */
enum unwind_status unwind_resolve(struct unwind_context *c, struct frame *f,
				  uint32_t parent, bool by_gc);

/* Adds the ranges that this thread's stack will probably need. */
void unwind_plan(struct unwinder *u, const struct unwind_context *c, struct snapshot *s);

/* The stack of a node with the opcode of its leaf, for unwinding that went well. */
enum unwind_status unwind_add_opcode(struct unwind_context *c, unsigned opcode,
				     uint32_t *node);

/*
 * The thread collects garbage: which of its frames did the collector
 * interrupt?  The one said before if it can be that still, else the leaf.
 */
raddr unwind_interrupted(const struct unwinder *u, raddr before);

/* The copy of the thread's state in the snapshot, offset as in memory; NULL. */
const char *unwind_state(const struct unwinder *u, const struct unwind_context *c,
			 const struct snapshot *s);

/*
 * Makes the stack out of the snapshot, reading again as far as needed.
 * *node is valid for UNWIND_EXACT and UNWIND_INEXACT.
 */
enum unwind_status unwind(struct unwinder *u, struct unwind_context *c, struct snapshot *s,
			  uint32_t *node);

#endif
