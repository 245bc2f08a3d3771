/* SPDX-License-Identifier: MIT */
/*
 * Facts: Modules/_asynciomodule.c (TaskObj, task_step), Objects/genobject.c
 * (_PyGen_yf: what a suspended generator waits for is on top of its frame's
 * stack), Objects/setobject.c.
 */
#include "tachyon-record/asyncio/task_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
	WORD = 8,
	USER_BITS = 47,
	MAX_GENERATOR = 1792,           /* head and frame, as layouts.c bounds them, and: */
	USUAL_STACK = 96,               /* bytes of locals and value stack that mostly do */
	MAX_STACK = 1 << 16,            /* bytes of locals and value stack of one frame */
	SET_SLOTS = 1024,               /* that are looked at */
	MAX_BASES = 8,                  /* from a subclass of Task to Task */
	MAX_FUTURES = 8,                /* futures between a task and who waits for it */
	/* RESUME_AFTER_YIELD_FROM and RESUME_AFTER_AWAIT, Include/internal/pycore_opcode_utils.h */
	RESUME_MASK = 3,
	RESUME_AFTER_YIELD_FROM = 2,
};

void task_facts_release(struct task_facts *f)
{
	free(f->frames);
	free(f->awaiters);
	*f = (struct task_facts){ 0 };
}

bool task_facts_equal(const struct task_facts *a, const struct task_facts *b)
{
	return a->coro == b->coro && a->code == b->code && a->name == b->name &&
	       memcmp(&a->identity, &b->identity, sizeof(a->identity)) == 0 &&
	       a->executing == b->executing && a->finished == b->finished &&
	       a->nframes == b->nframes && a->nawaiters == b->nawaiters &&
	       (!a->nframes ||
		memcmp(a->frames, b->frames, a->nframes * sizeof(*a->frames)) == 0) &&
	       (!a->nawaiters ||
		memcmp(a->awaiters, b->awaiters, a->nawaiters * sizeof(*a->awaiters)) == 0);
}

/* The planned copy of the piece that is next, if it is this one. */
static const char *planned_piece(struct task_reader *r, raddr at, size_t len)
{
	const struct task_pieces *p = r->pieces;
	const struct task_piece *piece;

	if (!r->foreseen || !p->planned || r->cursor >= p->n)
		return NULL;
	piece = &p->v[r->cursor];
	if (piece->at != at || piece->len != len ||
	    piece->offset + (size_t)piece->len > r->image->got)
		return NULL;
	return r->image->copy + piece->offset;
}

bool task_fetch(struct task_reader *r, raddr at, void *to, size_t len)
{
	struct task_pieces *p = r->pieces;
	const char *copy;

	/* No user's memory: the address is garbage. */
	if (at >> USER_BITS)
		return false;
	if (!p)
		return remote_read(r->remote, at, to, len) == READ_OK;
	copy = planned_piece(r, at, len);
	if (copy) {
		memcpy(to, copy, len);
		r->cursor++;
		return true;
	}
	/* From here on the task is another one than it was. */
	if (r->cursor >= p->n || p->v[r->cursor].at != at || p->v[r->cursor].len != len) {
		r->moved = true;
		p->n = r->cursor;
		p->v = mem_grow(p->v, &p->room, p->n + 1, sizeof(*p->v));
		p->v[p->n++] = (struct task_piece){ .at = at, .len = (uint32_t)len };
	}
	r->foreseen = false;
	r->cursor++;
	return remote_read(r->remote, at, to, len) == READ_OK;
}

/* --- types ------------------------------------------------------------------ */

static const struct {
	const char *name;
	enum task_kind kind;
} kinds[] = {
	{ "coroutine", TASK_KIND_COROUTINE },
	{ "generator", TASK_KIND_GENERATOR },
	{ "async_generator", TASK_KIND_COROUTINE },
	{ "coroutine_wrapper", TASK_KIND_WRAPPER },
	{ "async_generator_asend", TASK_KIND_WRAPPER },
	{ "async_generator_athrow", TASK_KIND_WRAPPER },
	{ "anext_awaitable", TASK_KIND_WRAPPER },
	{ "_asyncio.Future", TASK_KIND_FUTURE },
	{ "_asyncio.Task", TASK_KIND_TASK },
	{ "method", TASK_KIND_METHOD },
	{ "builtin_function_or_method", TASK_KIND_BUILTIN },
	{ "function", TASK_KIND_FUNCTION },
	{ "functools.partial", TASK_KIND_PARTIAL },
	{ "tuple", TASK_KIND_TUPLE },
	{ "list", TASK_KIND_LIST },
	{ "int", TASK_KIND_INT },
};

static enum task_kind kind_by_name(struct task_reader *r, raddr type)
{
	raddr name = remote_ptr(r->remote, type + (raddr)OFF(r->layout, type_name));
	char text[32] = { 0 };

	/* Near the end of a mapping a whole buffer may not be there. */
	for (size_t len = sizeof(text) - 1; name && len >= 4; len /= 2)
		if (remote_read(r->remote, name, text, len) == READ_OK)
			break;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(text, kinds[i].name) == 0)
			return kinds[i].kind;
	return TASK_KIND_OTHER;
}

/* Subclasses of futures and tasks have their layout at the beginning. */
static enum task_kind find_kind(struct task_reader *r, raddr type)
{
	enum task_kind kind = kind_by_name(r, type);

	for (int i = 0; kind == TASK_KIND_OTHER && i < MAX_BASES && type; i++) {
		type = remote_ptr(r->remote, type + (raddr)OFF(r->layout, type_base));
		kind = type ? kind_by_name(r, type) : TASK_KIND_OTHER;
		if (kind != TASK_KIND_FUTURE && kind != TASK_KIND_TASK)
			kind = TASK_KIND_OTHER;
	}
	return kind;
}

static enum task_kind kind_of_type(struct task_reader *r, raddr type)
{
	struct task_type *t;

	for (unsigned i = 0; i < r->ntypes; i++)
		if (r->types[i].address == type)
			return r->types[i].kind;
	/* More kinds of objects than await one another: begins anew. */
	if (r->ntypes == TASK_TYPES)
		r->ntypes = 0;
	t = &r->types[r->ntypes++];
	*t = (struct task_type){ type, find_kind(r, type) };
	return t->kind;
}

enum task_kind task_kind(struct task_reader *r, raddr object)
{
	raddr type;

	if (!object || !task_fetch(r, object + (raddr)OFF(r->layout, object_type), &type, WORD))
		return TASK_KIND_OTHER;
	return kind_of_type(r, type);
}

/* --- the chain of coroutines -------------------------------------------------- */

/* Does the generator stand in an await or yield from? */
static bool is_awaiting(struct task_reader *r, int8_t state, raddr instr)
{
	unsigned char resume[2];

	if (state < r->layout->gen_awaiting)
		return false;
	if (!r->layout->await_by_resume)
		return true;
	/* The instruction is the YIELD_VALUE; behind it is a RESUME and its argument. */
	return task_fetch(r, instr + 2, resume, sizeof(resume)) &&
	       (resume[1] & RESUME_MASK) >= RESUME_AFTER_YIELD_FROM;
}

/*
 * What a suspended generator waits for: the top of its stack; 0 if that is
 * odd.  copy: the object's first len bytes.
 */
static raddr awaited_object(struct task_reader *r, raddr object, const char *copy, size_t len)
{
	const struct layout *l = r->layout;
	const char *frame = copy + OFF(l, gen_frame);
	const raddr locals = object + (raddr)OFF(l, gen_frame) + (raddr)OFF(l, frame_size);
	raddr end, slot, awaited;

	if (l->stack_is_index)
		end = locals + (raddr)((int64_t)int_at(frame, OFF(l, frame_stack)) * WORD);
	else
		end = word_at(frame, OFF(l, frame_stack));
	if (end - locals - 1 >= MAX_STACK || (end - locals) % WORD)
		return 0;
	slot = end - (raddr)l->await_depth * WORD;
	if (slot - object + WORD <= len)
		awaited = word_at(copy, (int32_t)(slot - object));
	else if (!task_fetch(r, slot, &awaited, WORD))
		return 0;
	return awaited & l->executable_mask;
}

void task_add_frame(struct task_facts *f, const struct task_frame *frame)
{
	f->frames = mem_grow(f->frames, &f->frame_room, f->nframes + 1, sizeof(*f->frames));
	f->frames[f->nframes++] = *frame;
}

/* One generator; the object that it waits for, 0 if the chain ends here. */
static raddr read_generator(struct task_reader *r, raddr object, const char *copy, size_t len,
			    struct task_facts *f)
{
	const struct layout *l = r->layout;
	const char *frame = copy + OFF(l, gen_frame);
	const int8_t state = (int8_t)copy[OFF(l, gen_state)];
	const raddr code = word_at(frame, OFF(l, frame_executable)) & l->executable_mask;
	raddr instr;

	if (!f->code)
		f->code = code;
	if (state == l->gen_executing) {
		f->executing = true;
		return 0;
	}
	if (state != l->gen_created &&
	    (state < l->gen_suspended || state >= l->gen_executing)) {
		f->finished |= !f->nframes;
		f->torn |= f->nframes != 0;
		return 0;
	}
	instr = word_at(frame, OFF(l, frame_instr));
	task_add_frame(f, &(struct task_frame){
		.address = object + (raddr)OFF(l, gen_frame),
		.code = code,
		.instr = instr,
		.copy = OFF(l, frame_copy) != ABSENT ? int_at(frame, OFF(l, frame_copy)) : 0,
	});
	if (state == l->gen_created || !is_awaiting(r, state, instr))
		return 0;
	return awaited_object(r, object, copy, len);
}

/*
 * An object in the chain, as much of it as is needed mostly; at the end of a
 * mapping less.  The bytes that were read.
 */
static size_t read_link(struct task_reader *r, raddr object, char copy[MAX_GENERATOR])
{
	const struct layout *l = r->layout;
	const size_t frame = (size_t)(OFF(l, gen_frame) + OFF(l, frame_size));
	const size_t lens[] = { frame + USUAL_STACK, frame,
				(size_t)OFF(l, object_size) + WORD };

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		if (lens[i] <= MAX_GENERATOR && task_fetch(r, object, copy, lens[i]))
			return lens[i];
	return 0;
}

static void read_chain(struct task_reader *r, struct task_facts *f)
{
	const struct layout *l = r->layout;
	const size_t least = (size_t)(OFF(l, gen_frame) + OFF(l, frame_size));
	raddr object = f->coro;

	for (unsigned i = 0; object; i++) {
		char copy[MAX_GENERATOR];
		size_t len = i < TASK_MAX_CHAIN ? read_link(r, object, copy) : 0;
		enum task_kind kind = TASK_KIND_OTHER;

		f->cut |= i == TASK_MAX_CHAIN;
		if (len)
			kind = kind_of_type(r, word_at(copy, OFF(l, object_type)));
		if (kind == TASK_KIND_WRAPPER)
			object = word_at(copy, OFF(l, object_size));
		else if ((kind == TASK_KIND_COROUTINE || kind == TASK_KIND_GENERATOR) &&
			 len >= least)
			object = read_generator(r, object, copy, len, f);
		else
			break;
	}
}

/* --- who waits ------------------------------------------------------------------ */

void task_add_awaiter(struct task_facts *f, raddr task)
{
	size_t at = 0;

	while (at < f->nawaiters && f->awaiters[at] < task)
		at++;
	if (at < f->nawaiters && f->awaiters[at] == task)
		return;
	if (f->nawaiters == TASK_MAX_AWAITERS) {
		f->cut = true;
		return;
	}
	f->awaiters = mem_grow(f->awaiters, &f->awaiter_room, f->nawaiters + 1,
			       sizeof(*f->awaiters));
	memmove(f->awaiters + at + 1, f->awaiters + at,
		(f->nawaiters - at) * sizeof(*f->awaiters));
	f->awaiters[at] = task;
	f->nawaiters++;
}

/* Objects that wait for a future, to be looked at. */
struct waiting {
	raddr v[TASK_MAX_AWAITERS];
	size_t n;
};

static void add_waiting(struct waiting *w, struct task_facts *f, raddr object)
{
	if (w->n < TASK_MAX_AWAITERS)
		w->v[w->n++] = object;
	else
		f->cut = true;
}

static void read_awaiter_set(struct task_reader *r, raddr set, struct waiting *w,
			     struct task_facts *f)
{
	const struct layout *l = r->layout;
	char entries[SET_SLOTS * OBJECT_SET_ENTRY];
	uint64_t mask, slots;
	raddr table;

	if (!task_fetch(r, set + (raddr)OFF(l, set_mask), &mask, WORD) ||
	    !task_fetch(r, set + (raddr)OFF(l, set_table), &table, WORD)) {
		f->torn = true;
		return;
	}
	slots = mask < SET_SLOTS ? mask + 1 : SET_SLOTS;
	f->cut |= mask >= SET_SLOTS;
	if (!task_fetch(r, table, entries, slots * OBJECT_SET_ENTRY)) {
		f->torn = true;
		return;
	}
	for (uint64_t i = 0; i < slots; i++) {
		raddr key = object_set_key(entries + i * OBJECT_SET_ENTRY);

		if (key)
			add_waiting(w, f, key);
	}
}

/* What waits for a future, by its own words. */
static void read_awaited_by(struct task_reader *r, const char *words, struct waiting *w,
			    struct task_facts *f)
{
	const struct asyncio_layout *a = r->asyncio;
	raddr by = word_at(words, a->task_awaited_by);

	if (!by)
		return;
	if (words[a->task_awaited_by_is_set])
		read_awaiter_set(r, by, w, f);
	else
		add_waiting(w, f, by);
}

/* The words of a future that tell who waits for it, and whether it is a task. */
static bool read_future(struct task_reader *r, raddr future, char words[ASYNCIO_MAX_TASK])
{
	const struct asyncio_layout *a = r->asyncio;
	int32_t from = a->task_awaited_by, to = from + WORD;

	from = a->task_is_task < from ? a->task_is_task : from;
	from = a->task_awaited_by_is_set < from ? a->task_awaited_by_is_set : from;
	to = a->task_is_task >= to ? a->task_is_task + 1 : to;
	to = a->task_awaited_by_is_set >= to ? a->task_awaited_by_is_set + 1 : to;
	return task_fetch(r, future + (raddr)from, words + from, (size_t)(to - from));
}

static void read_awaiters(struct task_reader *r, const char *head, struct task_facts *f)
{
	struct waiting w = { .n = 0 };
	unsigned futures = 0;

	read_awaited_by(r, head, &w, f);
	/* The list grows while it is walked, by what waits for plain futures. */
	for (size_t i = 0; i < w.n; i++) {
		char words[ASYNCIO_MAX_TASK];

		if (!read_future(r, w.v[i], words))
			f->torn = true;
		else if (words[r->asyncio->task_is_task])
			task_add_awaiter(f, w.v[i]);
		else if (futures++ < MAX_FUTURES)
			read_awaited_by(r, words, &w, f);
		else
			f->cut = true;
	}
}

/* --- the task -------------------------------------------------------------------- */

static void reset(struct task_facts *f)
{
	*f = (struct task_facts){
		.frames = f->frames, .frame_room = f->frame_room,
		.awaiters = f->awaiters, .awaiter_room = f->awaiter_room,
	};
}

/* The first words of the name: type; length and hash of a str, or an int's value. */
static bool read_identity(struct task_reader *r, struct task_facts *f)
{
	const int32_t from = OFF(r->layout, object_type), to = OFF(r->layout, object_size);
	char words[128];
	const size_t len = (size_t)(to - from) + sizeof(f->identity.words);

	if (to < from || len > sizeof(words) ||
	    !task_fetch(r, f->name + (raddr)from, words, len))
		return false;
	f->identity.type = word_at(words, 0);
	memcpy(f->identity.words, words + (to - from), sizeof(f->identity.words));
	return true;
}

static bool read_steps(struct task_reader *r, raddr task, struct task_facts *f)
{
	const struct asyncio_layout *a = r->asyncio;
	char head[ASYNCIO_MAX_TASK];

	if (!task_fetch(r, task, head, (size_t)a->task_size))
		return false;
	f->coro = word_at(head, a->task_coro);
	f->name = word_at(head, a->task_name);
	if (a->task_loop != ABSENT)
		f->loop = word_at(head, a->task_loop);
	if (a->task_state != ABSENT)
		f->finished = int_at(head, a->task_state) != 0;
	if (a->task_node != ABSENT) {
		f->next = word_at(head, a->task_node + OFF(r->layout, llist_next));
		f->prev = word_at(head, a->task_node + OFF(r->layout, llist_prev));
	}
	if (f->name && !read_identity(r, f))
		f->torn = true;
	read_chain(r, f);
	if (a->task_awaited_by != ABSENT)
		read_awaiters(r, head, f);
	else
		task_read_callbacks(r, task, head, f);
	return true;
}

bool task_read(struct task_reader *r, raddr task, struct task_pieces *pieces,
	       struct task_facts *f)
{
	bool ok;

	reset(f);
	r->pieces = pieces;
	r->cursor = 0;
	r->foreseen = pieces != NULL;
	ok = read_steps(r, task, f);
	if (pieces && r->cursor < pieces->n) {
		pieces->n = r->cursor;
		r->moved = true;
	}
	if (pieces && !r->foreseen)
		pieces->planned = false;
	r->pieces = NULL;
	return ok;
}

ptrdiff_t task_name(struct task_reader *r, const struct task_facts *f,
		    char name[TASK_NAME_MAX])
{
	uint64_t number;

	if (!f->name)
		return -1;
	/* Until somebody asks for it, a default name is only its number. */
	if (kind_of_type(r, f->identity.type) == TASK_KIND_INT)
		return object_uint(r->remote, r->layout, f->name, &number)
			? snprintf(name, TASK_NAME_MAX, "Task-%" PRIu64, number) : -1;
	return object_str(r->remote, r->layout, f->name, name, TASK_NAME_MAX);
}
