/* SPDX-License-Identifier: MIT */
#include "tachyon-record/picture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "format/reader.h"

static struct picture_text keep(const char *bytes, size_t len)
{
	struct picture_text t = { mem_alloc(len + 1, 1), len };

	memcpy(t.bytes, bytes, len);
	return t;
}

static void clear(struct picture *p)
{
	for (size_t i = 1; i < p->nstrings; i++)
		free(p->strings[i].bytes);
	for (size_t i = 1; i < p->nthreads; i++)
		free(p->threads[i].name.bytes);
	p->nstrings = p->nfunctions = p->nlocations = p->nstacks = p->nthreads = p->ntasks = 1;
}

void picture_release(struct picture *p)
{
	if (p->nstrings)
		clear(p);
	free(p->strings);
	free(p->functions);
	free(p->locations);
	free(p->stacks);
	free(p->threads);
	free(p->tasks);
	*p = (struct picture){ 0 };
}

/* Appends what is defined in order; the reader has checked that it is. */
#define APPEND(p, list, room, n_list, items_, n_) do {                                    \
		(p)->list = mem_grow((p)->list, &(p)->room, (p)->n_list + (n_),            \
				     sizeof(*(p)->list));                                  \
		memcpy((p)->list + (p)->n_list, (items_), (n_) * sizeof(*(p)->list));      \
		(p)->n_list += (n_);                                                       \
	} while (0)

static void take_thread(struct picture *p, const struct trace_thread *t)
{
	struct picture_thread *thread;

	p->threads = mem_grow(p->threads, &p->thread_room, (size_t)t->id + 1,
			      sizeof(*p->threads));
	while (p->nthreads <= t->id)
		p->threads[p->nthreads++] = (struct picture_thread){ 0 };
	thread = &p->threads[t->id];
	free(thread->name.bytes);
	thread->name = keep(t->name, t->name_len);
	thread->tid = t->tid;
	thread->interpreter = t->interpreter;
	thread->is_main = t->is_main;
}

static void take_samples(struct picture *p, const struct trace_block *b)
{
	p->known = b->known;
	p->ticks += b->nticks;
	for (size_t i = 1; i < p->nthreads; i++)
		p->threads[i].is_there = false;
	for (uint32_t g = 0; g < b->ngroups; g++) {
		const struct trace_group *group = &b->groups[g];
		uint32_t end = group->first;

		for (uint32_t r = 0; r < group->nruns; r++)
			end += group->runs[r].len;
		if (end != b->nticks || group->thread >= p->nthreads || !group->thread)
			continue;
		p->threads[group->thread].is_there = true;
		p->threads[group->thread].stack = group->runs[group->nruns - 1].stack;
		p->threads[group->thread].flags = group->runs[group->nruns - 1].flags;
	}
}

/* Stands in front of the samples that it belongs to. */
static void take_tasks(struct picture *p, const struct trace_logical *l)
{
	for (size_t i = 1; i < p->nthreads; i++)
		p->threads[i].task = 0;
	for (uint32_t g = 0; g < l->ngroups; g++) {
		const struct trace_task_group *group = &l->groups[g];
		uint32_t end = group->first, thread;

		for (uint32_t r = 0; r < group->nruns; r++)
			end += group->runs[r].len;
		if (end != l->nticks || !(group->runs[group->nruns - 1].flags & TRACE_TASK_RUNNING))
			continue;
		thread = p->tasks[group->task].thread;
		if (thread && thread < p->nthreads)
			p->threads[thread].task = group->task;
	}
}

static void take(struct picture *p, const struct trace_object *o)
{
	switch (o->type) {
	case TRACE_HEADER:
		clear(p);
		break;
	case TRACE_STRINGS:
		p->strings = mem_grow(p->strings, &p->string_room,
				      p->nstrings + o->u.strings.n, sizeof(*p->strings));
		for (uint32_t i = 0; i < o->u.strings.n; i++)
			p->strings[p->nstrings++] = keep(o->u.strings.texts[i].bytes,
							 o->u.strings.texts[i].len);
		break;
	case TRACE_FUNCTIONS:
		APPEND(p, functions, function_room, nfunctions, o->u.functions.items,
		       o->u.functions.n);
		break;
	case TRACE_LOCATIONS:
		APPEND(p, locations, location_room, nlocations, o->u.locations.items,
		       o->u.locations.n);
		break;
	case TRACE_STACKS:
		APPEND(p, stacks, stack_room, nstacks, o->u.stacks.items, o->u.stacks.n);
		break;
	case TRACE_TASKS:
		APPEND(p, tasks, task_room, ntasks, o->u.tasks.items, o->u.tasks.n);
		break;
	case TRACE_THREAD:
		take_thread(p, &o->u.thread);
		break;
	case TRACE_SAMPLES:
		take_samples(p, &o->u.samples.block);
		break;
	case TRACE_LOGICAL:
		take_tasks(p, &o->u.logical);
		break;
	default:
		break;
	}
}

int picture_take(struct picture *p, int fd, struct err *err)
{
	struct trace_reader *r = trace_reader_new(fd, "what was recorded", err);
	struct trace_object o;
	int ret;

	*p = (struct picture){ 0 };
	if (!r)
		return -ENOMEM;
	p->nstrings = p->nfunctions = p->nlocations = p->nstacks = p->nthreads = p->ntasks = 1;
	/* Element 0 of each list is there, but unused. */
	p->strings = mem_grow(p->strings, &p->string_room, 1, sizeof(*p->strings));
	p->functions = mem_grow(p->functions, &p->function_room, 1, sizeof(*p->functions));
	p->locations = mem_grow(p->locations, &p->location_room, 1, sizeof(*p->locations));
	p->stacks = mem_grow(p->stacks, &p->stack_room, 1, sizeof(*p->stacks));
	p->threads = mem_grow(p->threads, &p->thread_room, 1, sizeof(*p->threads));
	p->tasks = mem_grow(p->tasks, &p->task_room, 1, sizeof(*p->tasks));
	while ((ret = trace_reader_next(r, &o, err)) > 0)
		take(p, &o);
	trace_reader_free(r);
	return ret;
}
