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

#include "format/trace.h"

struct err;

/* A mode keeps the samples that have a state; wall has none and keeps all. */
struct filter_mode {
	const char *name;
	uint32_t flag;                  /* enum trace_flag, 0: all samples */
	const char *missing;            /* what a trace without the state lacks */
};

enum filter_verdict { FILTER_KEEP, FILTER_DROP, FILTER_UNKNOWN };

/* Bits of a stack: has a frame that a regular expression matches. */
enum { FILTER_FOCUSED = 1, FILTER_IGNORED = 2 };

struct filter {
	const struct filter_mode *mode;
	bool hide_gc;                   /* no <GC> frames */
	bool show_native;               /* <native> frames */
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

/* By a sample's flags and the flags that its block knows. */
enum filter_verdict filter_state(const struct filter *f, uint32_t flags,
				 uint32_t known);

bool filter_has_process(const struct filter *f, uint32_t pid);
bool filter_has_thread(const struct filter *f, uint64_t tid, struct trace_text name);

/* FILTER_FOCUSED and FILTER_IGNORED of a frame, by qualified name and file. */
unsigned filter_frame(const struct filter *f, struct trace_text name,
		      struct trace_text file);

/* Does a stack with these bits pass? */
bool filter_has_stack(const struct filter *f, unsigned bits);

/* Names of the modes, NULL-terminated. */
const char *const *filter_mode_names(void);

#endif
