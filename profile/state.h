/* SPDX-License-Identifier: MIT */
/*
 * state.h - what a profile knows of the segment that is being read; for
 * profile.c and sites.c.
 */
#ifndef PROFILE_STATE_H
#define PROFILE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/coverage.h"
#include "profile/cpu_time.h"
#include "profile/logical.h"
#include "profile/profile.h"

struct profile_state {
	struct id_map processes, threads;
	int64_t to_wall_ns;             /* monotonic to wall clock */
	bool in_recording;              /* no end since the header */
	const struct trace_mode *mode;  /* asked for, else that of the recording */
	enum filter_async async;        /* view of the segment's tasks; never as recorded */
	struct logical *logical;
	struct coverage coverage;
	uint64_t counters[PROFILE_NCOUNTERS];
	uint64_t *sums;                 /* see clock_block() */
	size_t sums_cap;
	struct cpu_time *cpu_times;     /* by thread - 1, for the mode cpu */
	size_t cpu_times_cap;
	uint8_t *stack_bits;            /* filter bits by stack */
	uint8_t *function_bits;
	size_t stack_bits_cap, function_bits_cap;
	uint32_t nstack_bits, nfunction_bits;
};

#endif
