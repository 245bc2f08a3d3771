/* SPDX-License-Identifier: MIT */
#include "tachyon-record/unwind_walk.h"

#include "base/mem.h"
#include "tachyon-record/unwind_objects.h"
#include "tachyon-record/unwind_plan.h"

void frames_swap(struct frames *a, struct frames *b)
{
	struct frames t = *a;

	*a = *b;
	*b = t;
}

struct frame *walk_add_frame(struct frames *frames)
{
	if (frames->n == frames->room)
		frames->v = mem_grow(frames->v, &frames->room, frames->n + 1,
				     sizeof(*frames->v));
	return &frames->v[frames->n++];
}

/* The copy of a frame in one range, NULL if it is not there. */
static const char *frame_in(const struct snapshot *s, unsigned range, raddr address, size_t size)
{
	raddr base = (raddr)(uintptr_t)s->ranges[range].iov_base;

	if (address - base < s->ranges[range].iov_len &&
	    address - base + size <= s->ranges[range].iov_len && snapshot_range(s, range))
		return s->copy + s->at[range] + (address - base);
	return NULL;
}

/* The range that may hold an outlier: they are in order and do not overlap. */
static unsigned outlier_range(const struct unwinder *u, const struct snapshot *s, raddr address)
{
	unsigned low = u->outlier_range, high = u->outlier_end;

	while (high - low > 1) {
		unsigned middle = low + (high - low) / 2;

		if ((raddr)(uintptr_t)s->ranges[middle].iov_base <= address)
			low = middle;
		else
			high = middle;
	}
	return low;
}

const char *walk_find_frame(const struct unwinder *u, const struct snapshot *s,
			    unsigned *range, raddr address, size_t size)
{
	const char *p = frame_in(s, *range, address, size);

	for (unsigned i = u->frames_range; !p && i < u->end_range; i++) {
		/* There may be thousands of outliers, and a few of all others. */
		if (i == u->outlier_range && i < u->outlier_end) {
			*range = outlier_range(u, s, address);
			p = frame_in(s, *range, address, size);
			i = u->outlier_end - 1;
		} else {
			*range = i;
			p = frame_in(s, i, address, size);
		}
	}
	return p;
}

static bool is_entry(const struct layout *l, const char *p)
{
	if (OFF(l, frame_is_entry) != ABSENT)
		return p[OFF(l, frame_is_entry)] != 0;
	return (uint8_t)p[OFF(l, frame_owner)] >= l->first_shim_owner;
}

bool walk_take_frame(const struct unwind_context *c, const char *p, struct frame *f)
{
	const struct layout *l = c->layout;

	if (has_frame_objects(c))
		return unwind_object_frame(c, p, f);
	f->code = word_at(p, OFF(l, frame_executable)) & l->executable_mask;
	f->instr = word_at(p, OFF(l, frame_instr));
	f->copy = OFF(l, frame_copy) != ABSENT ? int_at(p, OFF(l, frame_copy)) : 0;
	f->previous = word_at(p, OFF(l, frame_previous));
	f->owner = (uint8_t)p[OFF(l, frame_owner)];
	f->entry = is_entry(l, p);
	f->is_shim = f->owner >= l->first_shim_owner;
	f->runs = l->stack_is_index && int_at(p, OFF(l, frame_stack)) == -1;
	f->is_empty = OFF(l, frame_stack) != ABSENT && !l->stack_is_index &&
		      word_at(p, OFF(l, frame_stack)) == f->address + (raddr)OFF(l, frame_size);
	f->may_be_outermost = f->owner != OWNED_BY_GENERATOR;
	f->left = false;
	return true;
}

/* Copies the chain of frames from an address, behind those there are. */
static enum walk walk_on(struct unwinder *u, const struct unwind_context *c,
			 const struct snapshot *s, raddr from, raddr *at)
{
	const struct layout *l = c->layout;
	const size_t size = (size_t)OFF(l, frame_size);
	/* More frames than the memory that was read can hold: a circle. */
	const size_t limit = s->len / size + 1;
	unsigned range = u->frames_range;
	size_t entries = u->now.n;
	bool complete = true;

	for (*at = from; *at; ) {
		const char *p = walk_find_frame(u, s, &range, *at, size);
		struct frame *f;

		if (!p)
			return WALK_MISSING;
		if (u->now.n == limit)
			return WALK_CORRUPT;
		if (u->now.n + entries >= NODE_DEEPEST)
			return WALK_DEEP;
		f = walk_add_frame(&u->now);
		*f = (struct frame){ .address = *at };
		if (!walk_take_frame(c, p, f)) {
			u->now.n--;
			return WALK_TORN;
		}
		complete = f->may_be_outermost;
		entries += f->entry;
		u->now_left |= f->left;
		*at = f->previous;
	}
	return complete ? WALK_DONE : WALK_TORN;
}

enum walk walk_from(struct unwinder *u, const struct unwind_context *c,
		    const struct snapshot *s, raddr leaf, raddr *at)
{
	const struct outlier *known;
	enum walk w;

	u->now.n = 0;
	u->now_left = false;
	w = walk_on(u, c, s, leaf, at);
	/*
	 * A generator is suspended by now, and has no caller.  If the one it had
	 * still stands where it resumed it, it ran when that one was copied.
	 */
	if (w == WALK_TORN && u->now.n == 1 && !has_frame_objects(c)) {
		known = unwind_outlier(u, leaf);
		if (known && known->caller &&
		    walk_on(u, c, s, known->caller, at) == WALK_DONE)
			return WALK_DONE;
		u->now.n = 1;
	}
	return w;
}
