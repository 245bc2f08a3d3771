/* SPDX-License-Identifier: MIT */
/*
 * settings.h - what the command line asks for.
 *
 * settings_parse() is the only code that knows the options of tachyon-report.
 */
#ifndef REPORT_SETTINGS_H
#define REPORT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/filter.h"

struct buf;
struct err;
struct output;

enum settings_action { ACTION_REPORT, ACTION_HELP, ACTION_VERSION, ACTION_LIST };

/* How a frame is named in collapsed stacks. */
enum frame_names { NAMES_FUNCTION, NAMES_LOCATION, NAMES_LINE };

enum sort_key {
	SORT_NSAMPLES, SORT_TOTTIME, SORT_CUMTIME, SORT_SAMPLE_PCT, SORT_CUMUL_PCT,
	SORT_NSAMPLES_CUMUL, SORT_NAME,
};

struct settings {
	enum settings_action action;
	const struct output *output;
	const char *path;               /* of the output, NULL: standard output */
	char **traces;                  /* "-" is standard input */
	int ntraces;
	bool quiet, verbose;
	struct filter filter;
	bool async_aware, no_async_aware, async_mode;   /* given */
	enum sort_key sort;
	uint64_t limit;                 /* rows, 0: all */
	bool no_summary;
	enum frame_names names;
	bool threads;
	bool json;
};

/* Returns 0, or -EINVAL with a sentence for a usage error. */
int settings_parse(struct settings *s, int argc, char **argv, struct err *err);
void settings_release(struct settings *s);

/* The text of --help and of --list. */
void settings_help(struct buf *out);
void settings_list(struct buf *out);

#endif
