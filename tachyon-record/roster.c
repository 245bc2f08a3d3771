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

/* The fields of an interpreter that every tick reads, as one range. */
static const enum layout_field interp_fields[] = {
	FIELD_interp_threads_head, FIELD_interp_gc_collecting, FIELD_interp_gc_frame,
	FIELD_interp_code_generation, FIELD_interp_copy_generation, FIELD_interp_stw_requester,
};

void roster_init(struct roster *r, struct target *target, bool all_threads)
{
	*r = (struct roster){ .target = target, .all_threads = all_threads, .stale = true };
	r->interp_span = layout_span(&target->layout, interp_fields,
				     sizeof(interp_fields) / sizeof(interp_fields[0]));
	native_tid_init(&r->tids, &target->remote, target->own_pid);
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
	if (!own_tid || r->target->own_pid == r->target->pid)
		return (pid_t)own_tid;
	return procfs_host_tid(r->target->pid, (pid_t)own_tid);
}

static uint64_t thread_tid(const struct roster *r, const char *head)
{
	const struct layout *l = &r->target->layout;

	if (OFF(l, thread_native_id) != ABSENT)
		return word_at(head, OFF(l, thread_native_id));
	return native_tid_get(&r->tids, word_at(head, OFF(l, thread_ident)));
}

static bool is_main(const struct roster *r, const struct thread *t)
{
	if (r->interps[t->interp].id != 0)
		return false;
	return t->own_tid == (uint64_t)r->target->own_pid ||
	       (r->main_ident && t->ident == r->main_ident);
}

static void add_thread(struct roster *r, raddr state, const char *head, size_t interp)
{
	const struct layout *l = &r->target->layout;
	struct thread *t = mem_alloc(1, sizeof(*t));

	t->state = state;
	t->interp = interp;
	t->ident = word_at(head, OFF(l, thread_ident));
	t->own_tid = thread_tid(r, head);
	t->tag = word_at(head, OFF(l, thread_tag));
	t->is_main = is_main(r, t);
	t->selected = r->all_threads || t->is_main;
	t->listed = true;
	unwinder_init(&t->unwinder, state, t->tag);
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
	       t->tag == word_at(head, OFF(l, thread_tag));
}

/* A state without a thread is one that is being made. */
static bool has_begun(const struct layout *l, const char *head)
{
	if (OFF(l, thread_begun) != ABSENT)
		return int_at(head, OFF(l, thread_begun)) != 0;
	return word_at(head, OFF(l, thread_native_id)) != 0;
}

/* Bytes of a thread state up to the last field that is looked at here. */
static size_t head_size(const struct layout *l)
{
	static const enum layout_field fields[] = {
		FIELD_thread_next, FIELD_thread_ident, FIELD_thread_native_id,
		FIELD_thread_tag, FIELD_thread_begun,
	};
	const struct layout_span span = layout_span(l, fields, sizeof(fields) / sizeof(fields[0]));

	return (size_t)(span.from + span.len);
}

static enum read_status list_threads(struct roster *r, size_t interp)
{
	const struct layout *l = &r->target->layout;
	struct remote *remote = &r->target->remote;
	const size_t len = head_size(l);
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
		if (t && is_same(r, t, head))
			t->listed = true;
		else if (has_begun(l, head))
			add_thread(r, state, head, interp);
		state = word_at(head, OFF(l, thread_next));
	}
	return st;
}

/*
 * Where thread states do not tell the kernel's numbers: finds out, before the
 * first threads are added, where the C library keeps them.
 */
static void learn_tids(struct roster *r)
{
	const struct layout *l = &r->target->layout;
	struct remote *remote = &r->target->remote;
	uint64_t idents[64];
	size_t n = 0;

	if (OFF(l, thread_native_id) != ABSENT || r->tids.offset != NATIVE_TID_UNKNOWN)
		return;
	r->main_ident = remote_ptr(remote, r->target->runtime +
				   (raddr)OFF(l, runtime_main_thread));
	for (size_t i = 0; i < r->ninterps; i++) {
		raddr state = remote_ptr(remote, r->interps[i].address +
					 (raddr)OFF(l, interp_threads_head));

		for (; state && n < sizeof(idents) / sizeof(idents[0]); n++) {
			idents[n] = remote_ptr(remote, state + (raddr)OFF(l, thread_ident));
			state = remote_ptr(remote, state + (raddr)OFF(l, thread_next));
		}
	}
	native_tid_learn(&r->tids, idents, n, r->main_ident);
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
	learn_tids(r);
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

/* The first word of a GIL that is read. */
static int32_t gil_from(const struct layout *l)
{
	return OFF(l, gil_enabled) != ABSENT ? OFF(l, gil_enabled) : OFF(l, gil_last_holder);
}

/* From a GIL to the word that names the running thread state; ABSENT: there is none. */
static int32_t gil_to_current(const struct layout *l)
{
	return OFF(l, runtime_current) == ABSENT || OFF(l, runtime_gil) == ABSENT ||
	       OFF(l, runtime_current) < OFF(l, runtime_gil) + OFF(l, gil_switch_number)
		? ABSENT : OFF(l, runtime_current) - OFF(l, runtime_gil);
}

/* The words of a GIL that every tick reads. */
static raddr gil_words(const struct layout *l, const struct gil *g, size_t *len)
{
	int32_t last = OFF(l, gil_switch_number);

	if (gil_to_current(l) != ABSENT)
		last = gil_to_current(l);
	*len = (size_t)(last + 8 - gil_from(l));
	return g->address + (raddr)gil_from(l);
}

/*
 * From 3.13 on the GIL stands among the interpreter's own fields; a range
 * less is a fifth of a tick's cost.
 */
static bool within_interp(struct roster *r, struct gil *g)
{
	const struct layout_span span = r->interp_span;
	size_t len;
	raddr at = gil_words(&r->target->layout, g, &len);

	for (size_t i = 0; i < r->ninterps; i++) {
		const struct interp *in = &r->interps[i];

		if (in->listed && at - (in->address + (raddr)span.from) + len <= (raddr)span.len) {
			g->range = in->range;
			return true;
		}
	}
	return false;
}

void roster_plan(struct roster *r, struct snapshot *s)
{
	const struct layout *l = &r->target->layout;

	if (OFF(l, runtime_gc_collecting) != ABSENT)
		r->gc_range = snapshot_add(s, r->target->runtime +
					   (raddr)OFF(l, runtime_gc_collecting), sizeof(int32_t));
	for (size_t i = 0; i < r->ninterps; i++)
		if (r->interps[i].listed)
			r->interps[i].range = snapshot_add(s, r->interps[i].address +
							   (raddr)r->interp_span.from,
							   (size_t)r->interp_span.len);
	for (size_t i = 0; i < r->ngils; i++) {
		size_t len;
		raddr at = gil_words(l, &r->gils[i], &len);

		/* One that vanished, and may come back at its address, starts anew. */
		if (!r->gils[i].listed)
			r->gils[i].seen = false;
		else if (!within_interp(r, &r->gils[i]))
			r->gils[i].range = snapshot_add(s, at, len);
	}
}

/*
 * Up to 3.11 a thread may give the GIL to its state in another interpreter
 * without the GIL knowing (PyThreadState_Swap() in Python/pystate.c).
 */
static raddr holder(const struct layout *l, const char *words)
{
	raddr current = 0;

	if (gil_to_current(l) != ABSENT)
		current = word_at(words, gil_to_current(l));
	return current ? current : word_at(words, OFF(l, gil_last_holder));
}

static uint64_t ident_of(const struct roster *r, raddr state)
{
	const struct thread *t = roster_thread(r, state);

	return t ? t->ident : 0;
}

static bool take_gil(const struct roster *r, struct gil *g, const struct snapshot *s)
{
	const struct layout *l = &r->target->layout;
	size_t len;
	raddr at = gil_words(l, g, &len);
	const char *words = snapshot_find(s, g->range, g->range + 1, at, len);

	if (!words)
		return false;
	words -= gil_from(l);
	g->holder_before = g->holder;
	g->holder_ident_before = g->holder_ident;
	g->switches_before = g->switches;
	g->seen_before = g->seen;
	g->governed_before = g->governs;
	g->holder = holder(l, words);
	g->holder_ident = ident_of(r, g->holder);
	g->switches = word_at(words, OFF(l, gil_switch_number));
	/* 0 is free and -1 not yet made (Python/ceval_gil.c). */
	g->locked = int_at(words, OFF(l, gil_locked)) == 1;
	g->governs = OFF(l, gil_enabled) == ABSENT || int_at(words, OFF(l, gil_enabled));
	g->seen = true;
	return true;
}

/*
 * Who collects garbage: the one that has stopped all others, where threads
 * run at the same time, and elsewhere the holder of the GIL.
 */
static raddr collector(const struct layout *l, const struct gil *g, const char *words)
{
	raddr requester = 0;

	if (OFF(l, interp_stw_requester) != ABSENT)
		requester = word_at(words, OFF(l, interp_stw_requester));
	if (requester)
		return requester;
	return g->governs && g->locked ? g->holder : 0;
}

static bool take_interp(struct roster *r, struct interp *in, const struct snapshot *s)
{
	const struct layout *l = &r->target->layout;
	const struct gil *g = &r->gils[in->gil];
	const char *words = snapshot_range(s, in->range);
	raddr head;
	bool collecting;

	if (!words)
		return false;
	words -= r->interp_span.from;
	head = word_at(words, OFF(l, interp_threads_head));
	if (head != in->threads_head)
		r->stale = true;
	in->threads_head = head;
	in->generation = 0;
	if (OFF(l, interp_code_generation) != ABSENT)
		in->generation = word_at(words, OFF(l, interp_code_generation)) + 1;
	if (OFF(l, interp_copy_generation) != ABSENT)
		in->copies = (uint32_t)int_at(words, OFF(l, interp_copy_generation));
	/* A collection belongs to the thread that began it, also while a
	 * finalizer lets another thread have the GIL. */
	collecting = OFF(l, interp_gc_collecting) == ABSENT ? r->collecting :
		     int_at(words, OFF(l, interp_gc_collecting)) != 0;
	if (!collecting)
		in->collector = in->interrupted = 0;
	else if (!in->collector)
		in->collector = collector(l, g, words);
	if (collecting && OFF(l, interp_gc_frame) != ABSENT)
		in->interrupted = word_at(words, OFF(l, interp_gc_frame));
	in->collecting = collecting;
	return true;
}

/* Where one collector serves all interpreters: does it run? */
static bool take_collector(struct roster *r, const struct snapshot *s)
{
	const char *word;

	if (OFF(&r->target->layout, runtime_gc_collecting) == ABSENT)
		return true;
	word = snapshot_range(s, r->gc_range);
	r->collecting = word && int_at(word, 0) != 0;
	return word != NULL;
}

bool roster_take(struct roster *r, const struct snapshot *s)
{
	bool all = take_collector(r, s);

	for (size_t i = 0; i < r->ngils; i++)
		if (r->gils[i].listed)
			all &= take_gil(r, &r->gils[i], s);
	for (size_t i = 0; i < r->ninterps; i++)
		if (r->interps[i].listed)
			all &= take_interp(r, &r->interps[i], s);
	return all;
}

/*
 * Python frames change only in the hands of the GIL's holder, and every
 * change of the holder is counted (take_gil() in Python/ceval_gil.c).  While
 * the count stands still only the holder can have run; if it moved by one,
 * only the two holders.  The states that a thread has in other interpreters
 * with the same GIL take turns without being counted.  Without a GIL every
 * thread may have run.
 */
bool roster_may_have_moved(const struct roster *r, const struct thread *t)
{
	const struct gil *g = &r->gils[r->interps[t->interp].gil];

	if (!g->governs || !g->governed_before)
		return true;
	if (!g->seen_before || g->switches - g->switches_before > 1)
		return true;
	if (!g->holder_ident || !g->holder_ident_before)
		return true;
	return t->ident == g->holder_ident || t->ident == g->holder_ident_before;
}
