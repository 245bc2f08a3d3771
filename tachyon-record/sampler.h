/* SPDX-License-Identifier: MIT */
/*
 * sampler.h - the sampling thread: look at the target at fixed times and push
 * what changed into the ring.
 *
 * The loop makes no system call but the reads, the clock and the sleep; it
 * takes no lock and, once the target's size is known, allocates nothing.
 * A deadline that has passed is skipped and shows as a gap in the slots.
 */
#ifndef RECORD_SAMPLER_H
#define RECORD_SAMPLER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "format/wire.h"
#include "tachyon-record/ring.h"
#include "tachyon-record/selection.h"
#include "tachyon-record/target.h"

struct asyncio_layout;
struct err;
struct record_lost;
struct sampler;

struct sampler_options {
	uint64_t interval_ns;
	uint64_t end_ns;                /* CLOCK_MONOTONIC; 0: no end */
	bool all_threads;
	struct selection selection;
	bool opcodes;                   /* of leaves, as part of their location */
	bool async, async_all;          /* tasks of asyncio, suspended ones too */
	bool blocking;                  /* the target is stopped for each tick */
};

/* What the loop did; may be read while it runs. */
struct sampler_counts {
	atomic_uint_fast64_t ticks, failed, late, skipped, lost;
	atomic_uint_fast64_t inexact;
	atomic_uint_fast64_t threads;   /* there now */
	atomic_uint_fast64_t busy_ns;   /* spent in ticks */
	atomic_uint_fast64_t longest_ns, shortest_ns; /* gap between ticks; reset by the reader */
};

enum sampler_result {
	SAMPLER_DURATION,               /* the time is over */
	SAMPLER_STOPPED,                /* sampler_stop() */
	SAMPLER_TARGET_ENDED,
	SAMPLER_TARGET_CHANGED,         /* not the program any more: exec, or unreadable */
};

/* The target and the ring stay the caller's.  NULL: err. */
struct sampler *sampler_new(struct target *target, struct ring *ring,
			    const struct sampler_options *options, struct err *err);
void sampler_free(struct sampler *s);   /* NULL is allowed */

/* Continues the numbers and counts of an earlier sampler on the same ring. */
void sampler_continue(struct sampler *s, const struct sampler *earlier);

/* Runs the loop in the calling thread. */
enum sampler_result sampler_run(struct sampler *s);

/* Makes sampler_run() return soon; from any thread or a signal handler. */
void sampler_stop(struct sampler *s);
/* The same, because there is nothing left to sample. */
void sampler_target_ended(struct sampler *s);

/* Lost ticks that the writer could not be told of yet; NULL: none. */
const struct record_lost *sampler_lost(const struct sampler *s);

/* asyncio is there, and async was asked for; from any thread, once. */
void sampler_found_asyncio(struct sampler *s, const struct asyncio_layout *layout);

/* Asks for a new segment at the next tick; from any thread. */
void sampler_want_segment(struct sampler *s);

struct sampler_counts *sampler_counts(struct sampler *s);
/* The TRACE_STATE_FLAGS that this sampler determines. */
uint32_t sampler_known_flags(void);

#endif
