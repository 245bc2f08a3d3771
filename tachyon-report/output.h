/* SPDX-License-Identifier: MIT */
/*
 * output.h - what an output format is, and the table of all of them.
 *
 * A format is one file that exports one row.  It writes a finished profile to
 * a stream and neither opens files nor prints messages; whether the stream
 * took everything is checked once, by the caller.
 */
#ifndef REPORT_OUTPUT_H
#define REPORT_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct profile;
struct settings;

/* What was read, for the outputs that tell about the trace itself. */
struct report {
	const struct profile *profile;
	const struct settings *settings;
	const char *const *names;       /* of the traces, as given */
	size_t nnames;
	uint64_t bytes, raw_bytes, frames;
	bool cut;                       /* a trace ended within a frame */
	bool damaged;
};

struct output {
	const char *name;
	const char *help;               /* a sentence for --list */
	unsigned bit;                   /* for struct opt.commands */
	bool shows_hidden;              /* is about the trace, filters do not apply */
	void (*write)(const struct report *r, FILE *out);
};

/* Bits of the formats, for options that belong to some of them. */
enum {
	OUTPUT_PSTATS    = 1 << 0,
	OUTPUT_COLLAPSED = 1 << 1,
	OUTPUT_INFO      = 1 << 2,
};

extern const struct output output_collapsed, output_info, output_pstats;

/* All formats in alphabetical order, NULL-terminated. */
extern const struct output *const outputs[];

/* NULL if there is no such format. */
const struct output *output_find(const char *name);

#endif
