/* SPDX-License-Identifier: MIT */
/*
 * PyFrameObject: Include/frameobject.h (3.8), Include/cpython/frameobject.h
 * (3.9, 3.10); their life: Objects/frameobject.c and Python/ceval.c.
 */
#include "tachyon-record/unwind_objects.h"

#include <stdlib.h>

#include "base/mem.h"
#include "tachyon-record/cpython/object.h"

enum {
	PAGE = 4096,
	/* Frames called one after the other often stand side by side, callers below. */
	AHEAD_PAGES = 4,
	/* frame_size in any version (layouts.c). */
	MAX_FRAME = 256,
	/* f_state and f_executing are small; running_states has 8 bits. */
	MOST_STATES = 8,
};

static bool is_running(const struct layout *l, const char *object)
{
	const unsigned state = (unsigned char)object[OFF(l, frame_running)];

	return state < MOST_STATES && l->running_states & 1U << state;
}

bool unwind_object_frame(const struct unwind_context *c, const char *object, struct frame *f)
{
	const struct layout *l = c->layout;
	const int64_t lasti = int_at(object, OFF(l, frame_instr));

	if (c->frame_type && word_at(object, OFF(l, object_type)) != c->frame_type)
		return false;
	f->code = word_at(object, OFF(l, frame_executable));
	f->instr = (raddr)(lasti * l->lasti_unit);
	f->previous = word_at(object, OFF(l, frame_previous));
	f->owner = 0;
	f->may_be_outermost = is_running(l, object);
	f->left = !f->may_be_outermost;
	return true;
}

/* Pages of the target, the highest first, and those below as far as they are mapped. */
struct ahead {
	char bytes[AHEAD_PAGES * PAGE];
	raddr top;              /* end of the highest page */
	size_t len;             /* bytes that arrived, in whole pages */
};

static void read_ahead(const struct unwind_context *c, struct ahead *a, raddr end)
{
	struct iovec pages[AHEAD_PAGES];
	enum read_status st;

	a->top = (end + PAGE - 1) & ~(raddr)(PAGE - 1);
	for (unsigned i = 0; i < AHEAD_PAGES; i++)
		pages[i] = (struct iovec){ (void *)(uintptr_t)(a->top - (i + 1) * PAGE), PAGE };
	a->len = remote_readv(c->remote, pages, AHEAD_PAGES, a->bytes, sizeof(a->bytes), &st);
	a->len -= a->len % PAGE;
}

/* Copies from the pages that were read; false if they do not hold all of it. */
static bool from_ahead(const struct ahead *a, raddr at, char *to, size_t size)
{
	if (at > a->top || a->top - at > a->len || a->top - at < size)
		return false;
	for (size_t done = 0; done < size; ) {
		size_t below = (size_t)(a->top - at - done - 1) / PAGE;
		size_t in_page = (size_t)(at + done) % PAGE;
		size_t n = PAGE - in_page < size - done ? PAGE - in_page : size - done;

		memcpy(to + done, a->bytes + below * PAGE + in_page, n);
		done += n;
	}
	return true;
}

/* The frame at address, from what was read ahead or by reading on from there. */
static bool get_frame(const struct unwind_context *c, struct ahead *a, raddr at, char *to)
{
	const size_t size = (size_t)OFF(c->layout, frame_size);

	if (from_ahead(a, at, to, size))
		return true;
	read_ahead(c, a, at + size);
	return from_ahead(a, at, to, size);
}

static int by_address(const void *a, const void *b)
{
	const raddr x = *(const raddr *)a, y = *(const raddr *)b;

	return x < y ? -1 : x > y;
}

/* Puts the addresses that were found among the outliers, which stay in order. */
static void add_outliers(struct unwinder *u, const struct unwind_context *c)
{
	size_t had = u->noutliers, n = u->nfresh, to;

	if (!n)
		return;
	qsort(u->fresh, n, sizeof(*u->fresh), by_address);
	u->outliers = mem_grow(u->outliers, &u->outlier_room, had + n, sizeof(*u->outliers));
	u->noutliers = to = had + n;
	while (n) {
		const raddr fresh = u->fresh[n - 1];

		if (had && u->outliers[had - 1].address > fresh) {
			u->outliers[--to] = u->outliers[--had];
		} else {
			u->outliers[--to] = (struct outlier){
				.address = fresh, .used_tick = c->tick };
			n--;
		}
	}
}

void unwind_objects_want(struct unwinder *u, const struct unwind_context *c, raddr address)
{
	struct outlier *known = unwind_outlier(u, address);
	struct ahead ahead = { .len = 0 };
	raddr seen = 0;

	u->nfresh = 0;
	for (raddr at = address; at && !known && u->nfresh < NODE_CAPACITY; ) {
		char object[MAX_FRAME];
		struct frame f;

		if (!get_frame(c, &ahead, at, object) || !unwind_object_frame(c, object, &f))
			break;
		u->fresh = mem_grow(u->fresh, &u->fresh_room, u->nfresh + 1, sizeof(*u->fresh));
		u->fresh[u->nfresh++] = at;
		/* A circle passes a place again that was noted within it. */
		if ((u->nfresh & (u->nfresh - 1)) == 0)
			seen = at;
		at = f.previous;
		if (at == seen)
			break;
		known = unwind_outlier(u, at);
	}
	if (known)
		known->used_tick = c->tick;
	add_outliers(u, c);
}

void unwind_objects_touch(struct unwinder *u, const struct unwind_context *c,
			  const struct frames *stack)
{
	struct outlier *last = u->outliers, *end = u->outliers + u->noutliers;

	for (size_t i = 0; i < stack->n && u->noutliers; i++) {
		const raddr address = stack->v[i].address;
		struct outlier *o = last;

		/* A deep stack goes up or down in memory, frame by frame. */
		if (o > u->outliers && o[-1].address == address)
			o--;
		else if (o + 1 < end && o[1].address == address)
			o++;
		else if (o->address != address)
			o = unwind_outlier(u, address);
		if (!o)
			continue;
		o->used_tick = c->tick;
		o->proven = true;
		last = o;
	}
}

/*
 * What runs now is the leaf's caller, if it returned, or was called by that.
 * The leaf's frame may still name its caller; else the caller was part of the
 * stack before and is now, or, in a recursion, is of the same function.
 */
size_t unwind_objects_caller(const struct unwinder *u, const struct frame *frame)
{
	const struct frames *other = &u->other, *last = &u->last;
	size_t first = 0;

	while (frame && first < other->n && other->v[first].address != frame->previous)
		first++;
	if (frame && first < other->n)
		return first;
	for (first = other->n; first > 0 && other->n - first < last->n; first--) {
		const struct frame *a = &other->v[first - 1];
		const struct frame *b = &last->v[last->n - 1 - (other->n - first)];

		if (a->address != b->address || a->code != b->code)
			break;
	}
	if (first <= 1)
		return first;
	return frame && frame->code == other->v[0].code ? 0 : other->n;
}

void unwind_objects_prime(struct unwinder *u, struct unwind_context *c)
{
	raddr leaf = remote_ptr(c->remote, u->state + (raddr)OFF(c->layout, thread_current_frame));

	if (!leaf)
		return;
	if (!c->frame_type && object_type_is(c->remote, c->layout, leaf, "frame"))
		c->frame_type = remote_ptr(c->remote, leaf + (raddr)OFF(c->layout, object_type));
	unwind_objects_want(u, c, leaf);
	u->primed = true;
}
