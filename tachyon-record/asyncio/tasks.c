/* SPDX-License-Identifier: MIT */
#include "tachyon-record/asyncio/tasks.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "format/wire.h"
#include "tachyon-record/asyncio/task_changes.h"
#include "tachyon-record/asyncio/task_modules.h"
#include "tachyon-record/asyncio/task_running.h"
#include "tachyon-record/asyncio/task_table.h"

enum {
	WORD = 8,
	/* Reads of one task until two agree. */
	PROOF_TRIES = 4,
	/* Frames below those that run when nothing tells that code was freed. */
	RESOLVE_NS = 500000000,
	/* A task that nobody asked for is forgotten after so many ticks. */
	KEEP_TICKS = 64,
	/* So many new tasks are read a second time together. */
	MANY_NEW = 32,
};

/* Without these nothing is read of tasks. */
static const enum layout_field required[] = {
	FIELD_frame_stack, FIELD_object_size, FIELD_object_type, FIELD_gen_state,
	FIELD_gen_frame, FIELD_set_mask, FIELD_set_table, FIELD_type_name, FIELD_type_base,
	FIELD_long_tag,
};

struct tasks *tasks_new(struct target *target, struct ring *ring, bool all)
{
	struct tasks *t = mem_alloc(1, sizeof(*t));

	t->target = target;
	t->ring = ring;
	t->all = all;
	t->readable = true;
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++)
		t->readable &= target->layout.off[required[i]] != ABSENT;
	t->reader.remote = &target->remote;
	t->reader.layout = &target->layout;
	t->reader.asyncio = &t->asyncio;
	return t;
}

void tasks_free(struct tasks *t)
{
	if (!t)
		return;
	while (t->n)
		task_table_drop(t, t->v[t->n - 1]);
	for (size_t i = 0; i < t->nowners; i++)
		task_owner_release(&t->owners[i]);
	task_modules_release(t);
	address_map_release(&t->by_address);
	address_map_release(&t->by_coro);
	address_map_release(&t->by_state);
	task_facts_release(&t->first);
	task_facts_release(&t->second);
	free(t->v);
	free(t->owners);
	free(t->listed);
	numbers_release(&t->numbers);
	free(t->words);
	free(t);
}

void tasks_found(struct tasks *t, const struct asyncio_layout *layout)
{
	const struct layout *l = &t->target->layout;

	t->asyncio = *layout;
	/* A list's node is read as two words. */
	if (layout->task_node != ABSENT &&
	    (OFF(l, llist_next) < 0 || OFF(l, llist_next) > WORD || OFF(l, llist_prev) < 0 ||
	     OFF(l, llist_prev) > WORD))
		t->readable = false;
	if (t->readable)
		atomic_store(&t->found, true);
}

void tasks_plan(struct tasks *t, struct thread *th, struct snapshot *s)
{
	th->task_range = UINT_MAX;
	if (atomic_load_explicit(&t->found, memory_order_acquire) &&
	    t->asyncio.thread_running_task != ABSENT)
		th->task_range = snapshot_add(
			s, th->state + (raddr)t->asyncio.thread_running_task, WORD);
}

static void drop(struct tasks *t, struct task *task)
{
	task_take_back(t, task);
	task_table_drop(t, task);
}

/* --- reading ------------------------------------------------------------ */

static void swap(struct task_facts *a, struct task_facts *b)
{
	struct task_facts f = *a;

	*a = *b;
	*b = f;
}

static void swap_frames(struct task_facts *a, struct task_facts *b)
{
	struct task_facts f = *a;

	a->frames = b->frames;
	a->nframes = b->nframes;
	a->frame_room = b->frame_room;
	b->frames = f.frames;
	b->nframes = f.nframes;
	b->frame_room = f.frame_room;
}

/* Reads a task into t->first until two reads agree; false: it is gone. */
static bool read_proven(struct tasks *t, struct task *task)
{
	task->unproven = task->settled = false;
	if (!task_read(&t->reader, task->address, &task->pieces, &t->first))
		return false;
	if (task->known && !t->first.torn && task_facts_equal(&task->facts, &t->first)) {
		task->settled = true;
		return true;
	}
	for (int i = 0; i < PROOF_TRIES; i++) {
		if (!task_read(&t->reader, task->address, NULL, &t->second))
			return false;
		swap(&t->first, &t->second);
		if (!t->first.torn && task_facts_equal(&t->first, &t->second))
			return true;
	}
	task->unproven = true;
	return true;
}

/* Another task at the address, or one that was given another name. */
static bool is_another(const struct tasks *t, const struct task *task)
{
	return task->known &&
	       (task->facts.coro != t->first.coro ||
		(task->facts.code != t->first.code && !t->first.finished) ||
		memcmp(&task->facts.identity, &t->first.identity,
		       sizeof(t->first.identity)) != 0);
}

/*
 * What has ended and whose memory is used again looks like anything.  A task
 * that is new to us has to look like one; false if it does not.
 */
static bool is_task(const struct task *task, const struct task_facts *f)
{
	return f->coro && f->name && f->identity.type && !f->finished && !task->unproven &&
	       (f->executing || f->nframes);
}

/* Takes over what was read; false if there is no such task. */
static bool take_facts(struct tasks *t, struct task *task)
{
	if (is_another(t, task)) {
		task_take_back(t, task);
		task->known = false;
	}
	if (!task->known && !is_task(task, &t->first))
		return false;
	if (!task->known || task->facts.coro != t->first.coro)
		task_table_set_coro(t, task, t->first.coro);
	/* It runs now, but was suspended when its thread was read. */
	if (task->known && !task->fresh && t->first.executing)
		swap_frames(&t->first, &task->facts);
	/* The frame of what has ended says nothing, but it may have been running. */
	if (task->known && t->first.finished)
		t->first.code = task->facts.code;
	if (!task->known || !task_facts_equal(&task->facts, &t->first))
		task->resolved = false;
	swap(&task->facts, &t->first);
	task->known = true;
	return true;
}

/* Brings a task up to date, once a tick; NULL if it cannot be read. */
static struct task *refresh(struct tasks *t, struct task_owner *o, raddr address)
{
	struct task *task = task_table_get(t, address);

	if (task->read_tick == t->tick && task->state == o->state)
		return task->known ? task : NULL;
	if (task->state != o->state) {
		/* Its thread has ended, or it is another task. */
		task_take_back(t, task);
		task->pieces.planned = false;
		task->state = o->state;
		task->thread = o->thread;
		o->planned = false;
	}
	task->read_tick = t->tick;
	task->quiet = task_image_is_quiet(o, task);
	if (task->quiet)
		return task;
	/* Tasks of other classes may be there, too, and look different. */
	if (!task->known && t->asyncio.task_node == ABSENT &&
	    task_kind(&t->reader, address) != TASK_KIND_TASK)
		return NULL;
	task->fresh = t->bulk && !task->known;
	task->unproven &= !task->fresh;
	if (!(task->fresh ? task_read(&t->reader, address, &task->pieces, &t->first)
			  : read_proven(t, task)) ||
	    !take_facts(t, task)) {
		task_take_back(t, task);
		task->known = false;
		return NULL;
	}
	return task;
}

/* Proves what was read once. */
static void prove(struct tasks *t, struct task *task)
{
	task->known = read_proven(t, task) && !task->unproven && take_facts(t, task);
	task->fresh = false;
}

static raddr running_word(struct tasks *t, const struct task_owner *o,
			  const struct thread *th, const struct snapshot *s, uint64_t now_ns)
{
	const char *word = NULL;
	raddr address;

	if (t->asyncio.thread_running_task == ABSENT)
		return task_modules_running(t, o->interp, o->ident, now_ns);
	address = th->state + (raddr)t->asyncio.thread_running_task;
	if (th->planned && th->task_range != UINT_MAX)
		word = snapshot_range(s, th->task_range);
	return word ? word_at(word, 0) : remote_ptr(&t->target->remote, address);
}

/* Finds the task that the thread runs; NULL: none. */
static struct task *find_running(struct tasks *t, struct task_owner *o,
				 const struct thread *th, const struct unwind_context *c,
				 const struct snapshot *s)
{
	raddr running = running_word(t, o, th, s, c->clock.now_ns);
	struct task *task;

	o->running = 0;
	if (th->flags & TRACE_FAILED || !th->node)
		return NULL;
	if (running)
		refresh(t, o, running);
	task = task_running(t, o, th, c, running);
	if (!task)
		return NULL;
	o->running = task->address;
	task->listed_tick = t->tick;
	return task;
}

/* --- the picture ------------------------------------------------------------ */

static void list_awaiters(struct tasks *t, const struct task *task)
{
	const size_t n = task->facts.nawaiters;

	if (t->nlisted + n > TASKS_MAX)
		return;
	for (size_t i = 0; i < n; i++)
		task_list_add(t, task->facts.awaiters[i]);
}

/* Those who wait for a task, and who waits for them, to the roots. */
static void refresh_awaiters(struct tasks *t, struct task_owner *o, const struct task *running)
{
	t->nlisted = 0;
	list_awaiters(t, running);
	for (size_t i = 0; i < t->nlisted; i++) {
		struct task *task = refresh(t, o, t->listed[i]);

		if (!task || task->listed_tick == t->tick)
			continue;
		task->listed_tick = t->tick;
		list_awaiters(t, task);
	}
}

static void refresh_all(struct tasks *t, struct task_owner *o, uint64_t now_ns)
{
	const bool complete = task_list(t, o, now_ns);
	size_t unknown = 0;

	for (size_t i = 0; i < t->nlisted; i++)
		unknown += !address_map_get(&t->by_address, t->listed[i]);
	t->bulk = unknown > MANY_NEW;
	for (size_t i = 0; i < t->nlisted; i++) {
		struct task *task = refresh(t, o, t->listed[i]);

		if (task)
			task->listed_tick = t->tick;
	}
	if (t->bulk) {
		o->planned = false;
		task_image_read(t, o);
	}
	for (size_t i = 0; t->bulk && i < t->n; i++)
		if (t->v[i]->fresh && t->v[i]->state == o->state)
			prove(t, t->v[i]);
	t->bulk = false;
	/* What could not be listed stays as it was. */
	for (size_t i = 0; !complete && i < t->n; i++)
		if (t->v[i]->state == o->state && t->v[i]->listed_tick + 1 == t->tick) {
			t->v[i]->listed_tick = t->tick;
			t->v[i]->unproven = true;
		}
}

/* th: whose list it is; NULL: an interpreter's. */
static void look_at(struct tasks *t, struct task_owner *o, const struct thread *th,
		    const struct unwind_context *c, const struct snapshot *s)
{
	struct task *running = NULL;

	o->looked = true;
	task_image_read(t, o);
	if (t->all)
		refresh_all(t, o, c->clock.now_ns);
	if (th)
		running = find_running(t, o, th, c, s);
	if (running && !t->all)
		refresh_awaiters(t, o, running);
	o->planned &= !t->reader.moved;
}

static struct task_owner *get_owner(struct tasks *t, raddr state)
{
	uint32_t i = address_map_get(&t->by_state, state);

	if (i)
		return &t->owners[i - 1];
	t->owners = mem_grow(t->owners, &t->owner_room, t->nowners + 1, sizeof(*t->owners));
	t->owners[t->nowners++] = (struct task_owner){ .state = state };
	address_map_set(&t->by_state, state, (uint32_t)t->nowners);
	return &t->owners[t->nowners - 1];
}

void tasks_thread_left(struct tasks *t, const struct thread *th)
{
	uint32_t i = address_map_get(&t->by_state, th->state);
	struct task_owner *last;

	if (!i)
		return;
	for (size_t k = t->n; k-- > 0; )
		if (t->v[k]->state == th->state)
			drop(t, t->v[k]);
	task_owner_release(&t->owners[i - 1]);
	address_map_remove(&t->by_state, th->state);
	last = &t->owners[--t->nowners];
	if (last != &t->owners[i - 1]) {
		t->owners[i - 1] = *last;
		address_map_set(&t->by_state, last->state, i);
	}
}

/* Is the node still that of the frames? */
static bool is_resolved(const struct task *task, const struct task_owner *o,
			const struct unwind_context *c)
{
	return task->resolved && (o->generation ? o->generation == task->generation
				  : c->clock.now_ns - task->resolved_ns < RESOLVE_NS);
}

/* The node of a task's own frames; a status that ends the tick, or UNWIND_EXACT. */
static enum unwind_status resolve(struct task *task, const struct task_owner *o,
				  struct unwind_context *c)
{
	uint32_t parent = NODE_ROOT;

	c->clock.generation = o->generation;
	c->copy_generation = o->copies;
	if (is_resolved(task, o, c))
		return UNWIND_EXACT;
	for (size_t i = 0; i < task->facts.nframes; i++) {
		const struct task_frame *at = &task->facts.frames[i];
		struct frame f = { .address = at->address, .code = at->code,
				   .instr = at->instr, .copy = (int32_t)at->copy,
				   .owner = OWNED_BY_GENERATOR };
		enum unwind_status st = unwind_resolve(c, &f, parent, false);

		if (st == UNWIND_NO_ROOM || st == UNWIND_FULL)
			return st;
		if (st != UNWIND_EXACT) {
			task->unproven = true;
			break;
		}
		parent = f.node;
	}
	task->node = parent;
	task->resolved = true;
	task->generation = o->generation;
	task->resolved_ns = c->clock.now_ns;
	return UNWIND_EXACT;
}

/* What a task that is part of the picture does. */
static enum unwind_status settle(struct task *task, const struct task_owner *o,
				 struct unwind_context *c)
{
	const struct task_facts *f = &task->facts;
	enum unwind_status st;

	task->flags = task->base = task->chain = 0;
	if (task->unproven || f->cut)
		task->flags |= TRACE_TASK_INEXACT;
	if (task->address == o->running) {
		task->flags |= TRACE_TASK_RUNNING;
		task->base = o->base;
		task->chain = o->chain;
		return UNWIND_EXACT;
	}
	st = resolve(task, o, c);
	if (f->executing || task->unproven)
		task->flags |= TRACE_TASK_INEXACT;
	if (!task->node && (f->executing || f->torn))
		task->flags |= TRACE_TASK_FAILED;
	return st;
}

/* Removes what has left the picture.  The last one takes a dropped one's place. */
static void clean(struct tasks *t)
{
	for (size_t i = t->n; i-- > 0; ) {
		struct task *task = t->v[i];
		uint32_t owner = address_map_get(&t->by_state, task->state);

		if (owner && !t->owners[owner - 1].looked)
			continue;
		if (task->listed_tick != t->tick ||
		    (task->facts.finished && task->address != t->owners[owner - 1].running))
			task_withdraw(t, task);
		if (!owner || task->listed_tick + (t->all ? 0 : KEEP_TICKS) < t->tick) {
			if (owner)
				t->owners[owner - 1].planned = false;
			drop(t, task);
		}
	}
}

/* Is the task, and who waits for it, what the writer knows? */
static bool is_unchanged(const struct tasks *t, const struct task *task,
			 const struct task_owner *o, const struct unwind_context *c)
{
	return task->quiet && task->sent && !t->renumbered &&
	       !(task->sent_flags & TRACE_TASK_RUNNING) && task->address != o->running &&
	       is_resolved(task, o, c);
}

/* Is it to be told of at this tick? */
static bool is_present(const struct tasks *t, const struct task *task,
		       const struct task_owner *o)
{
	if (!o->looked)
		return task->sent;
	return task->known && task->listed_tick == t->tick &&
	       (!task->facts.finished || task->address == o->running);
}

static enum tasks_status send_all(struct tasks *t, struct unwind_context *c, bool all_over)
{
	clean(t);
	/* Who waits for a task is named by its number. */
	for (size_t i = 0; i < t->n && !t->failed; i++) {
		const struct task_owner *o = get_owner(t, t->v[i]->state);

		if (!t->v[i]->number && is_present(t, t->v[i], o))
			task_announce(t, t->v[i]);
	}
	for (size_t i = 0; i < t->n && !t->failed; i++) {
		const struct task_owner *o = get_owner(t, t->v[i]->state);
		enum unwind_status st = UNWIND_EXACT;

		if (!is_present(t, t->v[i], o) || (!o->looked && !all_over) ||
		    (!all_over && is_unchanged(t, t->v[i], o, c)))
			continue;
		if (o->looked || !t->v[i]->resolved)
			st = settle(t->v[i], o, c);
		if (st == UNWIND_FULL)
			return TASKS_FULL;
		t->failed |= st == UNWIND_NO_ROOM;
		if (!t->failed)
			task_send(t, t->v[i], all_over);
	}
	task_changes_push(t);
	return t->failed ? TASKS_NO_ROOM : TASKS_OK;
}

/* The thread has not run since before it was read: all is as it was. */
static bool has_slept(struct task_owner *o, const struct thread *th)
{
	const uint64_t before = o->asleep;

	o->asleep = kernel_state_asleep(&th->kernel);
	return before && o->asleep == before;
}

enum tasks_status tasks_tick(struct tasks *t, const struct roster *roster,
			     struct unwind_context *c, const struct snapshot *s, bool all_over)
{
	enum tasks_status st;

	if (!atomic_load_explicit(&t->found, memory_order_acquire))
		return TASKS_OK;
	t->tick = t->reader.tick = c->tick;
	t->renumbered = false;
	for (size_t i = 0; i < t->nowners; i++)
		t->owners[i].looked = false;
	for (size_t i = 0; i < roster->nthreads; i++) {
		const struct thread *th = roster->threads[i];
		struct task_owner *o;

		if (!th->selected || th->replaced || !th->looked)
			continue;
		o = get_owner(t, th->state);
		if (has_slept(o, th))
			continue;
		o->head = th->state + (raddr)t->asyncio.thread_tasks_head;
		o->thread = th->number;
		o->interp = roster->interps[th->interp].address;
		o->ident = th->ident;
		o->generation = roster->interps[th->interp].generation;
		o->copies = roster->interps[th->interp].copies;
		look_at(t, o, th, c, s);
	}
	st = send_all(t, c, all_over);
	if (st != TASKS_OK) {
		for (size_t i = 0; i < t->nowners; i++)
			t->owners[i].asleep = 0;
		task_changes_clear(t);
	}
	return st;
}

void tasks_commit(struct tasks *t)
{
	task_changes_commit(t);
}

void tasks_forget(struct tasks *t)
{
	for (size_t i = 0; i < t->n; i++)
		t->v[i]->resolved = false;
	for (size_t i = 0; i < t->nowners; i++) {
		t->owners[i].base_node = NODE_ROOT;
		t->owners[i].base = 0;
	}
}
