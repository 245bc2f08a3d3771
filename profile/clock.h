/* SPDX-License-Identifier: MIT */
/*
 * clock.h - how much time each tick stands for.
 *
 * A tick stands for half the time to its neighbours on both sides.  The first
 * and the last tick have one neighbour and take its half twice; a lone tick
 * stands for one interval.  No half is longer than CLOCK_CAP_NS or
 * CLOCK_CAP_INTERVALS, whichever is more, so that a recorder that did not run
 * for a minute does not give that minute to one stack; what is beyond is
 * unobserved.  The ticks of one process make one chain.
 */
#ifndef PROFILE_CLOCK_H
#define PROFILE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "format/trace.h"

enum {
	CLOCK_CAP_NS = 50 * 1000 * 1000,
	CLOCK_CAP_INTERVALS = 5,
};

/* Zeros: no tick yet. */
struct clock_chain {
	bool started;
	bool lone;              /* the last tick has no neighbour in front of it */
	uint64_t last_ns;       /* when the last tick was */
	uint64_t left_ns;       /* its half of the gap in front of it */
	uint64_t interval_ns;
	uint64_t unobserved_ns; /* time that no tick stands for */
};

/*
 * Fills sums[0 .. nticks]: ticks i to j - 1 of the block stand for sums[j] -
 * sums[i], except for the last one, whose second half is not known yet.
 * Returns that half for the last tick of the block before.  Blocks of another
 * recording join the chain if they follow at once and begin one otherwise.
 */
uint64_t clock_block(struct clock_chain *c, const struct trace_samples *s,
		     bool new_recording, uint64_t *sums);

/* Ends the chain and returns the second half of its last tick. */
uint64_t clock_finish(struct clock_chain *c);

#endif
