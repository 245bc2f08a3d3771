/* SPDX-License-Identifier: MIT */
/*
 * mode.h - modes: the state that a sample must have to be of interest.
 *
 * The recorder leaves samples out by these rules, and the reader does; what a
 * trace recorded in a mode shows is what a trace of everything shows in it.
 */
#ifndef FORMAT_MODE_H
#define FORMAT_MODE_H

#include <stdint.h>

#include "format/wire.h"

struct err;

/* wall has no state and keeps all samples. */
struct trace_mode {
	const char *name;
	uint32_t flag;                  /* enum trace_flag, 0: all samples */
	const char *missing;            /* what a trace without the state lacks */
};

/* All modes, wall first; the last one has no name. */
extern const struct trace_mode trace_modes[];

/* -EINVAL with err filled if there is no such mode. */
int trace_mode_parse(const char *name, const struct trace_mode **mode, struct err *err);

/* What a mode makes of a sample: it can be unknown whether it has the state. */
enum trace_verdict { TRACE_KEEP, TRACE_DROP, TRACE_NOT_KNOWN };

/* By a sample's flags and the flags that its block knows. */
static inline enum trace_verdict trace_mode_verdict(const struct trace_mode *mode,
						    uint32_t flags, uint32_t known)
{
	if (!mode->flag || (flags & mode->flag))
		return TRACE_KEEP;
	if (!(known & mode->flag) || (flags & mode->flag << TRACE_UNKNOWN_SHIFT))
		return TRACE_NOT_KNOWN;
	return TRACE_DROP;
}

#endif
