/* SPDX-License-Identifier: MIT */
/*
 * Before 3.14 the tasks of an interpreter are in containers of the module
 * asyncio.tasks: _current_tasks, a dict from loops to tasks that run, and a
 * WeakSet of all tasks: _all_tasks up to 3.11, _scheduled_tasks later, where
 * _eager_tasks, a set, has those that have not waited yet.  Which thread runs
 * a loop is what its attribute _thread_id says.
 */
#include "tachyon-record/asyncio/task_modules.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tachyon-record/asyncio/task_table.h"

enum {
	WORD = 8,
	MAX_SET_SLOTS = 1 << 19,
	/* Bytes between two weak references that cost less than a range of their own. */
	MERGE_GAP = 512,
	/* The module may be imported at any time. */
	LOOK_NS = 100000000,
};

static raddr module_dict(const struct tasks *t, raddr interp, const char *name)
{
	struct remote *r = &t->target->remote;
	const struct layout *l = &t->target->layout;
	raddr modules = remote_ptr(r, interp + (raddr)OFF(l, interp_modules));
	raddr module = modules ? object_dict_get(r, l, modules, name) : 0;

	return module ? remote_ptr(r, module + (raddr)OFF(l, module_dict)) : 0;
}

static void find_containers(struct tasks *t, struct task_module *m)
{
	struct remote *r = &t->target->remote;
	const struct layout *l = &t->target->layout;
	raddr dict = module_dict(t, m->interp, "asyncio.tasks");

	if (!dict)
		return;
	m->current = object_dict_get(r, l, dict, "_current_tasks");
	m->eager = object_dict_get(r, l, dict, "_eager_tasks");
	m->all = object_dict_get(r, l, dict, "_scheduled_tasks");
	if (!m->all)
		m->all = object_dict_get(r, l, dict, "_all_tasks");
	m->found = m->current && m->all;
}

static struct task_module *get_module(struct tasks *t, raddr interp, uint64_t now_ns)
{
	struct task_module *m = NULL;

	for (size_t i = 0; i < t->nmodules && !m; i++)
		if (t->modules[i].interp == interp)
			m = &t->modules[i];
	if (!m) {
		t->modules = mem_grow(t->modules, &t->module_room, t->nmodules + 1,
				      sizeof(*t->modules));
		m = &t->modules[t->nmodules++];
		*m = (struct task_module){ .interp = interp };
	}
	if (!m->found && now_ns >= m->look_ns) {
		find_containers(t, m);
		m->look_ns = now_ns + LOOK_NS;
	}
	return m->found ? m : NULL;
}

/* The ident of the thread that runs a loop; 0: none does. */
static uint64_t loop_thread(struct tasks *t, raddr loop)
{
	struct remote *r = &t->target->remote;
	const struct layout *l = &t->target->layout;
	struct task_loop *known = NULL;
	uint64_t ident;

	for (size_t i = 0; i < t->nloops && !known; i++)
		if (t->loops[i].address == loop)
			known = &t->loops[i];
	if (known && known->tick == t->tick)
		return known->ident;
	if (!known && t->nloops == TASK_LOOPS)
		t->nloops = 0;
	if (!known)
		known = &t->loops[t->nloops++];
	if (!object_uint(r, l, object_attribute(r, l, loop, "_thread_id", &t->loop_slot), &ident))
		ident = 0;
	*known = (struct task_loop){ .address = loop, .tick = t->tick, .ident = ident };
	return ident;
}

/* --- the task that runs ---------------------------------------------------------- */

struct current {
	struct tasks *t;
	uint64_t ident;
	raddr task;
};

static bool match_loop(void *arg, raddr key, raddr value)
{
	struct current *c = arg;

	if (loop_thread(c->t, key) != c->ident)
		return false;
	c->task = value;
	return true;
}

raddr task_modules_running(struct tasks *t, raddr interp, uint64_t ident, uint64_t now_ns)
{
	struct task_module *m = get_module(t, interp, now_ns);
	struct current c = { t, ident, 0 };

	if (m)
		object_dict_each(&t->target->remote, &t->target->layout, m->current,
				 match_loop, &c);
	return c.task;
}

/* --- all tasks ----------------------------------------------------------------------- */

static void add_listed(struct task_module *m, raddr task)
{
	if (!task || m->n == TASKS_MAX)
		return;
	m->tasks = mem_grow(m->tasks, &m->task_room, m->n + 1, sizeof(*m->tasks));
	m->tasks[m->n++] = task;
}

/* The keys of a set into t->keys; false if it cannot be read whole. */
static bool read_set(struct tasks *t, raddr set)
{
	struct remote *r = &t->target->remote;
	const struct layout *l = &t->target->layout;
	uint64_t mask;
	raddr table;

	t->nkeys = 0;
	if (remote_read(r, set + (raddr)OFF(l, set_mask), &mask, WORD) != READ_OK ||
	    remote_read(r, set + (raddr)OFF(l, set_table), &table, WORD) != READ_OK ||
	    mask >= MAX_SET_SLOTS)
		return false;
	t->entries = mem_grow(t->entries, &t->entry_room, (size_t)(mask + 1) * OBJECT_SET_ENTRY,
			      1);
	if (remote_read(r, table, t->entries, (size_t)(mask + 1) * OBJECT_SET_ENTRY) != READ_OK)
		return false;
	t->keys = mem_grow(t->keys, &t->key_room, (size_t)mask + 1, sizeof(*t->keys));
	for (uint64_t i = 0; i <= mask; i++) {
		raddr key = object_set_key(t->entries + i * OBJECT_SET_ENTRY);

		if (key)
			t->keys[t->nkeys++] = key;
	}
	return true;
}

static int by_value(const void *a, const void *b)
{
	const raddr x = *(const raddr *)a, y = *(const raddr *)b;

	return x < y ? -1 : x > y;
}

/* What the weak references in t->keys refer to. */
static bool read_references(struct tasks *t, struct task_module *m)
{
	const raddr at = (raddr)OFF(&t->target->layout, weakref_object);
	struct snapshot *s = &t->references;
	size_t first = 0;

	if (t->nkeys)
		qsort(t->keys, t->nkeys, sizeof(*t->keys), by_value);
	snapshot_reset(s);
	for (size_t i = 0, end; i < t->nkeys; i = end) {
		for (end = i + 1; end < t->nkeys && t->keys[end] - t->keys[end - 1] < MERGE_GAP; )
			end++;
		snapshot_add(s, t->keys[i] + at, t->keys[end - 1] - t->keys[i] + WORD);
	}
	snapshot_read(s, &t->target->remote);
	for (unsigned k = 0; k < s->n; k++) {
		const char *range = snapshot_range(s, k);
		const raddr from = (raddr)(uintptr_t)s->ranges[k].iov_base - at;

		if (!range)
			return false;
		for (; first < t->nkeys && t->keys[first] - from < s->ranges[k].iov_len; first++)
			add_listed(m, word_at(range + (t->keys[first] - from), 0));
	}
	return true;
}

/* All tasks of an interpreter, once a tick. */
static void list_all(struct tasks *t, struct task_module *m)
{
	struct remote *r = &t->target->remote;
	raddr data;

	if (m->tick == t->tick)
		return;
	m->tick = t->tick;
	m->n = 0;
	data = object_attribute(r, &t->target->layout, m->all, "data", &t->set_slot);
	m->complete = data && read_set(t, data) && read_references(t, m);
	if (!m->eager)
		return;
	m->complete &= read_set(t, m->eager);
	for (size_t i = 0; i < t->nkeys; i++)
		add_listed(m, t->keys[i]);
}

bool task_modules_list(struct tasks *t, const struct task_owner *o, uint64_t now_ns)
{
	struct task_module *m = get_module(t, o->interp, now_ns);

	t->nlisted = 0;
	if (!m)
		return true;
	list_all(t, m);
	for (size_t i = 0; i < m->n; i++) {
		uint32_t index = address_map_get(&t->by_address, m->tasks[i]);
		raddr loop = index && t->v[index - 1]->known ? t->v[index - 1]->facts.loop : 0;

		/* A weak reference whose task is gone leads to None. */
		if (!loop && task_kind(&t->reader, m->tasks[i]) != TASK_KIND_TASK)
			continue;
		if (!loop)
			loop = remote_ptr(&t->target->remote,
					  m->tasks[i] + (raddr)t->asyncio.task_loop);
		if (!loop || loop_thread(t, loop) != o->ident)
			continue;
		task_list_add(t, m->tasks[i]);
	}
	return m->complete;
}

void task_modules_release(struct tasks *t)
{
	for (size_t i = 0; i < t->nmodules; i++)
		free(t->modules[i].tasks);
	free(t->modules);
	free(t->entries);
	free(t->keys);
	snapshot_release(&t->references);
}
