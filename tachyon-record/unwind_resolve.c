/* SPDX-License-Identifier: MIT */
#include "tachyon-record/unwind_resolve.h"

#include <string.h>

#include "tachyon-record/call_site.h"
#include "tachyon-record/code_copies.h"
#include "tachyon-record/cpython/call_sites.h"
#include "tachyon-record/records.h"
#include "tachyon-record/unwind_plan.h"

enum {
	/*
	 * Frames below the part that changed are looked up again so often where
	 * the interpreter does not tell that code objects were freed.
	 */
	RESOLVE_ALL_NS = 20000000,
	/* So often in turn a generator's caller is to be found at an unlikely place. */
	RIVALS = 8,
};

static bool same_frame(const struct frame *a, const struct frame *b)
{
	return a->address == b->address && a->code == b->code && a->instr == b->instr &&
	       a->copy == b->copy && a->entry == b->entry;
}

/*
 * How many frames stand above the one that the collector interrupts: those
 * that it has called.  0 if none does, or none that C can have called.
 */
static size_t above_collector(const struct frames *stack, raddr interrupted)
{
	for (size_t i = 1; interrupted && i < stack->n; i++)
		if (stack->v[i].address == interrupted)
			return stack->v[i - 1].entry ? i : 0;
	return 0;
}

raddr unwind_interrupted(const struct unwinder *u, raddr before)
{
	const struct frames *stack = &u->last;

	if (!stack->n || stack->v[0].address == before || above_collector(stack, before))
		return before;
	return stack->v[0].address;
}

/* Takes over the nodes of the callers that have not changed; returns how many. */
static size_t keep_unchanged(struct unwinder *u, const struct unwind_context *c,
			     struct frames *now, raddr marked)
{
	size_t most = now->n < u->last.n ? now->n : u->last.n, kept = 0;
	const struct frame *a = now->v + now->n, *b = u->last.v + u->last.n;

	if (u->marked != marked)
		return 0;
	if (c->clock.generation ? u->generation != c->clock.generation
				: c->clock.now_ns - u->resolved_ns > RESOLVE_ALL_NS ||
				  code_table_is_alert(c->codes, c->clock))
		return 0;
	/* What was repaired then is to be looked at again. */
	while (kept < most && same_frame(--a, --b) && !b->repaired) {
		now->v[now->n - 1 - kept].node = b->node;
		now->v[now->n - 1 - kept].number = b->number;
		now->v[now->n - 1 - kept].instruction = b->instruction;
		now->v[now->n - 1 - kept].is_shim = b->is_shim;
		kept++;
	}
	return kept;
}

static enum unwind_status from_code_status(enum code_status st)
{
	switch (st) {
	case CODE_OK:
		return UNWIND_EXACT;
	case CODE_UNREADABLE:
		return UNWIND_TORN;
	case CODE_NOT_CODE:
		return UNWIND_CORRUPT;
	case CODE_NO_ROOM:
		return UNWIND_NO_ROOM;
	case CODE_FULL:
		return UNWIND_FULL;
	}
	return UNWIND_CORRUPT;
}

enum unwind_status resolve_node(struct unwind_context *c, const struct node *n,
				uint32_t *node)
{
	bool is_new;

	*node = node_table_get(c->nodes, n, &is_new);
	if (!*node)
		return UNWIND_FULL;
	if (is_new && ring_push(c->ring, RECORD_NODE,
				&(struct record_node){ n->parent, n->code, n->lasti,
						       n->opcode },
				sizeof(struct record_node)) != 0) {
		node_table_undo(c->nodes);
		return UNWIND_NO_ROOM;
	}
	return UNWIND_EXACT;
}

/* How far into its code a frame is, in bytes; false if it is not in there. */
static bool code_offset(struct unwind_context *c, const struct frame *f,
			const struct code *code, int64_t *lasti)
{
	raddr first = code->first_instr;

	if (f->copy)
		first = code_copies_find(c->copies, c->remote, c->layout, code,
					 (uint32_t)f->copy, f->instr, c->copy_generation);
	*lasti = (int64_t)(f->instr - first);
	return (first || !f->copy) && *lasti < (int64_t)code->bytes;
}

enum unwind_status unwind_resolve(struct unwind_context *c, struct frame *f,
				  uint32_t parent, bool by_gc)
{
	const struct code *code;
	enum unwind_status marked;
	enum code_status st;
	int64_t lasti;

	/* What called the outermost frame is no news. */
	if (f->entry && parent != NODE_ROOT) {
		marked = resolve_node(c, &(struct node){ parent, by_gc ? CODE_GC : CODE_NATIVE, -1,
						     0 }, &parent);
		if (marked != UNWIND_EXACT)
			return marked;
	}
	f->node = parent;
	f->number = 0;
	f->instruction = 0;
	if (f->is_shim)
		return UNWIND_EXACT;
	st = code_table_get(c->codes, c->remote, c->layout, c->ring, f->code, c->clock, &code);
	if (st != CODE_OK)
		return from_code_status(st);
	f->has_locals = code->head.nlocalsplus > 0;
	f->is_shim = code->head.shim;
	if (f->is_shim)
		return UNWIND_EXACT;
	if (!code_offset(c, f, code, &lasti))
		return UNWIND_CORRUPT;
	f->has_begun = lasti > 0;
	f->number = code->number;
	if (lasti >= 0)
		f->instruction = code->head.bytecode
			? code->head.bytecode + (raddr)OFF(c->layout, bytes_data) + (raddr)lasti
			: f->instr;
	return resolve_node(c, &(struct node){ parent, code->number,
					   lasti < 0 ? -1 : (int32_t)lasti, 0 }, &f->node);
}

enum unwind_status unwind_add_opcode(struct unwind_context *c, unsigned opcode,
				     uint32_t *node)
{
	struct node n = *node_table_at(c->nodes, *node);

	n.opcode = opcode + 1;
	return resolve_node(c, &n, node);
}

static size_t memo_slot(raddr address)
{
	return (address >> 4) % MEMO_SLOTS;
}

/* Nodes are remembered as long as the code objects that they name are believed. */
static bool is_current(const struct unwind_context *c, const struct memo *m)
{
	return m->generation == c->clock.generation && !code_table_is_alert(c->codes, c->clock);
}

const struct memo *resolve_memo(const struct unwinder *u, const struct unwind_context *c,
				raddr frame)
{
	const struct memo *m = &u->memo[memo_slot(frame)];

	return m->frame == frame && is_current(c, m) ? m : NULL;
}

const struct memo *resolve_memo_of_code(const struct unwinder *u,
					const struct unwind_context *c, raddr code)
{
	const struct memo *m = &u->by_code[memo_slot(code)];

	return m->code == code && is_current(c, m) ? m : NULL;
}

void resolve_drop(struct frames *frames, size_t n)
{
	memmove(frames->v, frames->v + n, (frames->n - n) * sizeof(*frames->v));
	frames->n -= n;
}

/* What is known of a generator that the same caller's frame has resumed; NULL: nothing. */
static struct outlier *resumed_before(const struct unwinder *u, const struct frame *caller,
				      const struct frame *callee)
{
	struct outlier *known = unwind_outlier(u, callee->address);

	return known && known->caller_node && known->caller == caller->address ? known : NULL;
}

/*
 * The first look decides whether it was the generator or its caller, because
 * nothing else has a generator's frame: a caller that has gone on since stands
 * where it resumed the generator the last time.
 */
static bool repair(struct unwinder *u, struct unwind_context *c, struct frames *now, size_t i,
		   uint32_t *parent)
{
	const struct frame *caller = &now->v[i + 1];
	struct frame *callee = &now->v[i];
	const struct outlier *known;

	if (callee->owner != OWNED_BY_GENERATOR)
		return false;
	known = resumed_before(u, caller, callee);
	if (!known)
		return false;
	*parent = known->caller_node;
	/* It may stand there still, just before or behind the moment of resuming. */
	callee->repaired = !(call_site(c, caller) & SITE_RESUMES);
	u->repaired |= callee->repaired;
	return true;
}

/*
 * The caller of a generator stands where hardly any is resumed.  If it was seen
 * to resume it elsewhere it has gone on, unless it is found there all the time;
 * else a second look has to tell.
 */
static bool is_elsewhere(struct unwinder *u, struct unwind_context *c,
			 const struct frame *caller, const struct frame *callee)
{
	struct outlier *known;

	if (!call_site_is_rare(c, caller, callee))
		return false;
	known = resumed_before(u, caller, callee);
	if (!known) {
		if (!call_site_is_proved(c, caller))
			u->rare = caller->node;
		return false;
	}
	if (known->caller_node == caller->node)
		return false;
	known->rivals = known->rival == caller->node ? known->rivals + 1 : 1;
	known->rival = caller->node;
	return known->rivals < RIVALS;
}

enum unwind_status resolve_stack(struct unwinder *u, struct unwind_context *c,
				  struct frames *now, uint32_t *node)
{
	size_t above = above_collector(now, u->interrupted);
	size_t kept = keep_unchanged(u, c, now, above ? u->interrupted : 0);
	uint32_t parent = kept ? now->v[now->n - kept].node : NODE_ROOT, below = NODE_ROOT;

	u->dropped = 0;
	u->repaired = false;
	u->rare = NODE_ROOT;
	for (size_t i = now->n - kept; i-- > 0; ) {
		enum unwind_status st;

		if (i + 1 < now->n && (!call_site_holds(c, &now->v[i + 1], &now->v[i]) ||
				       is_elsewhere(u, c, &now->v[i + 1], &now->v[i])) &&
		    !repair(u, c, now, i, &parent)) {
			u->dropped = i + 1;
			break;
		}
		st = unwind_resolve(c, &now->v[i], parent, i + 1 == above);
		/* No frame yet, or not any more. */
		if (st == UNWIND_CORRUPT && i + 1 < now->n &&
		    call_site_is_inline(c, &now->v[i + 1], &now->v[i])) {
			u->dropped = i + 1;
			break;
		}
		if (st != UNWIND_EXACT)
			return st;
		if (i + 1 < now->n && !now->v[i + 1].is_shim &&
		    call_site_was_left(c, &now->v[i])) {
			u->dropped = i + 1;
			break;
		}
		below = parent;
		parent = now->v[i].node;
	}
	if (u->dropped)
		resolve_drop(now, u->dropped);
	if (now->n > kept) {
		const struct memo memo = { now->v[0].address, now->v[0].code, parent, below,
					   c->clock.generation };

		u->memo[memo_slot(memo.frame)] = memo;
		u->by_code[memo_slot(memo.code)] = memo;
	}
	if (!kept) {
		u->generation = c->clock.generation;
		u->resolved_ns = c->clock.now_ns;
	}
	u->marked = above > u->dropped ? u->interrupted : 0;
	u->leaf = now->v[0];
	*node = parent;
	return UNWIND_EXACT;
}

bool resolve_is_plausible(struct unwind_context *c, const struct frame *f)
{
	const struct code *code;
	int64_t lasti;

	return f->code && f->owner < c->layout->first_shim_owner &&
	       code_table_get(c->codes, c->remote, c->layout, c->ring, f->code, c->clock,
			      &code) == CODE_OK && code_offset(c, f, code, &lasti);
}
