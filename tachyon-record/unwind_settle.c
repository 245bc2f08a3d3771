/* SPDX-License-Identifier: MIT */
#include "tachyon-record/unwind_settle.h"

#include "tachyon-record/records.h"
#include "tachyon-record/unwind_objects.h"
#include "tachyon-record/unwind_plan.h"
#include "tachyon-record/unwind_resolve.h"
#include "tachyon-record/unwind_walk.h"

/* The callers of the leaf's frame at an earlier time. */
static bool earlier_callers(struct unwinder *u, const struct unwind_context *c,
			    const struct frame *leaf, uint32_t *parent)
{
	const struct memo *m = resolve_memo(u, c, leaf->address);

	if (m && m->code == leaf->code) {
		*parent = m->parent;
		return true;
	}
	if (code_table_is_alert(c->codes, c->clock))
		return false;
	for (size_t i = 0; i < u->last.n; i++)
		if (u->last.v[i].address == leaf->address && u->last.v[i].code == leaf->code) {
			*parent = i + 1 < u->last.n ? u->last.v[i + 1].node : NODE_ROOT;
			return true;
		}
	m = has_frame_objects(c) ? NULL : resolve_memo_of_code(u, c, leaf->code);
	if (m)
		*parent = m->parent;
	return m != NULL;
}

/* The callers of another call of the function, whose frame can be any object. */
static bool callers_of_code(const struct unwinder *u, const struct unwind_context *c,
			    raddr code, uint32_t *parent)
{
	if (code_table_is_alert(c->codes, c->clock))
		return false;
	for (size_t i = 0; i < MEMO_SLOTS; i++)
		if (u->memo[i].code == code) {
			*parent = u->memo[i].parent;
			return true;
		}
	return false;
}

/*
 * The first frame of another chain that called the leaf: below it in the data
 * stack, or, for a generator that could be anyone's, all of the data stack.  n
 * of the chain if that is not known.
 */
static size_t first_caller(const struct unwinder *u, const struct leaf *leaf)
{
	const struct chunk *chunk = u->chunks;
	const struct frames *other = &u->other;
	raddr above;
	size_t first = 0;

	if (!u->nchunks)
		return other->n;
	above = leaf->address - chunk->base < chunk->size ? leaf->address
							  : chunk->base + chunk->size;
	while (first < other->n && (other->v[first].address - chunk->base >= chunk->size ||
				    other->v[first].address >= above))
		first++;
	return first;
}

/*
 * Without a chain from another leaf: the frames of the last stack that still
 * stand in the data stack as they did, outermost first up to the first one that
 * does not.
 */
static bool recall_other(struct unwinder *u, const struct unwind_context *c,
			 const struct snapshot *s)
{
	const struct frames *last = &u->last;
	const size_t size = (size_t)OFF(c->layout, frame_size);
	unsigned range = u->frames_range;
	size_t first = last->n;

	if (!u->nchunks || has_frame_objects(c))
		return false;
	while (first > 0) {
		const struct frame *f = &last->v[first - 1];
		const char *p = f->address - u->chunks[0].base < u->chunks[0].size
			? walk_find_frame(u, s, &range, f->address, size) : NULL;
		struct frame now = { .address = f->address };

		/* The interpreter's own frames stand on the C stack. */
		if (!f->is_shim && (!p || !walk_take_frame(c, p, &now) || now.code != f->code ||
				    now.previous != f->previous))
			break;
		first--;
	}
	u->other.n = 0;
	for (size_t i = first; i < last->n; i++)
		*walk_add_frame(&u->other) = last->v[i];
	return u->other.n != 0;
}

/*
 * The leaf was gone before its callers could be read.  They are known from
 * another chain; if its own frame is not, it becomes an unknown function.
 */
static enum unwind_status settle_other(struct unwinder *u, struct unwind_context *c,
				       const struct snapshot *s, const struct leaf *leaf,
				       uint32_t *node)
{
	struct frames *other = &u->other;
	struct frame frame = leaf->frame;
	enum unwind_status st;
	size_t skip;

	if (!leaf->has_other && !recall_other(u, c, s))
		return UNWIND_TORN;
	skip = has_frame_objects(c)
		? unwind_objects_caller(u, leaf->has_frame ? &leaf->frame : NULL)
		: first_caller(u, leaf);
	if (skip == other->n)
		return UNWIND_TORN;
	resolve_drop(other, skip);
	st = resolve_stack(u, c, other, node);
	if (st == UNWIND_EXACT && leaf->has_frame) {
		st = unwind_resolve(c, &frame, *node, false);
		*node = frame.node;
		u->leaf = frame;
	} else if (st == UNWIND_EXACT) {
		st = resolve_node(c, &(struct node){ *node, CODE_UNKNOWN, -1, 0 }, node);
		u->leaf.number = 0;
	}
	return st == UNWIND_EXACT ? UNWIND_INEXACT : st;
}

/* The leaf could not be completed: keeps it with the best callers known. */
enum unwind_status unwind_settle(struct unwinder *u, struct unwind_context *c,
				 const struct snapshot *s, const struct leaf *leaf,
				 uint32_t *node)
{
	struct frame frame = leaf->frame;
	enum unwind_status st;
	uint32_t parent;

	if ((!leaf->has_frame || leaf->doubtful) && leaf->earlier) {
		const struct memo *m = resolve_memo(u, c, leaf->earlier);

		if (m) {
			*node = m->node;
			return UNWIND_INEXACT;
		}
	}
	if (leaf->has_candidate) {
		st = resolve_stack(u, c, &u->candidate, node);
		if (st == UNWIND_EXACT) {
			unwind_touch_all(u, c, &u->candidate);
			frames_swap(&u->last, &u->candidate);
		}
		if (st == UNWIND_EXACT || st == UNWIND_NO_ROOM || st == UNWIND_FULL)
			return st == UNWIND_EXACT ? UNWIND_INEXACT : st;
	}
	if (!leaf->has_frame && !has_frame_objects(c) && resolve_memo(u, c, leaf->address)) {
		*node = resolve_memo(u, c, leaf->address)->node;
		return UNWIND_INEXACT;
	}
	if (!leaf->has_frame || !earlier_callers(u, c, &frame, &parent)) {
		st = settle_other(u, c, s, leaf, node);
		if (st != UNWIND_TORN || !leaf->has_frame || !has_frame_objects(c) ||
		    !callers_of_code(u, c, frame.code, &parent))
			return st;
	}
	st = unwind_resolve(c, &frame, parent, false);
	u->leaf = frame;
	*node = frame.node;
	return st == UNWIND_EXACT ? UNWIND_INEXACT : st;
}
