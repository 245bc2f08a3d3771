/* SPDX-License-Identifier: MIT */
#include "tachyon-record/exception.h"

#include <string.h>

#include "format/wire.h"
#include "tachyon-record/cpython/object.h"
#include "tachyon-record/unwind.h"
#include "tachyon-record/unwind_plan.h"

enum {
	WORD = 8,
	/* Room for a _PyErr_StackItem of any version. */
	MAX_ITEM = 64,
	/* Generators that run one another; a longer chain is not followed. */
	MAX_CHAIN = 256,
	/* The same where each one costs a read. */
	MAX_READS = 16,
	/* An item further from the frame is not read with it. */
	MAX_LEAD = 256,
	/*
	 * Where a program has a None of its own, as those have into which the
	 * linker copied it, the symbol is wrong: a few objects show it.
	 */
	TESTS = 4,
};

size_t exception_lead(const struct layout *l)
{
	int32_t item = OFF(l, gen_exc_state), frame = OFF(l, gen_frame);

	if (item == ABSENT || frame == ABSENT || item > frame || frame - item > MAX_LEAD)
		return 0;
	return (size_t)(frame - item);
}

static bool is_readable(const struct layout *l)
{
	return OFF(l, thread_raised) != ABSENT && OFF(l, thread_exc_info) != ABSENT &&
	       OFF(l, thread_exc_state) != ABSENT && OFF(l, excitem_value) != ABSENT &&
	       OFF(l, excitem_previous) != ABSENT &&
	       OFF(l, excitem_value) <= MAX_ITEM - WORD &&
	       OFF(l, excitem_previous) <= MAX_ITEM - WORD;
}

/* Bytes of an item that are read. */
static size_t item_size(const struct layout *l)
{
	int32_t value = OFF(l, excitem_value), previous = OFF(l, excitem_previous);

	return (size_t)(value > previous ? value : previous) + WORD;
}

static bool is_exception(struct unwind_context *c, raddr object)
{
	struct exceptions *all = &c->exceptions;

	if (!object || object == all->none)
		return false;
	if (object == all->other || (all->none && all->tested >= TESTS))
		return true;
	all->tested++;
	if (object_type_is(c->remote, c->layout, object, "NoneType")) {
		all->none = object;
		return false;
	}
	all->other = object;
	return true;
}

/* Takes one item; returns the next outer one, 0 when it is decided. */
static raddr take_item(struct exception *e, struct unwind_context *c, const char *item)
{
	e->active = is_exception(c, word_at(item, OFF(c->layout, excitem_value)));
	return e->active ? 0 : word_at(item, OFF(c->layout, excitem_previous));
}

/* Reads what was missing, and lets the next plan have it. */
static void follow(struct unwinder *u, struct unwind_context *c)
{
	const struct layout *l = c->layout;
	struct exception *e = &u->exception;
	const raddr outermost = u->state + (raddr)OFF(l, thread_exc_state);
	raddr item = e->missing;
	char bytes[MAX_ITEM];

	for (unsigned n = 0; !e->active && item && item != outermost; n++) {
		if (n == MAX_READS ||
		    remote_read(c->remote, item, bytes, item_size(l)) != READ_OK)
			return;
		/* Near its frame it is read whenever that is. */
		unwind_want(u, c, item + c->lead);
		unwind_keep(u, c, item + c->lead);
		item = take_item(e, c, bytes);
	}
	if (remote_ptr(c->remote, u->state + (raddr)OFF(l, thread_exc_info)) == e->innermost)
		e->known = true;
	else
		e->active = false;
}

void exception_take(struct unwinder *u, struct unwind_context *c, const struct snapshot *s)
{
	const struct layout *l = c->layout;
	struct exception *e = &u->exception;
	const char *state = unwind_state(u, c, s);
	raddr outermost, item;

	*e = (struct exception){ 0 };
	if (!state || !is_readable(l))
		return;
	outermost = u->state + (raddr)OFF(l, thread_exc_state);
	item = e->innermost = word_at(state, OFF(l, thread_exc_info));
	e->known = true;
	e->active = word_at(state, OFF(l, thread_raised)) != 0 ||
		    is_exception(c, word_at(state, OFF(l, thread_exc_state) +
						 OFF(l, excitem_value)));
	for (unsigned n = 0; !e->active && item && item != outermost; n++) {
		const char *p = snapshot_find(s, u->first_range, u->end_range, item,
					      item_size(l));

		if (!p || n == MAX_CHAIN) {
			e->known = false;
			e->missing = p ? 0 : item;
			break;
		}
		if (!c->lead)
			unwind_keep(u, c, item);
		item = take_item(e, c, p);
	}
	if (e->missing)
		follow(u, c);
}

uint32_t exception_flags(const struct exception *e)
{
	if (!e->known)
		return TRACE_EXCEPTION << TRACE_UNKNOWN_SHIFT;
	return e->active ? TRACE_EXCEPTION : 0;
}
