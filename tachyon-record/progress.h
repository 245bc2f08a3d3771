/* SPDX-License-Identifier: MIT */
/*
 * progress.h - what a person sees of a recording on standard error.
 */
#ifndef RECORD_PROGRESS_H
#define RECORD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "tachyon-record/sampler.h"

struct progress {
	bool line;                      /* one line, rewritten; for a terminal */
	bool statistics;                /* a line each second */
	bool summary;
	bool shown;                     /* the line is on the screen */
	uint64_t interval_ns, duration_ns;
	uint64_t began_ns, shown_ns, statistics_ns;
	uint64_t ticks_before, busy_before;
};

/* Call it a few times a second. */
void progress_update(struct progress *p, struct sampler_counts *counts, uint64_t now_ns);

/* Removes the line, so that something else can be printed. */
void progress_clear(struct progress *p);

/* The closing line: what was recorded, where, how good it is. */
void progress_summary(struct progress *p, struct sampler_counts *counts, uint64_t end_ns,
		      const char *output, uint64_t bytes);

#endif
