/* SPDX-License-Identifier: MIT */
#include "tachyon-record/roster.h"

#include <stdlib.h>

#include "base/mem.h"
#include "tachyon-record/procfs.h"

enum {
	/* Guards against circles in freed memory. */
	MAX_INTERPRETERS = 4096,
	MAX_THREADS = 1 << 15,
};

void roster_init(struct roster *r, struct target *target, bool all_threads)
{
	*r = (struct roster){ .target = target, .all_threads = all_threads, .stale = true };
}

static void free_thread(struct thread *t)
{
	unwinder_release(&t->unwinder);
	kernel_state_close(&t->kernel);
	free(t);
}

void roster_release(struct roster *r)
{
	for (size_t i = 0; i < r->nthreads; i++)
		free_thread(r->threads[i]);
	free(r->threads);
	free(r->interps);
	free(r->gils);
	*r = (struct roster){ 0 };
}

struct thread *roster_thread(const struct roster *r, raddr state)
{
	for (size_t i = 0; i < r->nthreads; i++)
		if (r->threads[i]->state == state)
			return r->threads[i];
	return NULL;
}

static size_t gil_index(struct roster *r, raddr address)
{
	for (size_t i = 0; i < r->ngils; i++)
		if (r->gils[i].address == address)
			return i;
	r->gils = mem_grow(r->gils, &r->gil_room, r->ngils + 1, sizeof(*r->gils));
	r->gils[r->ngils] = (struct gil){ .address = address };
	return r->ngils++;
}

/* Where the GIL of an interpreter is; 0 if it cannot be read. */
static raddr gil_address(const struct roster *r, raddr interp)
{
	const struct layout *l = &r->target->layout;

	if (OFF(l, runtime_gil) != ABSENT)
		return r->target->runtime + (raddr)OFF(l, runtime_gil);
	return remote_ptr(&r->target->remote, interp + (raddr)OFF(l, interp_gil));
}

static struct interp *find_interp(struct roster *r, raddr address)
{
	for (size_t i = 0; i < r->ninterps; i++)
		if (r->interps[i].address == address)
			return &r->interps[i];
	return NULL;
}

static void list_interp(struct roster *r, raddr address)
{
	const struct layout *l = &r->target->layout;
	struct interp *in = find_interp(r, address);
	raddr gil = gil_address(r, address);
	uint64_t id;

	if (!gil || remote_read(&r->target->remote, address + (raddr)OFF(l, interp_id), &id,
				sizeof(id)) != READ_OK)
		return;
	if (!in) {
		r->interps = mem_grow(r->interps, &r->interp_room, r->ninterps + 1,
				      sizeof(*r->interps));
		in = &r->interps[r->ninterps++];
		*in = (struct interp){ .address = address };
	}
	in->id = id;
	in->gil = gil_index(r, gil);
	in->listed = true;
	r->gils[in->gil].listed = true;
}

static enum read_status list_interps(struct roster *r)
{
	const struct layout *l = &r->target->layout;
	struct remote *remote = &r->target->remote;
	raddr address;
	enum read_status st;

	st = remote_read(remote, r->target->runtime + (raddr)OFF(l, runtime_interpreters_head),
			 &address, sizeof(address));
	for (size_t i = 0; i < r->ninterps; i++)
		r->interps[i].listed = false;
	for (size_t i = 0; i < r->ngils; i++)
		r->gils[i].listed = false;
	for (unsigned n = 0; st == READ_OK && address && n < MAX_INTERPRETERS; n++) {
		list_interp(r, address);
		st = remote_read(remote, address + (raddr)OFF(l, interp_next), &address,
				 sizeof(address));
	}
	return st;
}

/* The kernel's number of a thread that the target knows as own_tid. */
static pid_t host_tid(const struct roster *r, uint64_t own_tid)
{
	if (r->target->own_pid == r->target->pid)
		return (pid_t)own_tid;
	return procfs_host_tid(r->target->pid, (pid_t)own_tid);
}

static void add_thread(struct roster *r, raddr state, const char *head, size_t interp)
{
	const struct layout *l = &r->target->layout;
	struct thread *t = mem_alloc(1, sizeof(*t));

	t->state = state;
	t->interp = interp;
	t->ident = word_at(head, OFF(l, thread_ident));
	t->own_tid = word_at(head, OFF(l, thread_native_id));
	t->is_main = t->own_tid == (uint64_t)r->target->own_pid &&
		     r->interps[interp].id == 0;
	t->selected = r->all_threads || t->is_main;
	t->listed = true;
	unwinder_init(&t->unwinder, state, t->own_tid);
	if (t->selected) {
		kernel_state_open(&t->kernel, r->target->pid, host_tid(r, t->own_tid));
	} else {
		t->kernel.perf_fd = t->kernel.syscall_fd = -1;
	}
	r->threads = mem_grow(r->threads, &r->thread_room, r->nthreads + 1,
			      sizeof(*r->threads));
	r->threads[r->nthreads++] = t;
}

/* True if the entry is still the thread whose state stands at its address. */
static bool is_same(const struct roster *r, const struct thread *t, const char *head)
{
	const struct layout *l = &r->target->layout;

	return t->ident == word_at(head, OFF(l, thread_ident)) &&
	       t->own_tid == word_at(head, OFF(l, thread_native_id));
}

static enum read_status list_threads(struct roster *r, size_t interp)
{
	const struct layout *l = &r->target->layout;
	struct remote *remote = &r->target->remote;
	const size_t len = (size_t)OFF(l, thread_native_id) + 8;
	char head[LAYOUT_MAX_THREAD];
	raddr state;
	enum read_status st;

	st = remote_read(remote, r->interps[interp].address +
			 (raddr)OFF(l, interp_threads_head), &state, sizeof(state));
	while (st == READ_OK && state && r->nthreads < MAX_THREADS) {
		struct thread *t = roster_thread(r, state);

		st = remote_read(remote, state, head, len);
		if (st != READ_OK)
			break;
		/* Met before: a circle, or memory used again while we walked. */
		if (t && t->listed)
			return READ_FAULT;
		/* A state without a thread id is one that is being made. */
		if (t && is_same(r, t, head))
			t->listed = true;
		else if (word_at(head, OFF(l, thread_native_id)))
			add_thread(r, state, head, interp);
		state = word_at(head, OFF(l, thread_next));
	}
	return st;
}

static void drop_unlisted(struct roster *r, roster_left_fn *left, void *arg)
{
	size_t keep = 0;

	for (size_t i = 0; i < r->nthreads; i++) {
		struct thread *t = r->threads[i];

		if (t->listed) {
			r->threads[keep++] = t;
			continue;
		}
		if (t->selected)
			left(arg, t);
		free_thread(t);
	}
	r->nthreads = keep;
	/* Interpreters keep their index: threads refer to it. */
}

enum read_status roster_refresh(struct roster *r, uint64_t now_ns,
				roster_left_fn *left, void *arg)
{
	enum read_status st = list_interps(r);

	r->stale = true;
	if (st != READ_OK)
		return st;
	for (size_t i = 0; i < r->nthreads; i++)
		r->threads[i]->listed = false;
	for (size_t i = 0; st == READ_OK && i < r->ninterps; i++)
		if (r->interps[i].listed)
			st = list_threads(r, i);
	if (st == READ_OK) {
		drop_unlisted(r, left, arg);
		r->refreshed_ns = now_ns;
		r->stale = false;
	}
	return st;
}

/* The fields of an interpreter that every tick reads, as one range. */
static const enum layout_field interp_fields[] = {
	FIELD_interp_threads_head, FIELD_interp_gc_collecting, FIELD_interp_code_generation,
};

static void interp_span(const struct layout *l, int32_t *from, int32_t *len)
{
	int32_t to = 0;

	*from = INT32_MAX;
	for (size_t i = 0; i < sizeof(interp_fields) / sizeof(interp_fields[0]); i++) {
		int32_t off = l->off[interp_fields[i]];

		if (off == ABSENT)
			continue;
		*from = off < *from ? off : *from;
		to = off + 8 > to ? off + 8 : to;
	}
	*len = to - *from;
}

/* The words of a GIL that every tick reads. */
static raddr gil_words(const struct layout *l, const struct gil *g, size_t *len)
{
	*len = (size_t)(OFF(l, gil_switch_number) + 8 - OFF(l, gil_last_holder));
	return g->address + (raddr)OFF(l, gil_last_holder);
}

/*
 * From 3.13 on the GIL stands among the interpreter's own fields; a range
 * less is a fifth of a tick's cost.
 */
static bool within_interp(struct roster *r, struct gil *g, int32_t from, int32_t span)
{
	size_t len;
	raddr at = gil_words(&r->target->layout, g, &len);

	for (size_t i = 0; i < r->ninterps; i++) {
		const struct interp *in = &r->interps[i];

		if (in->listed && at - (in->address + (raddr)from) + len <= (raddr)span) {
			g->range = in->range;
			return true;
		}
	}
	return false;
}

void roster_plan(struct roster *r, struct snapshot *s)
{
	const struct layout *l = &r->target->layout;
	int32_t from, span;

	interp_span(l, &from, &span);
	for (size_t i = 0; i < r->ninterps; i++)
		if (r->interps[i].listed)
			r->interps[i].range = snapshot_add(s, r->interps[i].address +
							   (raddr)from, (size_t)span);
	for (size_t i = 0; i < r->ngils; i++) {
		size_t len;
		raddr at = gil_words(l, &r->gils[i], &len);

		/* One that vanished, and may come back at its address, starts anew. */
		if (!r->gils[i].listed)
			r->gils[i].seen = false;
		else if (!within_interp(r, &r->gils[i], from, span))
			r->gils[i].range = snapshot_add(s, at, len);
	}
}

static bool take_gil(struct gil *g, const struct layout *l, const struct snapshot *s)
{
	size_t len;
	raddr at = gil_words(l, g, &len);
	const char *words = snapshot_find(s, g->range, g->range + 1, at, len);

	if (!words)
		return false;
	words -= OFF(l, gil_last_holder);
	g->holder_before = g->holder;
	g->switches_before = g->switches;
	g->seen_before = g->seen;
	g->holder = word_at(words, OFF(l, gil_last_holder));
	g->switches = word_at(words, OFF(l, gil_switch_number));
	/* 0 is free and -1 not yet made (Python/ceval_gil.c). */
	g->locked = int_at(words, OFF(l, gil_locked)) == 1;
	g->seen = true;
	return true;
}

static bool take_interp(struct roster *r, struct interp *in, int32_t from,
			const struct snapshot *s)
{
	const struct layout *l = &r->target->layout;
	const struct gil *g = &r->gils[in->gil];
	const char *words = snapshot_range(s, in->range);
	raddr head;
	bool collecting;

	if (!words)
		return false;
	words -= from;
	head = word_at(words, OFF(l, interp_threads_head));
	if (head != in->threads_head)
		r->stale = true;
	in->threads_head = head;
	in->generation = 0;
	if (OFF(l, interp_code_generation) != ABSENT)
		in->generation = word_at(words, OFF(l, interp_code_generation)) + 1;
	/* A collection belongs to the thread that began it, also while a
	 * finalizer lets another thread have the GIL. */
	collecting = int_at(words, OFF(l, interp_gc_collecting)) != 0;
	if (!collecting)
		in->collector = 0;
	else if (!in->collector && g->locked)
		in->collector = g->holder;
	in->collecting = collecting;
	return true;
}

bool roster_take(struct roster *r, const struct snapshot *s)
{
	int32_t from, len;
	bool all = true;

	interp_span(&r->target->layout, &from, &len);
	for (size_t i = 0; i < r->ngils; i++)
		if (r->gils[i].listed)
			all &= take_gil(&r->gils[i], &r->target->layout, s);
	for (size_t i = 0; i < r->ninterps; i++)
		if (r->interps[i].listed)
			all &= take_interp(r, &r->interps[i], from, s);
	return all;
}

/*
 * Python frames change only in the hands of the GIL's holder, and every
 * change of the holder is counted (take_gil() in Python/ceval_gil.c).  While
 * the count stands still only the holder can have run; if it moved by one,
 * only the two holders.
 */
bool roster_may_have_moved(const struct roster *r, const struct thread *t)
{
	const struct gil *g = &r->gils[r->interps[t->interp].gil];

	if (!g->seen_before || g->switches - g->switches_before > 1)
		return true;
	return t->state == g->holder || t->state == g->holder_before;
}
