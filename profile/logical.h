/* SPDX-License-Identifier: MIT */
/*
 * logical.h - stacks as the program means them: tasks on the tasks that wait
 * for them.
 *
 * A trace tells what each task's own coroutines do and who waits for it; here
 * that becomes stacks of a whole:  root task, its frames up to the await, the
 * task it waits for, that one's frames, and so on to a task for which nobody
 * waits no longer.  A frame of file <task> names each task.  What several
 * tasks wait for is shown under each of them, and its weight divided.
 *
 * Work is done by change and not by tick: a task whose picture, and that of
 * all who wait for it, stays the same costs nothing.
 */
#ifndef PROFILE_LOGICAL_H
#define PROFILE_LOGICAL_H

#include <stdbool.h>
#include <stdint.h>

#include "format/trace.h"

struct profile;
struct logical;

/* Parts of a sample in which weights are counted. */
#define LOGICAL_WHOLE (UINT64_C(1) << 32)

enum {
	LOGICAL_MAX_PATHS = 64,         /* under which one task is shown */
	LOGICAL_MAX_LEVELS = 1000,      /* of tasks that wait for one another */
};

struct logical *logical_new(void);
void logical_free(struct logical *l);   /* NULL is allowed */
void logical_new_segment(struct logical *l);

/* The next task of the segment: its thread there and in the profile, and name. */
void logical_add_task(struct logical *l, uint32_t owner, uint32_t thread, uint32_t name);

/* Keeps what tasks did until the ticks of their block come. */
void logical_keep(struct logical *l, const struct trace_logical *t);

/* Forgets it; false if there is nothing for that process. */
bool logical_waits_for(const struct logical *l, uint32_t process);
void logical_drop(struct logical *l);

/* A block's view for logical_block(). */
struct logical_view {
	const struct trace_block *block;
	const uint64_t *sums;           /* see clock_block() */
	uint32_t lo, hi;                /* ticks that the filter leaves */
	bool all;                       /* suspended tasks, too */
};

/* Called for each site that a stretch of ticks goes to. */
typedef void logical_last_fn(void *arg, uint32_t site, uint64_t weight);

/*
 * Credits the sites of a block whose process has tasks; last is told of the
 * sites of the last tick.  Drops what was kept.
 */
void logical_block(struct logical *l, struct profile *p, const struct logical_view *view,
		   logical_last_fn *last, void *arg);

#endif
