/* SPDX-License-Identifier: MIT */
/*
 * Frames of functions stand in the thread's data stack, a list of chunks
 * (_PyStackChunk, Include/cpython/pystate.h); frames of generators stand in
 * their objects.  The plan reads the used part of every chunk and the
 * outliers that were in use lately.
 */
#include "tachyon-record/unwind_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tachyon-record/cpython/call_sites.h"
#include "tachyon-record/exception.h"
#include "tachyon-record/unwind_objects.h"

enum {
	/* struct _stack_chunk: previous, size, top, data[] */
	CHUNK_PREVIOUS = 0,
	CHUNK_SIZE = 8,
	CHUNK_TOP = 16,
	CHUNK_DATA = 24,
	WORD = 8,
	/* A few calls deeper than lately is foreseen. */
	SLACK = 1024,
	/* How fast "lately" ends: by one part in so many each tick. */
	DEEPEST_DECAY = 64,
	/* C frames of one thread further apart than this are not read together. */
	MAX_CFRAME_SPAN = 8192,
	/* Read of a chunk about which nothing is known yet. */
	FIRST_USED = 4096,
	/*
	 * Guards against garbage.  A chunk has 16 KiB unless one frame needs more;
	 * 20 000 frames take some 2 MiB.
	 */
	MAX_CHUNK = 1 << 20,
	MAX_DATA_STACK = 64 << 20,
	/*
	 * An outlier that was not part of the stack for so many ticks is dropped:
	 * soon if there are many, because each range has its price.
	 */
	OUTLIER_TICKS = 256,
	MANY_OUTLIERS = 12,
	MANY_OBJECTS = 64,
	MANY_OUTLIER_TICKS = 4,
	/* Bytes between two outliers that cost less than a range of their own. */
	OUTLIER_GAP = 4096,
};

void unwind_context_init(struct unwind_context *c)
{
	static const enum layout_field fields[] = {
		FIELD_thread_next, FIELD_thread_interp, FIELD_thread_current_frame,
		FIELD_thread_cframe, FIELD_thread_ident, FIELD_thread_tag,
		FIELD_thread_datastack_chunk, FIELD_thread_datastack_top,
		FIELD_thread_state,
		FIELD_thread_raised, FIELD_thread_exc_info, FIELD_thread_exc_state,
	};
	c->state = layout_span(c->layout, fields, sizeof(fields) / sizeof(fields[0]));
	c->lead = exception_lead(c->layout);
	c->sites = call_sites_of(c->layout->version);
	c->site_units = c->sites && call_sites_have_units(c->sites);
}

void unwind_context_release(struct unwind_context *c)
{
	snapshot_release(&c->retry);
	free(c->bytecode);
	c->bytecode = NULL;
	c->bytecode_room = 0;
}

const char *unwind_state(const struct unwinder *u, const struct unwind_context *c,
			 const struct snapshot *s)
{
	const char *state = snapshot_range(s, u->state_range);

	return state ? state - c->state.from : NULL;
}

static bool has_cframe(const struct unwind_context *c)
{
	return OFF(c->layout, thread_cframe) != ABSENT;
}

/*
 * Up to 3.12 the innermost frame is named by a _PyCFrame on the C stack, and
 * each call from C has its own: the ones seen lately are read as one range.
 */
static size_t cframe_span(struct unwinder *u, const struct unwind_context *c)
{
	raddr low = u->cframes[0].address, high = low;

	for (size_t i = 1; i < CFRAMES && u->cframes[i].address; i++) {
		raddr at = u->cframes[i].address;
		raddr new_low = at < low ? at : low, new_high = at > high ? at : high;

		if (new_high - new_low > MAX_CFRAME_SPAN)
			break;
		low = new_low;
		high = new_high;
	}
	u->cframe_low = low;
	return (size_t)(high - low) + (size_t)OFF(c->layout, cframe_current_frame) + WORD;
}

/* What is read of the newest chunk. */
static size_t planned(const struct unwinder *u)
{
	const struct chunk *chunk = &u->chunks[0];
	size_t len = (chunk->used > u->deepest ? chunk->used : u->deepest) + SLACK;

	return len < chunk->size ? len : chunk->size;
}

static void drop_old_outliers(struct unwinder *u, const struct unwind_context *c)
{
	const size_t many = has_frame_objects(c) ? MANY_OBJECTS : MANY_OUTLIERS;
	uint64_t most = u->noutliers > many ? MANY_OUTLIER_TICKS : OUTLIER_TICKS;
	const uint64_t tick = c->tick;
	size_t keep = 0;

	for (size_t i = 0; i < u->noutliers; i++)
		if (tick - u->outliers[i].used_tick <= (u->outliers[i].proven ? most : 0))
			u->outliers[keep++] = u->outliers[i];
	u->noutliers = keep;
}

/* Neighbours become one range; C's frames stand close together. */
static void plan_outliers(struct unwinder *u, const struct unwind_context *c,
			  struct snapshot *s)
{
	const size_t frame_size = (size_t)OFF(c->layout, frame_size);

	drop_old_outliers(u, c);
	u->outlier_range = s->n;
	for (size_t i = 0; i < u->noutliers; ) {
		raddr first = u->outliers[i].address, from = first, to = first + frame_size;

		/* What a torn read names can be any number. */
		if (first > c->lead)
			from -= c->lead;

		for (i++; i < u->noutliers && u->outliers[i].address - to < OUTLIER_GAP; i++)
			to = u->outliers[i].address + frame_size;
		snapshot_add(s, from, (size_t)(to - from));
	}
	u->outlier_end = s->n;
}

static size_t plan_leaf(struct unwinder *u, const struct unwind_context *c, struct snapshot *s)
{
	const struct layout *l = c->layout;
	size_t span = 0;

	u->first_range = snapshot_add(s, u->state + (raddr)(has_cframe(c)
							   ? OFF(l, thread_cframe)
							   : OFF(l, thread_current_frame)), WORD);
	if (has_cframe(c) && u->cframes[0].address) {
		span = cframe_span(u, c);
		u->cframe_range = snapshot_add(s, u->cframe_low, span);
	}
	return span;
}

/*
 * What is read first is as the program left it.  Afterwards the program may be
 * held up: a core that has lost a cache line to a reader waits at its next
 * store to it, and so do all later stores.  So what decides comes first: the
 * word that names the innermost frame.
 */
void unwind_plan(struct unwinder *u, const struct unwind_context *c, struct snapshot *s)
{
	const size_t span = plan_leaf(u, c, s);

	u->frames_range = s->n;
	if (u->nchunks)
		snapshot_add(s, u->chunks[0].base, planned(u));
	plan_outliers(u, c, s);
	for (size_t i = 1; i < u->nchunks; i++)
		snapshot_add(s, u->chunks[i].base, u->chunks[i].used);
	u->end_range = s->n;
	/* Which frame is innermost is asked again, last. */
	u->state_range = snapshot_add(s, u->state + (raddr)c->state.from,
				      (size_t)c->state.len);
	if (span)
		snapshot_add(s, u->cframe_low, span);
}

/* The innermost frame by way of the C frame at cframe, in the range span. */
static bool leaf_of_cframe(const struct unwinder *u, const struct unwind_context *c,
			   const struct snapshot *s, raddr cframe, unsigned span,
			   raddr *leaf)
{
	const char *word;

	if (!u->cframes[0].address)
		return false;
	word = snapshot_find(s, span, span + 1,
			     cframe + (raddr)OFF(c->layout, cframe_current_frame), WORD);
	if (word)
		*leaf = word_at(word, 0);
	return word != NULL;
}

struct leaf_words unwind_leaf(const struct unwinder *u, const struct unwind_context *c,
			      const struct snapshot *s)
{
	const char *first = snapshot_range(s, u->first_range);
	const char *state = unwind_state(u, c, s);
	struct leaf_words leaf = { 0 };

	if (!first)
		return leaf;
	if (has_cframe(c)) {
		leaf.cframe = word_at(first, 0);
		leaf.first_known = leaf_of_cframe(u, c, s, leaf.cframe, u->cframe_range,
						  &leaf.first);
		leaf.cframe_stayed = state && word_at(state, OFF(c->layout, thread_cframe)) ==
				     leaf.cframe;
		leaf.last_known = leaf.cframe_stayed &&
				  leaf_of_cframe(u, c, s, leaf.cframe, u->state_range + 1,
						 &leaf.last);
		return leaf;
	}
	leaf.first = word_at(first, 0);
	leaf.first_known = true;
	leaf.last_known = state != NULL;
	leaf.last = state ? word_at(state, OFF(c->layout, thread_current_frame)) : 0;
	return leaf;
}

/* Moves the C frame to the front of those seen lately. */
static void learn_cframe(struct unwinder *u, raddr cframe)
{
	struct cframe found = { cframe, 0 };
	size_t i = 0;

	while (i < CFRAMES - 1 && u->cframes[i].address && u->cframes[i].address != cframe)
		i++;
	if (u->cframes[i].address == cframe)
		found = u->cframes[i];
	for (; i > 0; i--)
		u->cframes[i] = u->cframes[i - 1];
	u->cframes[0] = found;
}

static void add_chunk(struct unwinder *u, raddr base, uint64_t size, uint64_t top)
{
	struct chunk chunk = { base, FIRST_USED, FIRST_USED };

	if (size >= CHUNK_DATA && size <= MAX_CHUNK)
		chunk.size = size;
	if (top < MAX_CHUNK / WORD)
		chunk.used = CHUNK_DATA + WORD * top;
	if (chunk.used > chunk.size)
		chunk.used = chunk.size;
	u->chunks = mem_grow(u->chunks, &u->chunk_room, u->nchunks + 1, sizeof(*u->chunks));
	u->chunks[u->nchunks++] = chunk;
}

/* Follows the list of chunks from the newest to the oldest. */
static void list_chunks(struct unwinder *u, struct unwind_context *c, raddr newest)
{
	raddr base = newest;
	size_t total = 0;

	u->nchunks = 0;
	while (base && total < MAX_DATA_STACK) {
		char head[CHUNK_DATA];

		if (remote_read(c->remote, base, head, sizeof(head)) != READ_OK)
			break;
		add_chunk(u, base, word_at(head, CHUNK_SIZE), word_at(head, CHUNK_TOP));
		total += u->chunks[u->nchunks - 1].size;
		base = word_at(head, CHUNK_PREVIOUS);
	}
}

void unwind_learn(struct unwinder *u, struct unwind_context *c, const struct snapshot *s)
{
	const char *state = unwind_state(u, c, s), *first = snapshot_range(s, u->first_range);
	raddr newest, top;
	size_t used;

	if (has_cframe(c) && state)
		learn_cframe(u, word_at(state, OFF(c->layout, thread_cframe)));
	/* The one that the tick is about comes to the front. */
	if (has_cframe(c) && first)
		learn_cframe(u, word_at(first, 0));
	if (!state)
		return;
	if (has_frame_objects(c))
		return;
	newest = word_at(state, OFF(c->layout, thread_datastack_chunk));
	top = word_at(state, OFF(c->layout, thread_datastack_top));
	if (!newest) {
		u->nchunks = 0;
		return;
	}
	if (!u->nchunks || u->chunks[0].base != newest)
		list_chunks(u, c, newest);
	if (!u->nchunks)
		return;
	/* The state may be freed memory: nothing is believed blindly. */
	used = top - newest < u->chunks[0].size ? (size_t)(top - newest) : u->chunks[0].size;
	u->chunks[0].used = used < CHUNK_DATA ? CHUNK_DATA : used;
	u->deepest -= u->deepest / DEEPEST_DECAY;
	if (u->deepest < used)
		u->deepest = used;
}

bool unwind_is_new(const struct unwinder *u, const struct unwind_context *c)
{
	return has_frame_objects(c) ? !u->primed : !u->nchunks;
}

void unwind_prime(struct unwinder *u, struct unwind_context *c)
{
	struct snapshot *s = &c->retry;

	if (has_frame_objects(c)) {
		unwind_objects_prime(u, c);
		return;
	}
	snapshot_reset(s);
	unwind_plan(u, c, s);
	snapshot_read(s, c->remote);
	unwind_learn(u, c, s);
}

/* Index of the first outlier at or behind the address. */
static size_t outlier_place(const struct unwinder *u, raddr address)
{
	size_t low = 0, high = u->noutliers;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (u->outliers[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void unwind_want(struct unwinder *u, const struct unwind_context *c, raddr address)
{
	const size_t frame_size = (size_t)OFF(c->layout, frame_size);
	size_t at;

	if (has_frame_objects(c)) {
		unwind_objects_want(u, c, address);
		return;
	}
	/* Deeper in the newest chunk than foreseen: unwind_learn() has its top. */
	if (u->nchunks && address - u->chunks[0].base < u->chunks[0].size &&
	    address - u->chunks[0].base + frame_size <= planned(u))
		return;
	/* In an older chunk that has grown since it was listed: list again. */
	for (size_t i = 0; i < u->nchunks; i++)
		if (address - u->chunks[i].base < u->chunks[i].size) {
			u->nchunks = 0;
			return;
		}
	at = outlier_place(u, address);
	if (at < u->noutliers && u->outliers[at].address == address) {
		u->outliers[at].used_tick = c->tick;
		return;
	}
	u->outliers = mem_grow(u->outliers, &u->outlier_room, u->noutliers + 1,
			       sizeof(*u->outliers));
	memmove(u->outliers + at + 1, u->outliers + at,
		(u->noutliers - at) * sizeof(*u->outliers));
	u->noutliers++;
	/* A torn read names anything: it counts for this tick only until it is proven. */
	u->outliers[at] = (struct outlier){ .address = address, .used_tick = c->tick };
}

struct outlier *unwind_outlier(const struct unwinder *u, raddr address)
{
	size_t at = outlier_place(u, address);

	return at < u->noutliers && u->outliers[at].address == address ? &u->outliers[at]
								       : NULL;
}

void unwind_keep(struct unwinder *u, const struct unwind_context *c, raddr address)
{
	struct outlier *o = unwind_outlier(u, address);

	if (!o)
		return;
	o->used_tick = c->tick;
	o->proven = true;
}

void unwind_touch(struct unwinder *u, const struct unwind_context *c, raddr address,
		  const struct frame *caller)
{
	struct outlier *o = unwind_outlier(u, address);

	if (!o)
		return;
	unwind_keep(u, c, address);
	o->caller = caller ? caller->address : 0;
	o->caller_node = caller ? caller->node : NODE_ROOT;
	o->rivals = 0;
}

void unwind_touch_all(struct unwinder *u, const struct unwind_context *c,
		      const struct frames *stack)
{
	if (has_frame_objects(c)) {
		unwind_objects_touch(u, c, stack);
		return;
	}
	for (size_t i = 0; u->noutliers && i < stack->n; i++) {
		const struct frame *f = &stack->v[i];

		if (u->nchunks && f->address - u->chunks[0].base < u->chunks[0].size)
			continue;
		if (f->repaired)
			unwind_keep(u, c, f->address);
		else
			unwind_touch(u, c, f->address,
				     i + 1 < stack->n ? &stack->v[i + 1] : NULL);
	}
}

bool unwind_distrust(struct unwinder *u, const struct snapshot *s)
{
	size_t keep = 0, had = u->noutliers;
	raddr from, to;
	unsigned i = 0;

	while (i < s->n && snapshot_range(s, i))
		i++;
	if (i == s->n)
		return true;
	if (i == u->first_range || i == u->state_range)
		return false;
	from = (raddr)(uintptr_t)s->ranges[i].iov_base;
	to = from + s->ranges[i].iov_len;
	for (size_t k = 0; k < had; k++)
		if (u->outliers[k].address < from || u->outliers[k].address >= to)
			u->outliers[keep++] = u->outliers[k];
	u->noutliers = keep;
	if (keep != had)
		return true;
	/* Not an outlier: what is known of the data stack or the C stack is old. */
	u->nchunks = 0;
	u->deepest = 0;
	for (size_t k = 0; k < CFRAMES; k++)
		u->cframes[k] = (struct cframe){ 0 };
	return true;
}
