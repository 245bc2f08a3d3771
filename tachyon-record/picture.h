/* SPDX-License-Identifier: MIT */
/*
 * picture.h - what every thread did last in a trace of one process; dump's own
 * half.
 */
#ifndef RECORD_PICTURE_H
#define RECORD_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/trace.h"

struct err;

struct picture_text {
	char *bytes;                    /* not NUL-terminated */
	size_t len;
};

struct picture_thread {
	struct picture_text name;
	uint64_t tid, interpreter;
	bool is_main;
	bool is_there;                  /* at the last tick */
	uint32_t stack, flags;          /* at that, as in struct trace_run */
	uint32_t task;                  /* that it runs, 0: none */
};

/* Ids are indices from 1; element 0 is unused. */
struct picture {
	struct picture_text *strings;
	size_t nstrings, string_room;
	struct trace_function *functions;
	size_t nfunctions, function_room;
	struct trace_location *locations;
	size_t nlocations, location_room;
	struct trace_stack *stacks;
	size_t nstacks, stack_room;
	struct picture_thread *threads;
	size_t nthreads, thread_room;
	struct trace_task *tasks;
	size_t ntasks, task_room;
	uint32_t known;                 /* states that are determined */
	uint32_t ticks;
};

/* Reads a whole trace from fd.  0 or -errno with err filled; release it in any case. */
int picture_take(struct picture *p, int fd, struct err *err);
void picture_release(struct picture *p);

#endif
