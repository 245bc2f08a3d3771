/* SPDX-License-Identifier: MIT */
/*
 * logical.c - sweeps a block from change to change.
 *
 * At a tick at which something changes, all that it touches is settled up to
 * there, by the state before; then the changes are applied.  A change touches
 * the task, those whose stacks stand on it, and those that begin or cease to
 * have somebody on top of them.
 */
#include "profile/logical.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "profile/logical_state.h"
#include "profile/sites.h"

enum event_kind { TASK_ENDS, THREAD_ENDS, THREAD_RUNS, TASK_RUNS };

struct logical_event {
	uint32_t tick, kind, id;        /* of a task or thread */
	uint32_t order;
	const void *run;
};

struct logical *logical_new(void)
{
	struct logical *l = mem_alloc(1, sizeof(*l));

	intern_init(&l->graft_keys, 4 * sizeof(uint32_t), UINT32_MAX - 1);
	logical_new_segment(l);
	return l;
}

void logical_drop(struct logical *l)
{
	free(l->groups);
	free(l->runs);
	free(l->awaiters);
	free(l->members);
	l->groups = NULL;
	l->runs = NULL;
	l->awaiters = NULL;
	l->members = NULL;
	l->kept = false;
}

void logical_free(struct logical *l)
{
	if (!l)
		return;
	logical_drop(l);
	for (size_t i = 0; i < l->ntasks; i++)
		free(l->tasks[i].paths);
	free(l->tasks);
	free(l->threads);
	free(l->events);
	free(l->used.v);
	free(l->dirty_tasks.v);
	free(l->dirty_threads.v);
	free(l->todo.v);
	intern_release(&l->graft_keys);
	free(l->grafts);
	free(l->frames);
	free(l);
}

static void add_id(struct ids *ids, uint32_t id)
{
	ids->v = mem_grow(ids->v, &ids->room, ids->n + 1, sizeof(*ids->v));
	ids->v[ids->n++] = id;
}

void logical_new_segment(struct logical *l)
{
	logical_drop(l);
	for (size_t i = 0; i < l->ntasks; i++)
		free(l->tasks[i].paths);
	l->ntasks = 0;
	logical_add_task(l, 0, 0, 0);
}

void logical_add_task(struct logical *l, uint32_t owner, uint32_t thread, uint32_t name)
{
	l->tasks = mem_grow(l->tasks, &l->task_room, l->ntasks + 1, sizeof(*l->tasks));
	l->tasks[l->ntasks++] = (struct task){ .owner = owner, .thread = thread, .name = name };
}

/* --- what is kept ------------------------------------------------------------ */

static void keep_groups(struct logical *l, const struct trace_logical *t)
{
	size_t nruns = 0;

	for (uint32_t i = 0; i < t->ngroups; i++)
		nruns += t->groups[i].nruns;
	l->groups = mem_alloc(t->ngroups, sizeof(*l->groups));
	l->runs = mem_alloc(nruns, sizeof(*l->runs));
	nruns = 0;
	for (uint32_t i = 0; i < t->ngroups; i++) {
		struct trace_task_group *g = &l->groups[i];

		*g = t->groups[i];
		if (g->nruns)
			memcpy(l->runs + nruns, g->runs, g->nruns * sizeof(*l->runs));
		g->runs = l->runs + nruns;
		nruns += g->nruns;
	}
}

static void keep_awaiters(struct logical *l, const struct trace_logical *t)
{
	size_t total = 0;

	for (uint32_t i = 0; i < t->nlists; i++)
		total += t->lists[i].n;
	l->awaiters = mem_alloc(t->nlists, sizeof(*l->awaiters));
	l->members = mem_alloc(total, sizeof(*l->members));
	total = 0;
	for (uint32_t i = 0; i < t->nlists; i++) {
		l->awaiters[i] = t->lists[i];
		if (t->lists[i].n)
			memcpy(l->members + total, t->lists[i].tasks,
			       t->lists[i].n * sizeof(*l->members));
		l->awaiters[i].tasks = l->members + total;
		total += t->lists[i].n;
	}
}

void logical_keep(struct logical *l, const struct trace_logical *t)
{
	logical_drop(l);
	keep_groups(l, t);
	keep_awaiters(l, t);
	l->what = *t;
	l->what.groups = l->groups;
	l->what.lists = l->awaiters;
	l->kept = true;
}

bool logical_waits_for(const struct logical *l, uint32_t process)
{
	return l->kept && l->what.process == process;
}

/* --- what is credited ------------------------------------------------------------ */

static bool has_somebody_on_top(const struct logical *l, const struct task *t)
{
	for (uint32_t i = 0; i < t->nlists; i++) {
		uint32_t first = l->lists[l->list_refs[t->lists + i]].first;

		/* A task that waits for itself stands on nobody. */
		if (first && (&l->tasks[first] != t || l->tasks[first].next))
			return true;
	}
	return false;
}

/* Do those who wait for the task wait for it in a circle? */
static bool is_in_circle(struct logical *l, const struct task *t)
{
	struct ids *seen = &l->todo;
	bool found = false;

	seen->n = 0;
	add_id(seen, (uint32_t)(t - l->tasks));
	for (size_t i = 0; i < seen->n && !found && seen->n < LOGICAL_MAX_STEPS; i++) {
		const struct task *at = &l->tasks[seen->v[i]];
		const uint32_t n = at->run ? logical_count_awaiters(l, at) : 0;

		for (uint32_t k = 0; k < n; k++) {
			struct task *a = logical_awaiter(l, at, k);

			found |= a == t && a->run;
			if (a->run && !a->on_path && a != t) {
				a->on_path = true;
				add_id(seen, (uint32_t)(a - l->tasks));
			}
		}
	}
	for (size_t i = 0; i < seen->n; i++)
		l->tasks[seen->v[i]].on_path = false;
	return found;
}

/* Is the task shown for itself, and not only below others? */
static bool is_shown(struct logical *l, const struct task *t)
{
	if (!t->run)
		return false;
	if (logical_is_running(l, t))
		return true;
	return l->view->all && (!has_somebody_on_top(l, t) || is_in_circle(l, t));
}

/* Ticks from since to end, but for those that the filter does not leave. */
static void clip(const struct logical *l, uint32_t since, uint32_t end,
		 struct profile_stretch *s)
{
	const struct logical_view *v = l->view;
	uint32_t from = since > v->lo ? since : v->lo, to = end < v->hi ? end : v->hi;

	s->ticks = from < to ? to - from : 0;
	s->ns = from < to ? v->sums[to] - v->sums[from] : 0;
	s->all_ns = v->sums[end] - v->sums[since];
}

static void credit(struct logical *l, const struct profile_stretch *s, uint32_t end)
{
	uint32_t site = profile_credit(l->p, s);

	if (site && end == l->view->block->nticks && l->view->hi == end)
		l->last(l->arg, site, s->weight);
}

static void settle_task(struct logical *l, struct task *t, uint32_t tick)
{
	/* A suspended task has none of the states of a thread. */
	struct profile_stretch s = { .thread = t->thread, .known = TRACE_STATE_FLAGS };

	if (t->since < tick && is_shown(l, t)) {
		if (logical_is_running(l, t)) {
			s.flags = l->threads[t->owner].run->flags;
			s.known = l->view->block->known;
		}
		clip(l, t->since, tick, &s);
		if (!t->has_paths)
			logical_find_paths(l, t);
		for (size_t i = 0; i < t->npaths; i++) {
			s.stack = logical_add_leaf(l, t, t->paths[i].stack);
			s.weight = t->paths[i].weight;
			credit(l, &s, tick);
		}
	}
	t->since = tick;
}

static void settle_thread(struct logical *l, uint32_t id, uint32_t tick)
{
	struct thread *th = &l->threads[id];
	const bool in_task = th->running && logical_is_running(l, &l->tasks[th->running]);

	if (th->run && !in_task && th->since < tick) {
		struct profile_stretch s = {
			.thread = profile_thread_of(l->p, id),
			.stack = logical_to_stack(l, th->run->stack),
			.flags = th->run->flags, .known = l->view->block->known,
			.weight = LOGICAL_WHOLE,
		};

		clip(l, th->since, tick, &s);
		credit(l, &s, tick);
	}
	th->since = tick;
}

/* --- what a change touches ------------------------------------------------------------ */

static void mark(struct logical *l, uint32_t id)
{
	struct task *t = &l->tasks[id];

	if (t->is_dirty || !t->used)
		return;
	t->is_dirty = true;
	add_id(&l->dirty_tasks, id);
}

/* A task, and those whose stacks stand on it. */
static void mark_above(struct logical *l, uint32_t id)
{
	struct ids *todo = &l->todo;

	todo->n = 0;
	add_id(todo, id);
	while (todo->n) {
		struct task *t = &l->tasks[id = todo->v[--todo->n]];

		mark(l, id);
		if (t->is_swept)
			continue;
		t->is_swept = t->is_dirty;
		for (uint32_t i = 0; i < t->nlists; i++) {
			uint32_t above = l->lists[l->list_refs[t->lists + i]].first;

			for (; above; above = l->tasks[above].next)
				add_id(todo, above);
		}
	}
}

static void mark_awaiters(struct logical *l, const struct trace_task_run *run)
{
	const struct trace_awaiters *a = run && run->awaiters
		? &l->what.lists[run->awaiters - 1] : NULL;

	for (uint32_t i = 0; a && i < a->n; i++)
		mark(l, a->tasks[i]);
}

static void mark_thread(struct logical *l, uint32_t id)
{
	if (id >= l->nthreads || l->threads[id].is_dirty)
		return;
	l->threads[id].is_dirty = true;
	add_id(&l->dirty_threads, id);
}

/* The coroutines of a running task, by a sample of its thread. */
static uint32_t chain_of(struct logical *l, const struct task *t, uint32_t stack)
{
	return logical_graft(l, 0, logical_to_stack(l, stack), t->run->base, t->run->chain);
}

/* Will those on top of the running task stand on other frames? */
static bool moves_chain(struct logical *l, const struct thread *th, const struct trace_run *next)
{
	const struct task *t = &l->tasks[th->running];

	if (!t->nlists)
		return false;
	if (!th->run || !next || !logical_is_running(l, t))
		return true;
	return chain_of(l, t, th->run->stack) != chain_of(l, t, next->stack);
}

static void mark_event(struct logical *l, const struct logical_event *e)
{
	const struct thread *th;

	if (e->kind == TASK_ENDS || e->kind == TASK_RUNS) {
		struct task *t = &l->tasks[e->id];

		mark_above(l, e->id);
		mark_awaiters(l, t->run);
		mark_awaiters(l, e->run);
		mark_thread(l, t->owner);
		if (t->owner < l->nthreads && l->threads[t->owner].running)
			mark_above(l, l->threads[t->owner].running);
		return;
	}
	mark_thread(l, e->id);
	th = &l->threads[e->id];
	if (!th->running)
		return;
	mark(l, th->running);
	if (moves_chain(l, th, e->run))
		mark_above(l, th->running);
}

/* --- changes ------------------------------------------------------------ */

static void link_task(struct logical *l, uint32_t id)
{
	struct task *t = &l->tasks[id];
	struct list *list = &l->lists[t->run->awaiters];

	t->prev = 0;
	t->next = list->first;
	if (t->next)
		l->tasks[t->next].prev = id;
	list->first = id;
}

static void unlink_task(struct logical *l, uint32_t id)
{
	struct task *t = &l->tasks[id];

	if (t->prev)
		l->tasks[t->prev].next = t->next;
	else
		l->lists[t->run->awaiters].first = t->next;
	if (t->next)
		l->tasks[t->next].prev = t->prev;
	t->next = t->prev = 0;
}

static void change_task(struct logical *l, uint32_t id, const struct trace_task_run *run)
{
	struct task *t = &l->tasks[id];
	struct thread *th = t->owner < l->nthreads ? &l->threads[t->owner] : NULL;

	if (t->run && t->run->awaiters)
		unlink_task(l, id);
	t->run = run;
	if (run && run->awaiters)
		link_task(l, id);
	if (th && th->running == id)
		th->running = 0;
	if (th && run && run->flags & TRACE_TASK_RUNNING)
		th->running = id;
}

static void apply(struct logical *l, const struct logical_event *e)
{
	if (e->kind == TASK_ENDS || e->kind == TASK_RUNS)
		change_task(l, e->id, e->run);
	else
		l->threads[e->id].run = e->run;
}

/* Settles what is dirty, by the state before the changes of the tick. */
static void settle(struct logical *l, uint32_t tick)
{
	/* A thread's samples are its own unless they are its task's. */
	for (size_t i = 0; i < l->dirty_threads.n; i++)
		settle_thread(l, l->dirty_threads.v[i], tick);
	for (size_t i = 0; i < l->dirty_tasks.n; i++)
		settle_task(l, &l->tasks[l->dirty_tasks.v[i]], tick);
	for (size_t i = 0; i < l->dirty_tasks.n; i++) {
		struct task *t = &l->tasks[l->dirty_tasks.v[i]];

		t->is_dirty = t->is_swept = t->has_paths = false;
	}
	for (size_t i = 0; i < l->dirty_threads.n; i++)
		l->threads[l->dirty_threads.v[i]].is_dirty = false;
	l->dirty_tasks.n = l->dirty_threads.n = 0;
}

/* --- the sweep ------------------------------------------------------------ */

static void add_event(struct logical *l, uint32_t tick, enum event_kind kind, uint32_t id,
		      const void *run)
{
	l->events = mem_grow(l->events, &l->event_room, l->nevents + 1, sizeof(*l->events));
	l->events[l->nevents] = (struct logical_event){
		tick, kind, id, (uint32_t)l->nevents, run };
	l->nevents++;
}

static int by_tick(const void *a, const void *b)
{
	const struct logical_event *x = a, *y = b;

	if (x->tick != y->tick)
		return x->tick < y->tick ? -1 : 1;
	/* What ends makes room for what begins. */
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void list_events(struct logical *l)
{
	const struct trace_block *b = l->view->block;

	l->nevents = 0;
	for (uint32_t i = 0; i < l->what.ngroups; i++) {
		const struct trace_task_group *g = &l->what.groups[i];
		uint32_t tick = g->first;

		for (uint32_t k = 0; k < g->nruns; tick += g->runs[k++].len)
			add_event(l, tick, TASK_RUNS, g->task, &g->runs[k]);
		if (tick < b->nticks && g->nruns)
			add_event(l, tick, TASK_ENDS, g->task, NULL);
	}
	for (uint32_t i = 0; i < b->ngroups; i++) {
		const struct trace_group *g = &b->groups[i];
		uint32_t tick = g->first;

		for (uint32_t k = 0; k < g->nruns; tick += g->runs[k++].len)
			add_event(l, tick, THREAD_RUNS, g->thread, &g->runs[k]);
		if (tick < b->nticks && g->nruns)
			add_event(l, tick, THREAD_ENDS, g->thread, NULL);
	}
	if (l->nevents)
		qsort(l->events, l->nevents, sizeof(*l->events), by_tick);
}

static void use(struct logical *l, uint32_t id)
{
	if (l->tasks[id].used)
		return;
	l->tasks[id].used = true;
	add_id(&l->used, id);
}

/* Which lists is each task in? */
static void index_lists(struct logical *l)
{
	const struct trace_awaiters *lists = l->what.lists;
	uint32_t at = 0;

	l->lists = mem_alloc((size_t)l->what.nlists + 1, sizeof(*l->lists));
	for (uint32_t i = 0; i < l->what.nlists; i++)
		for (uint32_t k = 0; k < lists[i].n; k++) {
			use(l, lists[i].tasks[k]);
			l->tasks[lists[i].tasks[k]].nlists++;
		}
	for (size_t i = 0; i < l->used.n; i++) {
		struct task *t = &l->tasks[l->used.v[i]];

		t->lists = at;
		at += t->nlists;
		t->nlists = 0;
	}
	l->list_refs = mem_alloc((size_t)at + 1, sizeof(*l->list_refs));
	for (uint32_t i = 0; i < l->what.nlists; i++)
		for (uint32_t k = 0; k < lists[i].n; k++) {
			struct task *t = &l->tasks[lists[i].tasks[k]];

			l->list_refs[t->lists + t->nlists++] = i + 1;
		}
}

static void begin(struct logical *l)
{
	const struct trace_block *b = l->view->block;
	size_t nthreads = 1;

	for (uint32_t i = 0; i < b->ngroups; i++)
		if (b->groups[i].thread >= nthreads)
			nthreads = (size_t)b->groups[i].thread + 1;
	l->threads = mem_grow(l->threads, &l->thread_room, nthreads, sizeof(*l->threads));
	memset(l->threads, 0, nthreads * sizeof(*l->threads));
	l->nthreads = nthreads;
	index_lists(l);
	for (uint32_t i = 0; i < l->what.ngroups; i++)
		use(l, l->what.groups[i].task);
	list_events(l);
}

static void end(struct logical *l)
{
	for (size_t i = 0; i < l->used.n; i++) {
		struct task *t = &l->tasks[l->used.v[i]];

		*t = (struct task){ .owner = t->owner, .thread = t->thread, .name = t->name,
				    .paths = t->paths, .path_room = t->path_room };
	}
	l->used.n = 0;
	free(l->lists);
	free(l->list_refs);
	l->lists = NULL;
	l->list_refs = NULL;
	logical_drop(l);
}

void logical_block(struct logical *l, struct profile *p, const struct logical_view *view,
		   logical_last_fn *last, void *arg)
{
	l->p = p;
	l->view = view;
	l->last = last;
	l->arg = arg;
	begin(l);
	for (size_t i = 0, next; i < l->nevents; i = next) {
		const uint32_t tick = l->events[i].tick;

		for (next = i; next < l->nevents && l->events[next].tick == tick; next++)
			mark_event(l, &l->events[next]);
		settle(l, tick);
		for (size_t k = i; k < next; k++)
			apply(l, &l->events[k]);
	}
	for (uint32_t i = 0; i < l->nthreads; i++)
		mark_thread(l, i);
	for (size_t i = 0; i < l->used.n; i++)
		mark(l, l->used.v[i]);
	settle(l, view->block->nticks);
	end(l);
}
