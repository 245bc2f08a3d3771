/* SPDX-License-Identifier: MIT */
#include "tachyon-record/asyncio/task_runs.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void task_runs_init(struct task_runs *r)
{
	*r = (struct task_runs){ 0 };
	intern_init(&r->lists, 0, UINT32_MAX - 1);
}

static void release_task(struct task_runs_task *t)
{
	free(t->name);
	free(t->awaiters);
	free(t->runs);
	*t = (struct task_runs_task){ 0 };
}

void task_runs_release(struct task_runs *r)
{
	for (size_t i = 0; i < r->ntasks; i++)
		release_task(&r->tasks[i]);
	for (size_t i = 0; i < r->nowned; i++)
		free(r->owned[i]);
	free(r->tasks);
	free(r->list_items);
	free(r->groups);
	free(r->owned);
	intern_release(&r->lists);
	*r = (struct task_runs){ 0 };
}

void task_runs_define(struct task_runs *r, const struct record_task *record)
{
	const uint32_t number = record->number;
	struct task_runs_task *t;

	if (number >= r->ntasks) {
		r->tasks = mem_grow(r->tasks, &r->task_room, (size_t)number + 1,
				    sizeof(*r->tasks));
		memset(r->tasks + r->ntasks, 0,
		       (number + 1 - r->ntasks) * sizeof(*r->tasks));
		r->ntasks = (size_t)number + 1;
	}
	t = &r->tasks[number];
	free(t->name);
	t->name = mem_copy(record->name, record->name_len);
	t->name_len = record->name_len;
	t->thread = record->thread;
	t->id = 0;
}

/* The list of a task's awaiters among those of the block, 0: it has none. */
static uint32_t list_of(struct task_runs *r, const struct task_runs_task *t)
{
	uint32_t *ids, list;

	if (!t->nawaiters)
		return 0;
	ids = mem_alloc(t->nawaiters, sizeof(*ids));
	for (size_t i = 0; i < t->nawaiters; i++)
		ids[i] = r->tasks[t->awaiters[i]].id;
	list = intern_add(&r->lists, ids, t->nawaiters * sizeof(*ids));
	free(ids);
	return list;
}

/* Ends the run that goes on, at the beginning of tick end. */
static void close_run(struct task_runs *r, struct task_runs_task *t, uint32_t end)
{
	struct trace_task_run run = t->now;

	if (!t->present || end == t->now.len)
		return;
	run.len = end - t->now.len;
	run.awaiters = list_of(r, t);
	t->runs = mem_grow(t->runs, &t->room, t->nruns + 1, sizeof(*t->runs));
	t->runs[t->nruns++] = run;
	t->now.len = end;
	r->total_runs++;
}

static void add_group(struct task_runs *r, const struct task_runs_task *t)
{
	if (!t->nruns)
		return;
	r->groups = mem_grow(r->groups, &r->group_room, r->ngroups + 1, sizeof(*r->groups));
	r->groups[r->ngroups++] = (struct trace_task_group){
		.task = t->id, .first = t->first, .nruns = (uint32_t)t->nruns,
		.runs = t->runs,
	};
}

void task_runs_set(struct task_runs *r, const struct record_task_change *c, uint32_t stack,
		   uint32_t tick)
{
	struct task_runs_task *t = &r->tasks[c->task];

	close_run(r, t, tick);
	if (!t->present)
		t->first = tick;
	t->present = true;
	t->now = (struct trace_task_run){
		.len = tick, .stack = stack, .flags = c->flags, .base = c->base,
		.chain = c->chain,
	};
	t->awaiters = mem_grow(t->awaiters, &t->awaiter_room, (size_t)c->nawaiters + 1,
			       sizeof(*t->awaiters));
	memcpy(t->awaiters, c->awaiters, c->nawaiters * sizeof(*t->awaiters));
	t->nawaiters = c->nawaiters;
}

void task_runs_remove(struct task_runs *r, uint32_t number, uint32_t tick)
{
	struct task_runs_task *t = &r->tasks[number];

	close_run(r, t, tick);
	t->present = false;
	if (!t->nruns)
		return;
	/* It may come back in this block, in a group of its own. */
	add_group(r, t);
	r->owned = mem_grow(r->owned, &r->owned_room, r->nowned + 1,
			    sizeof(struct trace_task_run *));
	r->owned[r->nowned++] = t->runs;
	t->runs = NULL;
	t->nruns = t->room = 0;
}

void task_runs_remove_all(struct task_runs *r, uint32_t tick)
{
	for (size_t i = 1; i < r->ntasks; i++)
		if (r->tasks[i].present)
			task_runs_remove(r, (uint32_t)i, tick);
}

bool task_runs_finish(struct task_runs *r, uint32_t nticks, struct trace_logical *l)
{
	for (size_t i = 1; i < r->ntasks; i++) {
		close_run(r, &r->tasks[i], nticks);
		add_group(r, &r->tasks[i]);
	}
	r->list_items = mem_grow(r->list_items, &r->list_room, (size_t)r->lists.count + 1,
				 sizeof(*r->list_items));
	for (uint32_t i = 0; i < r->lists.count; i++) {
		size_t len;

		r->list_items[i].tasks = intern_get(&r->lists, i + 1, &len);
		r->list_items[i].n = (uint32_t)(len / sizeof(uint32_t));
	}
	l->nticks = nticks;
	l->nlists = r->lists.count;
	l->lists = r->list_items;
	l->ngroups = (uint32_t)r->ngroups;
	l->groups = r->groups;
	return r->ngroups != 0;
}

void task_runs_restart(struct task_runs *r)
{
	for (size_t i = 1; i < r->ntasks; i++) {
		r->tasks[i].nruns = 0;
		r->tasks[i].now.len = r->tasks[i].first = 0;
	}
	for (size_t i = 0; i < r->nowned; i++)
		free(r->owned[i]);
	r->nowned = r->ngroups = r->total_runs = 0;
	intern_release(&r->lists);
}

void task_runs_forget(struct task_runs *r)
{
	for (size_t i = 1; i < r->ntasks; i++) {
		r->tasks[i].id = 0;
		r->tasks[i].present = false;
	}
	r->ids = 0;
}
