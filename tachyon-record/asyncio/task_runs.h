/* SPDX-License-Identifier: MIT */
/*
 * task_runs.h - tasks as the writer thread knows them: their ids in the
 * trace, and what each did in the block being gathered, as runs.
 */
#ifndef RECORD_TASK_RUNS_H
#define RECORD_TASK_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/intern.h"
#include "format/trace.h"
#include "tachyon-record/records.h"

/* A task as the sampler numbered it. */
struct task_runs_task {
	uint32_t thread;                /* number of its thread in the records */
	char *name;
	size_t name_len;
	uint32_t id;                    /* in this segment, 0: not defined yet */

	bool present;
	struct trace_task_run now;      /* len: tick since which it is so */
	uint32_t *awaiters;             /* numbers */
	size_t nawaiters, awaiter_room;
	uint32_t first;                 /* tick at which its runs begin */
	struct trace_task_run *runs;
	size_t nruns, room;
};

struct task_runs {
	struct task_runs_task *tasks;   /* by number; 0 unused */
	size_t ntasks, task_room;
	uint32_t ids;                   /* given in this segment */
	struct intern lists;            /* of ids, of this block */
	struct trace_awaiters *list_items;
	size_t list_room;
	struct trace_task_group *groups;
	size_t ngroups, group_room;
	struct trace_task_run **owned;  /* runs of finished groups */
	size_t nowned, owned_room;
	size_t total_runs;
};

void task_runs_init(struct task_runs *r);
void task_runs_release(struct task_runs *r);

/* A task begins to use its number. */
void task_runs_define(struct task_runs *r, const struct record_task *record);

/*
 * The task does this from tick on.  Its id, and those of its awaiters, have
 * been given.
 */
void task_runs_set(struct task_runs *r, const struct record_task_change *c, uint32_t stack,
		   uint32_t tick);
void task_runs_remove(struct task_runs *r, uint32_t number, uint32_t tick);
void task_runs_remove_all(struct task_runs *r, uint32_t tick);

/* Completes all fields but process; false: no tasks. */
bool task_runs_finish(struct task_runs *r, uint32_t nticks, struct trace_logical *l);

/* After the block was written: tasks go on as they are. */
void task_runs_restart(struct task_runs *r);

/* Ids start again, or tasks are those of another process. */
void task_runs_forget(struct task_runs *r);

#endif
