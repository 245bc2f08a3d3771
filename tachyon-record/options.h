/* SPDX-License-Identifier: MIT */
/*
 * options.h - the command lines of tachyon-record.
 */
#ifndef RECORD_OPTIONS_H
#define RECORD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "format/mode.h"

struct buf;
struct err;

enum command {
	COMMAND_RUN = 1 << 0,
	COMMAND_ATTACH = 1 << 1,
	COMMAND_CHECK = 1 << 2,
	COMMAND_LIST = 1 << 3,
	COMMAND_DUMP = 1 << 4,
};

struct options {
	enum command command;
	uint64_t interval_ns;
	uint64_t duration_ns;           /* 0: until the target ends */
	const struct trace_mode *mode;
	bool no_gc, native, opcodes;
	bool async, async_all;          /* tasks of asyncio, suspended ones too */
	bool async_mode;                /* --async-mode was given */
	bool blocking;                  /* the target is stopped for each tick */
	bool all_threads, realtime_stats, quiet, verbose;
	bool help, version;
	bool module;                    /* run: TARGET is a module */
	const char *output;             /* NULL: the default */
	char **target;                  /* run: TARGET and its arguments */
	int ntarget;
	pid_t pid;                      /* attach, check */
	bool json;                      /* check, list */
};

/* argv as main() got it.  -EINVAL with err filled for a usage error. */
int options_parse(struct options *o, int argc, char **argv, struct err *err);

void options_help(struct buf *out, const struct options *o);

#endif
