/* SPDX-License-Identifier: MIT */
/*
 * tick.h - one look at all threads: the sampler's own half.
 *
 * A tick reads the target, says what each thread does, and pushes what differs
 * from what the writer knows.
 */
#ifndef RECORD_TICK_H
#define RECORD_TICK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "tachyon-record/asyncio/tasks.h"
#include "tachyon-record/instruction.h"
#include "tachyon-record/numbers.h"
#include "tachyon-record/pause.h"
#include "tachyon-record/records.h"
#include "tachyon-record/roster.h"
#include "tachyon-record/sampler.h"
#include "tachyon-record/schedule.h"
#include "tachyon-record/unwind.h"

struct sampler {
	struct target *target;
	struct ring *ring;
	struct sampler_options options;
	struct roster roster;
	struct snapshot snapshot;
	struct snapshot roster_copy;    /* of the roster's words alone */
	struct unwind_context unwind;
	struct instructions *instructions;
	enum opcode_native native[OPCODES];     /* of the target's instructions */
	struct tasks *tasks;            /* NULL: not asked for */
	struct pause pause;
	struct sampler_counts counts;
	atomic_bool stop, ended, want_segment;

	struct record_change *changes;  /* of this tick */
	size_t nchanges, change_room;
	struct schedule schedule;
	uint64_t unreadable_since_ns;   /* 0: readable */
	uint64_t identified_ns;         /* when the target was found to be the same */
	uint64_t cpu_times_ns;          /* when CPU times were asked for */
	uint64_t refresh_period_ns;
	uint64_t refresh_pause_ns;      /* the least time between two */
	uint64_t retry_ns;              /* how long one thread may be tried */
	struct record_lost lost;        /* ticks that did not fit, not yet reported */
	uint32_t first_nodes, first_codes;      /* of this segment's first tick; 0: not yet */
	uint32_t process_node;          /* of thread 0: failures of the whole */
	bool resend;                    /* the writer's picture is incomplete */
	bool gone;
	struct numbers numbers;         /* of threads */
};

/* Adds to a counter, whose one writer is the sampling thread. */
static inline void count(atomic_uint_fast64_t *counter, uint64_t n)
{
	/* No read-modify-write is needed. */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

/* Takes one; s->gone when the target has ended. */
void tick_take(struct sampler *s, const struct moment *when);

/* Numbers of codes and nodes start again, here and in the trace, if there is room. */
void tick_start_segment(struct sampler *s);

#endif
