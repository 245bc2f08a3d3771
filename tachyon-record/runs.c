/* SPDX-License-Identifier: MIT */
#include "tachyon-record/runs.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void runs_release(struct runs *r)
{
	for (size_t i = 0; i < r->nthreads; i++)
		free(r->threads[i].runs);
	for (size_t i = 0; i < r->nowned; i++)
		free(r->owned[i]);
	free(r->threads);
	free(r->groups);
	free(r->owned);
	free(r->offset_us);
	free(r->skips);
	*r = (struct runs){ 0 };
}

void runs_tick(struct runs *r, uint64_t at_ns, uint64_t slot_ns, uint64_t slot)
{
	const uint64_t skipped = r->began ? slot - r->next_slot : 0;
	const uint64_t offset_us = at_ns > slot_ns ? (at_ns - slot_ns) / 1000 : 0;

	if (!r->nticks)
		r->start_ns = slot_ns - skipped * r->interval_ns;
	if (skipped) {
		r->skips = mem_grow(r->skips, &r->skip_room, r->nskips + 1, sizeof(*r->skips));
		r->skips[r->nskips++] = (struct trace_skip){ (uint32_t)r->nticks, skipped };
	}
	r->began = true;
	r->next_slot = slot + 1;
	r->offset_us = mem_grow(r->offset_us, &r->tick_room, r->nticks + 1, sizeof(*r->offset_us));
	r->offset_us[r->nticks++] = offset_us < INT32_MAX ? (int32_t)offset_us : INT32_MAX;
}

/* Ends the run that goes on, at the beginning of tick end. */
static void close_run(struct runs *r, struct runs_thread *t, uint32_t end)
{
	if (!t->present || end == t->since)
		return;
	t->runs = mem_grow(t->runs, &t->room, t->nruns + 1, sizeof(*t->runs));
	t->runs[t->nruns++] = (struct trace_run){ end - t->since, t->stack, t->flags };
	t->since = end;
	r->total_runs++;
}

static void add_group(struct runs *r, uint32_t thread)
{
	const struct runs_thread *t = &r->threads[thread];

	if (!t->nruns)
		return;
	r->groups = mem_grow(r->groups, &r->group_room, r->ngroups + 1, sizeof(*r->groups));
	r->groups[r->ngroups++] = (struct trace_group){
		.thread = thread,
		.first = t->first,
		.nruns = (uint32_t)t->nruns,
		.runs = t->runs,
	};
}

static struct runs_thread *get_thread(struct runs *r, uint32_t thread)
{
	size_t had = r->nthreads;

	if (thread >= had) {
		r->threads = mem_grow(r->threads, &r->thread_room, thread + 1,
				      sizeof(*r->threads));
		memset(r->threads + had, 0, (thread + 1 - had) * sizeof(*r->threads));
		r->nthreads = thread + 1;
	}
	return &r->threads[thread];
}

void runs_set(struct runs *r, uint32_t thread, uint32_t stack, uint32_t flags)
{
	struct runs_thread *t = get_thread(r, thread);
	const uint32_t now = (uint32_t)r->nticks - 1;

	if (t->present && t->stack == stack && t->flags == flags)
		return;
	close_run(r, t, now);
	if (!t->present) {
		t->present = true;
		t->first = now;
	}
	t->since = now;
	t->stack = stack;
	t->flags = flags;
}

void runs_remove(struct runs *r, uint32_t thread)
{
	struct runs_thread *t = get_thread(r, thread);

	close_run(r, t, (uint32_t)r->nticks - 1);
	t->present = false;
	if (!t->nruns)
		return;
	/* It may come back in this block, in a group of its own. */
	add_group(r, thread);
	r->owned = mem_grow(r->owned, &r->owned_room, r->nowned + 1, sizeof(*r->owned));
	r->owned[r->nowned++] = t->runs;
	t->runs = NULL;
	t->nruns = t->room = 0;
}

bool runs_is_full(const struct runs *r)
{
	return r->nticks >= RUNS_MAX_TICKS || r->total_runs >= RUNS_MAX_RUNS;
}

void runs_finish(struct runs *r, struct trace_block *block)
{
	for (size_t i = 0; i < r->nthreads; i++) {
		close_run(r, &r->threads[i], (uint32_t)r->nticks);
		add_group(r, (uint32_t)i);
	}
	block->start_ns = r->start_ns;
	block->nticks = (uint32_t)r->nticks;
	block->offset_us = r->offset_us;
	block->nskips = (uint32_t)r->nskips;
	block->skips = r->skips;
	block->ngroups = (uint32_t)r->ngroups;
	block->groups = r->groups;
}

void runs_restart(struct runs *r)
{
	for (size_t i = 0; i < r->nthreads; i++) {
		r->threads[i].nruns = 0;
		r->threads[i].since = r->threads[i].first = 0;
	}
	for (size_t i = 0; i < r->nowned; i++)
		free(r->owned[i]);
	r->nowned = 0;
	r->ngroups = r->nskips = r->nticks = r->total_runs = 0;
}

void runs_remove_all(struct runs *r)
{
	for (size_t i = 0; i < r->nthreads; i++)
		if (r->threads[i].present)
			runs_remove(r, (uint32_t)i);
}

void runs_forget(struct runs *r)
{
	for (size_t i = 0; i < r->nthreads; i++)
		free(r->threads[i].runs);
	r->nthreads = 0;
}
