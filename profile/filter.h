/* SPDX-License-Identifier: MIT */
/*
 * filter.h - which samples of a trace are to be looked at, and as what.
 *
 * A trace holds everything that was recorded; all that hides something is
 * here, and is the same for every output.
 */
#ifndef PROFILE_FILTER_H
#define PROFILE_FILTER_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/mode.h"
#include "format/trace.h"

struct err;

/* Are <native> frames shown? */
enum filter_native { NATIVE_AS_RECORDED, NATIVE_SHOWN, NATIVE_HIDDEN };

/* Bits of a stack: has a frame that a regular expression matches. */
enum { FILTER_FOCUSED = 1, FILTER_IGNORED = 2 };

/* Stacks of threads, or of tasks beside those of threads that are in none. */
enum filter_async {
	FILTER_ASYNC_AS_RECORDED,
	FILTER_ASYNC_OFF,
	FILTER_ASYNC_RUNNING,           /* tasks that run, and who waits for them */
	FILTER_ASYNC_ALL,               /* suspended tasks, too */
};

struct filter {
	const struct trace_mode *mode;
	bool mode_given;                /* else it is wall, whatever was recorded */
	enum filter_async async;
	bool hide_gc;                   /* no <GC> frames */
	enum filter_native native;
	bool opcodes;                   /* leaves are split by opcode */
	uint64_t from_ns, to_ns;        /* since the start; to_ns is outside */
	const char **threads;           /* names or kernel ids; borrowed words */
	size_t nthreads;                /* 0: all */
	uint64_t *pids;
	size_t npids;                   /* 0: all */
	regex_t focus, ignore;          /* valid if the next two say so */
	bool has_focus, has_ignore;
};

void filter_init(struct filter *f);     /* keeps everything, in mode wall */
void filter_release(struct filter *f);

/* The words that a user gives.  -EINVAL with err filled if they mean nothing. */
int filter_set_mode(struct filter *f, const char *name, struct err *err);
int filter_set_focus(struct filter *f, const char *pattern, struct err *err);
int filter_set_ignore(struct filter *f, const char *pattern, struct err *err);
int filter_add_pid(struct filter *f, const char *pid, struct err *err);
void filter_add_thread(struct filter *f, const char *name_or_tid);

bool filter_has_process(const struct filter *f, uint32_t pid);
bool filter_has_thread(const struct filter *f, uint64_t tid, struct trace_text name);

/* FILTER_FOCUSED and FILTER_IGNORED of a frame, by qualified name and file. */
unsigned filter_frame(const struct filter *f, struct trace_text name,
		      struct trace_text file);

/* Does a stack with these bits pass? */
bool filter_has_stack(const struct filter *f, unsigned bits);

#endif
