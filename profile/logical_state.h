/* SPDX-License-Identifier: MIT */
/*
 * logical_state.h - what logical.c and logical_paths.c share.
 */
#ifndef PROFILE_LOGICAL_STATE_H
#define PROFILE_LOGICAL_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/intern.h"
#include "profile/logical.h"
#include "profile/profile.h"

enum {
	/* Steps to find the paths of one task, whatever a trace makes of it. */
	LOGICAL_MAX_STEPS = 1 << 14,
};

/* A stack under which a task is shown, up to the frame that names it. */
struct path {
	uint32_t stack;
	uint64_t weight;
};

struct task {
	uint32_t thread, name;          /* ids of the profile */
	uint32_t owner;                 /* the segment's thread, to find its samples */

	const struct trace_task_run *run;       /* NULL: it is not there */
	uint32_t since;                 /* tick from which it is not credited yet */
	uint32_t next, prev;            /* of those for whom the same list waits */
	uint32_t lists, nlists;         /* those that it is in: a part of list_refs */
	struct path *paths;
	size_t npaths, path_room;
	bool used;                      /* has a place in this block */
	bool has_paths, on_path;
	bool is_dirty;                  /* to be settled */
	bool is_swept;                  /* so are those above it */
};

/* Tasks that wait together for others. */
struct list {
	const struct trace_awaiters *awaiters;
	uint32_t first;                 /* task that they wait for, 0: none */
};

struct thread {
	const struct trace_run *run;    /* NULL: it is not there */
	uint32_t since, running;        /* task, 0: none */
	bool is_dirty;
};

/* An array that grows. */
struct ids {
	uint32_t *v;
	size_t n, room;
};

struct logical {
	struct task *tasks;             /* by id of the segment */
	size_t ntasks, task_room;
	struct thread *threads;         /* by id of the segment */
	size_t nthreads, thread_room;

	/* What was kept, in one allocation each. */
	bool kept;
	struct trace_logical what;
	struct trace_task_group *groups;
	struct trace_task_run *runs;
	struct trace_awaiters *awaiters;
	uint32_t *members;

	struct list *lists;             /* by number, from 1 */
	uint32_t *list_refs;
	struct logical_event *events;
	size_t nevents, event_room;
	struct ids used;                /* tasks of this block */
	struct ids dirty_tasks, dirty_threads, todo;
	unsigned steps;

	/* Stacks that were put together: (parent, stack, skip, take) to stack. */
	struct intern graft_keys;
	uint32_t *grafts;
	size_t graft_room;
	uint32_t *frames;               /* of the stack at hand, leaf first */
	size_t frame_room;

	/* The sweep at hand. */
	struct profile *p;
	const struct logical_view *view;
	logical_last_fn *last;
	void *arg;
};

uint32_t logical_count_awaiters(const struct logical *l, const struct task *t);
struct task *logical_awaiter(const struct logical *l, const struct task *t, uint32_t i);

/* Is the task what its thread's sample is about? */
bool logical_is_running(const struct logical *l, const struct task *t);

/* A stack of the segment as one of the profile. */
uint32_t logical_to_stack(const struct logical *l, uint32_t stack);

/* A stack without its outermost frames, so many of those that are left, on a parent. */
uint32_t logical_graft(struct logical *l, uint32_t parent, uint32_t stack, uint32_t skip,
		       uint32_t take);

/* All frames of the task, on a parent. */
uint32_t logical_add_leaf(struct logical *l, const struct task *t, uint32_t parent);

/* Finds the paths of a task that is there. */
void logical_find_paths(struct logical *l, struct task *t);

#endif
