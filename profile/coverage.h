/* SPDX-License-Identifier: MIT */
/*
 * coverage.h - for how long ticks were taken, over any number of segments.
 *
 * Times are on the wall clock, since segments may come from different
 * machines.  Of segments that overlap, as those of processes that were
 * recorded side by side, only what is outside of all before counts.
 */
#ifndef PROFILE_COVERAGE_H
#define PROFILE_COVERAGE_H

#include <stdbool.h>
#include <stdint.h>

struct coverage_span {
	bool started;
	uint64_t from_ns, to_ns;
};

/* Zeros: nothing was seen. */
struct coverage {
	struct coverage_span segment, all;      /* all: of the segments closed */
	uint64_t total_ns;                      /* covered by the segments closed */
};

/* Ticks were taken from one time to another. */
void coverage_add(struct coverage *c, uint64_t from_ns, uint64_t to_ns);

/* The segment is over. */
void coverage_close_segment(struct coverage *c);

#endif
