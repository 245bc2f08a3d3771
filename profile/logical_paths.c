/* SPDX-License-Identifier: MIT */
/*
 * logical_paths.c - the stacks of tasks: who waits for whom, put together of
 * the frames of each.
 */
#include "base/mem.h"
#include "profile/logical_state.h"

#define ALL_FRAMES UINT32_MAX

/* The frames of a stack, leaf first; their number. */
static uint32_t list_frames(struct logical *l, uint32_t stack)
{
	size_t n = 0;

	while (stack) {
		struct trace_stack s = symbols_stack(&l->p->symbols, stack);

		l->frames = mem_grow(l->frames, &l->frame_room, n + 1, sizeof(*l->frames));
		l->frames[n++] = s.location;
		stack = s.parent;
	}
	return (uint32_t)n;
}

/* A stack without its outermost frames, so many of those that are left, on a parent. */
uint32_t logical_graft(struct logical *l, uint32_t parent, uint32_t stack, uint32_t skip,
		       uint32_t take)
{
	const uint32_t key[4] = { parent, stack, skip, take };
	uint32_t before = l->graft_keys.count;
	uint32_t id = intern_add(&l->graft_keys, key, sizeof(key));
	uint32_t n;

	if (id <= before)
		return l->grafts[id - 1];
	n = list_frames(l, stack);
	/* Markers between frames are no frames; those behind what is skipped go with it. */
	while (n && (skip || symbols_is_marker(&l->p->symbols, l->frames[n - 1])))
		skip -= !symbols_is_marker(&l->p->symbols, l->frames[--n]) && skip;
	while (n && take) {
		uint32_t location = l->frames[--n];

		take -= !symbols_is_marker(&l->p->symbols, location);
		parent = symbols_push(&l->p->symbols, parent, location);
	}
	l->grafts = mem_grow(l->grafts, &l->graft_room, id, sizeof(*l->grafts));
	return l->grafts[id - 1] = parent;
}

static const struct thread *thread_of(const struct logical *l, const struct task *t)
{
	return t->owner < l->nthreads ? &l->threads[t->owner] : NULL;
}

/* Is the task what its thread's sample is about? */
bool logical_is_running(const struct logical *l, const struct task *t)
{
	const struct thread *th = thread_of(l, t);

	return t->run && t->run->flags & TRACE_TASK_RUNNING && th && th->run &&
	       !(th->run->flags & TRACE_FAILED) &&
	       th->running == (uint32_t)(t - l->tasks);
}

uint32_t logical_to_stack(const struct logical *l, uint32_t stack)
{
	return l->p->symbols.stack_map.to[stack];
}

/* The task's frames up to where it awaits, on a parent. */
static uint32_t add_chain(struct logical *l, const struct task *t, uint32_t parent)
{
	if (logical_is_running(l, t))
		return logical_graft(l, parent, logical_to_stack(l, thread_of(l, t)->run->stack),
			     t->run->base, t->run->chain);
	return logical_graft(l, parent, logical_to_stack(l, t->run->stack), 0, ALL_FRAMES);
}

/* All frames of the task, on a parent. */
uint32_t logical_add_leaf(struct logical *l, const struct task *t, uint32_t parent)
{
	if (logical_is_running(l, t))
		return logical_graft(l, parent, logical_to_stack(l, thread_of(l, t)->run->stack),
			     t->run->base, ALL_FRAMES);
	return add_chain(l, t, parent);
}

/* --- paths -------------------------------------------------------------------------- */

static void add_path(struct logical *l, struct task *t, uint32_t parent, uint64_t weight)
{
	uint32_t stack = symbols_marker(&l->p->symbols, parent, "<task>", t->name);

	/* What does not fit is shown with the last one. */
	if (t->npaths == LOGICAL_MAX_PATHS) {
		t->paths[t->npaths - 1].weight += weight;
		return;
	}
	t->paths = mem_grow(t->paths, &t->path_room, t->npaths + 1, sizeof(*t->paths));
	t->paths[t->npaths++] = (struct path){ stack, weight };
}

static bool find_paths(struct logical *l, struct task *t, unsigned level);

/* The awaiter's paths become the task's; false if they may differ elsewhere. */
static bool take_paths(struct logical *l, struct task *t, struct task *awaiter,
		       uint64_t weight, unsigned level)
{
	const bool general = awaiter->has_paths || find_paths(l, awaiter, level);
	uint64_t given = 0;

	for (size_t i = 0; i < awaiter->npaths; i++) {
		const struct path *path = &awaiter->paths[i];
		uint64_t part = i + 1 == awaiter->npaths
			? weight - given
			: (uint64_t)((unsigned __int128)weight * path->weight >> 32);

		given += part;
		add_path(l, t, add_chain(l, awaiter, path->stack), part);
	}
	return general;
}

struct task *logical_awaiter(const struct logical *l, const struct task *t, uint32_t i)
{
	return &l->tasks[l->what.lists[t->run->awaiters - 1].tasks[i]];
}

uint32_t logical_count_awaiters(const struct logical *l, const struct task *t)
{
	return t->run->awaiters ? l->what.lists[t->run->awaiters - 1].n : 0;
}

/*
 * Finds the paths of a task that is there.  True if they are the same wherever
 * one comes from: where tasks wait for one another in a circle they are not.
 */
static bool find_paths(struct logical *l, struct task *t, unsigned level)
{
	const uint32_t n = logical_count_awaiters(l, t);
	uint64_t share;
	uint32_t usable = 0;
	bool general = true;

	t->npaths = 0;
	t->on_path = true;
	for (uint32_t i = 0; i < n; i++) {
		const struct task *a = logical_awaiter(l, t, i);

		if (a->run && (a->on_path || level == LOGICAL_MAX_LEVELS ||
			       l->steps >= LOGICAL_MAX_STEPS))
			general = false;
		else
			usable += a->run != NULL;
	}
	share = usable ? LOGICAL_WHOLE / usable : 0;
	for (uint32_t i = 0, left = usable; i < n && left; i++) {
		struct task *a = logical_awaiter(l, t, i);

		if (!a->run || a->on_path)
			continue;
		l->steps++;
		left--;
		general &= take_paths(l, t, a, left ? share
				      : LOGICAL_WHOLE - share * (usable - 1), level + 1);
	}
	if (!t->npaths)
		add_path(l, t, 0, LOGICAL_WHOLE);
	t->on_path = false;
	t->has_paths = general;
	return general;
}

void logical_find_paths(struct logical *l, struct task *t)
{
	l->steps = 0;
	find_paths(l, t, 0);
}
