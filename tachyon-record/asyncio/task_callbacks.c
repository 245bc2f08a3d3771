/* SPDX-License-Identifier: MIT */
/*
 * Before 3.14 a future does not know who waits for it, but whom it calls when
 * it is done: the wakeup method of a task, a method of a TaskGroup, the
 * functions by which gather(), wait(), wait_for() and shield() connect
 * futures (Lib/asyncio/tasks.py, taskgroups.py).  What such a callable holds
 * is followed to tasks, by way of other futures.
 */
#include "tachyon-record/asyncio/task_reader.h"

#include <string.h>

enum {
	WORD = 8,
	MAX_OBJECTS = 64,               /* that are looked at for one task */
	MAX_ITEMS = 64,                 /* callbacks of one future, cells, arguments */
};

/* Objects to be looked at. */
struct following {
	struct task_reader *r;
	struct task_facts *f;
	raddr task;                     /* whose awaiters are wanted */
	raddr seen[MAX_OBJECTS];
	unsigned n;
};

static void follow(struct following *w, raddr object)
{
	if (!object || object == w->task)
		return;
	for (unsigned i = 0; i < w->n; i++)
		if (w->seen[i] == object)
			return;
	if (w->n < MAX_OBJECTS)
		w->seen[w->n++] = object;
	else
		w->f->cut = true;
}

static raddr fetch_word(struct following *w, raddr object, int32_t offset)
{
	raddr word;

	return object && task_fetch(w->r, object + (raddr)offset, &word, WORD) ? word : 0;
}

/* So many items, at most MAX_ITEMS of them. */
static unsigned fetch_items(struct following *w, raddr from, uint64_t n,
			    raddr items[MAX_ITEMS])
{
	if (n > MAX_ITEMS) {
		n = MAX_ITEMS;
		w->f->cut = true;
	}
	return n && task_fetch(w->r, from, items, n * WORD) ? (unsigned)n : 0;
}

static unsigned fetch_tuple(struct following *w, raddr tuple, raddr items[MAX_ITEMS])
{
	const struct layout *l = w->r->layout;

	if (task_kind(w->r, tuple) != TASK_KIND_TUPLE)
		return 0;
	return fetch_items(w, tuple + (raddr)OFF(l, tuple_items),
			   fetch_word(w, tuple, OFF(l, tuple_size)), items);
}

/* The callbacks of a future, by its own words. */
static void follow_callbacks(struct following *w, raddr first, raddr others)
{
	const struct layout *l = w->r->layout;
	raddr items[MAX_ITEMS];
	unsigned n;

	follow(w, first);
	if (task_kind(w->r, others) != TASK_KIND_LIST)
		return;
	n = fetch_items(w, fetch_word(w, others, OFF(l, list_items)),
			fetch_word(w, others, OFF(l, list_size)), items);
	/* Each is a tuple of the callable and its context. */
	for (unsigned i = 0; i < n; i++)
		if (task_kind(w->r, items[i]) == TASK_KIND_TUPLE)
			follow(w, fetch_word(w, items[i], OFF(l, tuple_items)));
}

static void follow_future(struct following *w, raddr future)
{
	const struct asyncio_layout *a = w->r->asyncio;

	follow_callbacks(w, fetch_word(w, future, a->task_callback0),
			 fetch_word(w, future, a->task_callbacks));
}

/* Futures and tasks in the cells of a function; what else is there is not meant. */
static void follow_closure(struct following *w, raddr function)
{
	const struct layout *l = w->r->layout;
	raddr cells[MAX_ITEMS];
	unsigned n = fetch_tuple(w, fetch_word(w, function, OFF(l, function_closure)), cells);

	for (unsigned i = 0; i < n; i++) {
		raddr content = fetch_word(w, cells[i], OFF(l, cell_value));
		enum task_kind kind = content ? task_kind(w->r, content) : TASK_KIND_OTHER;

		if (kind == TASK_KIND_FUTURE || kind == TASK_KIND_TASK)
			follow(w, content);
	}
}

/* functools.partial: function, arguments. */
static void follow_partial(struct following *w, raddr partial)
{
	const int32_t function = OFF(w->r->layout, object_size);
	raddr items[MAX_ITEMS];
	unsigned n = fetch_tuple(w, fetch_word(w, partial, function + WORD), items);

	follow(w, fetch_word(w, partial, function));
	for (unsigned i = 0; i < n; i++)
		follow(w, items[i]);
}

/* The object of a bound method: a TaskGroup has the task that waits for its tasks. */
static void follow_instance(struct following *w, raddr instance)
{
	struct task_reader *r = w->r;
	enum task_kind kind = task_kind(r, instance);
	struct task_group *g = &r->groups[(instance >> 4) % TASK_GROUPS];

	if (kind == TASK_KIND_TASK || kind == TASK_KIND_FUTURE) {
		follow(w, instance);
		return;
	}
	if (kind != TASK_KIND_OTHER || !instance)
		return;
	if (g->instance != instance || g->tick != r->tick)
		*g = (struct task_group){
			.instance = instance, .tick = r->tick,
			.parent = object_attribute(r->remote, r->layout, instance,
						   "_parent_task", &r->parent_slot),
		};
	if (g->parent && task_kind(r, g->parent) == TASK_KIND_TASK)
		follow(w, g->parent);
}

static void look_at(struct following *w, raddr object)
{
	const struct layout *l = w->r->layout;

	switch (task_kind(w->r, object)) {
	case TASK_KIND_TASK:
		task_add_awaiter(w->f, object);
		break;
	case TASK_KIND_FUTURE:
		follow_future(w, object);
		break;
	case TASK_KIND_BUILTIN:
		follow(w, fetch_word(w, object, OFF(l, builtin_self)));
		break;
	case TASK_KIND_METHOD:
		follow_instance(w, fetch_word(w, object, OFF(l, method_self)));
		break;
	case TASK_KIND_FUNCTION:
		follow_closure(w, object);
		break;
	case TASK_KIND_PARTIAL:
		follow_partial(w, object);
		break;
	default:
		break;
	}
}

void task_read_callbacks(struct task_reader *r, raddr task, const char *head,
			 struct task_facts *f)
{
	const struct asyncio_layout *a = r->asyncio;
	struct following w = { .r = r, .f = f, .task = task };

	follow_callbacks(&w, word_at(head, a->task_callback0),
			 word_at(head, a->task_callbacks));
	/* The list grows while it is walked. */
	for (unsigned i = 0; i < w.n; i++)
		look_at(&w, w.seen[i]);
}
