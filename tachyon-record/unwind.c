/* SPDX-License-Identifier: MIT */
#include "tachyon-record/unwind.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tachyon-record/records.h"
#include "tachyon-record/unwind_objects.h"
#include "tachyon-record/unwind_plan.h"

enum {
	/* enum _frameowner, Include/internal/pycore_interpframe_structs.h */
	OWNED_BY_GENERATOR = 1,
	/* Tries for one leaf; more of them do not find many more. */
	MAX_TRIES = 50,
	/* The same while a complete chain from the leaf is already in hand. */
	CANDIDATE_TRIES = 8,
	/*
	 * A read that takes longer than this and its size explain was interrupted:
	 * what was there at its end may have gone and come back.
	 */
	QUICK_READ_NS = 20000,
	QUICK_RANGE_NS = 2000,
	QUICK_BYTE_NS = 2,
	/* Tries that a thread gets also when the time for them is over. */
	LEAST_TRIES = 4,
	/* Calls that the leaf may have made during a read. */
	MAX_CALLS = 32,
	/* Reads that only follow the chain: outliers of a stack seen first. */
	MAX_STEPS = 1 << 16,
	/*
	 * Frames below the part that changed are looked up again so often where
	 * the interpreter does not tell that code objects were freed.
	 */
	RESOLVE_ALL_NS = 20000000,
};

enum walk {
	WALK_DONE,
	WALK_MISSING,           /* a frame is not in the copy */
	WALK_TORN,              /* the chain ends at a frame that nothing called */
	WALK_DEEP,
	WALK_CORRUPT,
};

void unwinder_init(struct unwinder *u, raddr state, uint64_t tag)
{
	*u = (struct unwinder){ .state = state, .tag = tag };
}

void unwinder_release(struct unwinder *u)
{
	free(u->chunks);
	free(u->outliers);
	free(u->fresh);
	free(u->last.v);
	free(u->now.v);
	free(u->candidate.v);
	free(u->other.v);
	*u = (struct unwinder){ 0 };
}

void unwinder_forget(struct unwinder *u)
{
	u->last.n = 0;
	for (size_t i = 0; i < MEMO_SLOTS; i++)
		u->memo[i] = (struct memo){ 0 };
}

static struct frame *add_frame(struct frames *frames)
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

/* The copy of a frame; frames follow one another, so the last range is tried first. */
static const char *find_frame(const struct unwinder *u, const struct snapshot *s,
			      unsigned *range, raddr address, size_t size)
{
	const char *p = frame_in(s, *range, address, size);

	for (unsigned i = u->first_range; !p && i < u->end_range; i++) {
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

/* Takes the fields of the frame in the copy; false if it is none. */
static bool take_frame(const struct unwind_context *c, const char *p, struct frame *f)
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
	f->may_be_outermost = f->owner != OWNED_BY_GENERATOR;
	f->left = false;
	return true;
}

/* Copies the chain of frames from the leaf; *at is where it stopped. */
static enum walk walk(struct unwinder *u, const struct unwind_context *c,
		      const struct snapshot *s, raddr leaf, raddr *at)
{
	const struct layout *l = c->layout;
	const size_t size = (size_t)OFF(l, frame_size);
	/* More frames than the memory that was read can hold: a circle. */
	const size_t limit = s->len / size + 1;
	unsigned range = u->first_range;
	size_t entries = 0;
	bool complete = true;

	u->now.n = 0;
	u->now_left = false;
	for (*at = leaf; *at; ) {
		const char *p = find_frame(u, s, &range, *at, size);
		struct frame *f;

		if (!p)
			return WALK_MISSING;
		if (u->now.n == limit)
			return WALK_CORRUPT;
		if (u->now.n + entries >= NODE_DEEPEST)
			return WALK_DEEP;
		f = add_frame(&u->now);
		f->address = *at;
		if (!take_frame(c, p, f)) {
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
				: c->clock.now_ns - u->resolved_ns > RESOLVE_ALL_NS)
		return 0;
	while (kept < most && same_frame(--a, --b)) {
		now->v[now->n - 1 - kept].node = b->node;
		now->v[now->n - 1 - kept].number = b->number;
		now->v[now->n - 1 - kept].instruction = b->instruction;
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

static enum unwind_status get_node(struct unwind_context *c, const struct node *n,
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
		marked = get_node(c, &(struct node){ parent, by_gc ? CODE_GC : CODE_NATIVE, -1,
						     0 }, &parent);
		if (marked != UNWIND_EXACT)
			return marked;
	}
	f->node = parent;
	f->number = 0;
	f->instruction = 0;
	if (f->owner >= c->layout->first_shim_owner)
		return UNWIND_EXACT;
	st = code_table_get(c->codes, c->remote, c->layout, c->ring, f->code, c->clock, &code);
	if (st != CODE_OK)
		return from_code_status(st);
	if (code->head.shim)
		return UNWIND_EXACT;
	if (!code_offset(c, f, code, &lasti))
		return UNWIND_TORN;
	f->number = code->number;
	if (lasti >= 0)
		f->instruction = code->head.bytecode
			? code->head.bytecode + (raddr)OFF(c->layout, bytes_data) + (raddr)lasti
			: f->instr;
	return get_node(c, &(struct node){ parent, code->number,
					   lasti < 0 ? -1 : (int32_t)lasti, 0 }, &f->node);
}

enum unwind_status unwind_add_opcode(struct unwind_context *c, unsigned opcode,
				     uint32_t *node)
{
	struct node n = *node_table_at(c->nodes, *node);

	n.opcode = opcode + 1;
	return get_node(c, &n, node);
}

static struct memo *memo_of(struct unwinder *u, raddr frame)
{
	return &u->memo[(frame >> 4) % MEMO_SLOTS];
}

/* Gives every frame its node, callers first. */
static enum unwind_status resolve(struct unwinder *u, struct unwind_context *c,
				  struct frames *now, uint32_t *node)
{
	const size_t above = above_collector(now, u->interrupted);
	const raddr marked = above ? u->interrupted : 0;
	size_t kept = keep_unchanged(u, c, now, marked);
	uint32_t parent = kept ? now->v[now->n - kept].node : NODE_ROOT;

	for (size_t i = now->n - kept; i-- > 0; ) {
		enum unwind_status st = unwind_resolve(c, &now->v[i], parent, i + 1 == above);

		if (st != UNWIND_EXACT)
			return st;
		if (i == 0)
			*memo_of(u, now->v[0].address) = (struct memo){
				now->v[0].address, now->v[0].code, now->v[0].node, parent };
		parent = now->v[i].node;
	}
	if (!kept) {
		u->generation = c->clock.generation;
		u->resolved_ns = c->clock.now_ns;
	}
	u->marked = marked;
	u->leaf = now->v[0];
	*node = parent;
	return UNWIND_EXACT;
}

/* Frames of a stack that was resolved are worth reading at the next tick. */
static void touch_outliers(struct unwinder *u, const struct unwind_context *c,
			   const struct frames *stack)
{
	if (has_frame_objects(c)) {
		unwind_objects_touch(u, c, stack);
		return;
	}
	for (size_t i = 0; u->noutliers && i < stack->n; i++)
		if (!u->nchunks ||
		    stack->v[i].address - u->chunks[0].base >= u->chunks[0].size)
			unwind_touch(u, c, stack->v[i].address);
}

static void swap(struct frames *a, struct frames *b)
{
	struct frames t = *a;

	*a = *b;
	*b = t;
}

/* What is known of the leaf that this tick is about. */
struct leaf {
	raddr address;
	struct frame frame;             /* its contents when it was the leaf */
	raddr cframe;                   /* that named it, 0: none does */
	raddr earlier;                  /* innermost frame of its C frame, earlier; 0 */
	raddr missing;                  /* where the candidate goes on, 0: not begun */
	bool has_frame, has_candidate, has_other;
	bool decided;
	bool doubtful;                  /* the C frame may have been left by then */
};

/* The callers of the leaf's frame at an earlier time. */
static bool earlier_callers(struct unwinder *u, const struct frame *leaf, uint32_t *parent)
{
	const struct memo *m = memo_of(u, leaf->address);

	if (m->frame == leaf->address && m->code == leaf->code) {
		*parent = m->parent;
		return true;
	}
	for (size_t i = 0; i < u->last.n; i++)
		if (u->last.v[i].address == leaf->address && u->last.v[i].code == leaf->code) {
			*parent = i + 1 < u->last.n ? u->last.v[i + 1].node : NODE_ROOT;
			return true;
		}
	return false;
}

/* The callers of another call of the function, whose frame can be any object. */
static bool callers_of_code(const struct unwinder *u, raddr code, uint32_t *parent)
{
	for (size_t i = 0; i < MEMO_SLOTS; i++)
		if (u->memo[i].code == code) {
			*parent = u->memo[i].parent;
			return true;
		}
	return false;
}

/*
 * The first frame of another chain that called the leaf, which stood above it
 * in the data stack; n of the chain if that is not known.
 */
static size_t first_caller(const struct unwinder *u, const struct leaf *leaf)
{
	const struct chunk *chunk = u->chunks;
	const struct frames *other = &u->other;
	size_t first = 0;

	if (!u->nchunks || leaf->address - chunk->base >= chunk->size)
		return other->n;
	while (first < other->n && (other->v[first].address - chunk->base >= chunk->size ||
				    other->v[first].address >= leaf->address))
		first++;
	return first;
}

/*
 * The leaf was gone before its callers could be read.  They are known from
 * another chain; if its own frame is not, it becomes an unknown function.
 */
static enum unwind_status settle_other(struct unwinder *u, struct unwind_context *c,
					 const struct leaf *leaf, uint32_t *node)
{
	struct frames *other = &u->other;
	struct frame frame = leaf->frame;
	enum unwind_status st;
	size_t skip;

	if (!leaf->has_other)
		return UNWIND_TORN;
	skip = has_frame_objects(c)
		? unwind_objects_caller(u, leaf->has_frame ? &leaf->frame : NULL)
		: first_caller(u, leaf);
	if (skip == other->n)
		return UNWIND_TORN;
	memmove(other->v, other->v + skip, (other->n - skip) * sizeof(*other->v));
	other->n -= skip;
	st = resolve(u, c, other, node);
	if (st == UNWIND_EXACT && leaf->has_frame) {
		st = unwind_resolve(c, &frame, *node, false);
		*node = frame.node;
		u->leaf = frame;
	} else if (st == UNWIND_EXACT) {
		st = get_node(c, &(struct node){ *node, CODE_UNKNOWN, -1, 0 }, node);
		u->leaf.number = 0;
	}
	return st == UNWIND_EXACT ? UNWIND_INEXACT : st;
}

/* The leaf could not be completed: keeps it with the best callers known. */
static enum unwind_status settle(struct unwinder *u, struct unwind_context *c,
				 const struct leaf *leaf, uint32_t *node)
{
	struct frame frame = leaf->frame;
	enum unwind_status st;
	uint32_t parent;

	if ((!leaf->has_frame || leaf->doubtful) && leaf->earlier) {
		const struct memo *m = memo_of(u, leaf->earlier);

		if (m->frame == leaf->earlier) {
			*node = m->node;
			return UNWIND_INEXACT;
		}
	}
	if (leaf->has_candidate) {
		st = resolve(u, c, &u->candidate, node);
		if (st == UNWIND_EXACT) {
			touch_outliers(u, c, &u->candidate);
			swap(&u->last, &u->candidate);
		}
		if (st == UNWIND_EXACT || st == UNWIND_NO_ROOM || st == UNWIND_FULL)
			return st == UNWIND_EXACT ? UNWIND_INEXACT : st;
	}
	if (!leaf->has_frame || !earlier_callers(u, &frame, &parent)) {
		st = settle_other(u, c, leaf, node);
		if (st != UNWIND_TORN || !leaf->has_frame || !has_frame_objects(c) ||
		    !callers_of_code(u, frame.code, &parent))
			return st;
	}
	st = unwind_resolve(c, &frame, parent, false);
	u->leaf = frame;
	*node = frame.node;
	return st == UNWIND_EXACT ? UNWIND_INEXACT : st;
}

/* Memory that was a frame may hold anything soon afterwards. */
static bool is_plausible(struct unwind_context *c, const struct frame *f)
{
	const struct code *code;
	int64_t lasti;

	return f->code && f->owner < c->layout->first_shim_owner &&
	       code_table_get(c->codes, c->remote, c->layout, c->ring, f->code, c->clock,
			      &code) == CODE_OK && code_offset(c, f, code, &lasti);
}

/* Adds the frames of the last walk, which stopped at the address. */
static void extend_candidate(struct unwinder *u, const struct unwind_context *c,
			     struct leaf *leaf, enum walk w, raddr stopped)
{
	for (size_t i = 0; i < u->now.n; i++)
		*add_frame(&u->candidate) = u->now.v[i];
	leaf->has_candidate = w == WALK_DONE && !u->now_left;
	leaf->missing = w == WALK_MISSING && !u->now_left ? stopped : 0;
	if (leaf->missing)
		unwind_want(u, c, leaf->missing);
}

/*
 * Notes the first sight of the leaf's own frame, and of a chain from it,
 * which may have to be put together from several copies.
 */
static void note_leaf(struct unwinder *u, struct unwind_context *c, struct leaf *leaf,
		      enum walk w, raddr stopped)
{
	if (!u->now.n || !is_plausible(c, &u->now.v[0]))
		return;
	/* What a C frame names is remembered for when it is left too soon. */
	for (size_t i = 0; i < CFRAMES && leaf->cframe; i++)
		if (u->cframes[i].address == leaf->cframe)
			u->cframes[i].frame = leaf->address;
	if (!leaf->has_frame) {
		leaf->frame = u->now.v[0];
		leaf->has_frame = true;
	}
	if (!leaf->has_candidate && !leaf->missing &&
	    u->now.v[0].code == leaf->frame.code) {
		u->candidate.n = 0;
		extend_candidate(u, c, leaf, w, stopped);
	}
}

/* Follows the candidate where an earlier copy had to stop. */
static void follow_candidate(struct unwinder *u, const struct unwind_context *c,
			     const struct snapshot *s, struct leaf *leaf)
{
	raddr stopped;
	enum walk w;

	if (!leaf->missing)
		return;
	w = walk(u, c, s, leaf->missing, &stopped);
	extend_candidate(u, c, leaf, w, stopped);
}

/*
 * The leaf is not innermost any more.  What its memory holds soon afterwards,
 * as a caller or just left, is better than nothing; so is what runs now.
 */
static void look_back(struct unwinder *u, struct unwind_context *c,
		      const struct snapshot *s, struct leaf *leaf, raddr innermost)
{
	enum walk w;
	raddr at;

	follow_candidate(u, c, s, leaf);
	if (!leaf->has_frame || (!leaf->has_candidate && !leaf->missing)) {
		w = walk(u, c, s, leaf->address, &at);
		note_leaf(u, c, leaf, w, at);
		if (w == WALK_MISSING)
			unwind_want(u, c, at);
	}
	if (!leaf->has_candidate && !leaf->has_other && innermost &&
	    walk(u, c, s, innermost, &at) == WALK_DONE && !u->now_left) {
		swap(&u->other, &u->now);
		leaf->has_other = true;
	}
}

static enum unwind_status accept(struct unwinder *u, struct unwind_context *c, uint32_t *node)
{
	enum unwind_status st = resolve(u, c, &u->now, node);

	if (st == UNWIND_EXACT) {
		u->cframes[0].frame = u->now.v[0].address;
		touch_outliers(u, c, &u->now);
		swap(&u->last, &u->now);
	}
	return st;
}

/* Is the frame object among the callers of the innermost one, in the copy? */
static bool has_called(const struct unwinder *u, const struct unwind_context *c,
		       const struct snapshot *s, raddr frame, raddr innermost)
{
	const size_t size = (size_t)OFF(c->layout, frame_size);
	unsigned range = u->first_range;
	raddr at = innermost;

	for (unsigned n = 0; at && at != frame && n < MAX_CALLS; n++) {
		const char *p = find_frame(u, s, &range, at, size);
		struct frame f;

		if (!p || !unwind_object_frame(c, p, &f))
			return false;
		at = f.previous;
	}
	return at == frame;
}

/*
 * The leaf is still innermost at the end of the read, or it has made calls:
 * frames of a chunk come and go in the order of their addresses, so while a
 * later one is there it is there, too, and its callers have not moved.
 */
static bool is_still_there(const struct unwinder *u, const struct unwind_context *c,
			   const struct snapshot *s, const struct leaf_words *words)
{
	const struct chunk *chunk = u->chunks;

	if (s->took_ns > QUICK_READ_NS + QUICK_RANGE_NS * (uint64_t)s->n +
			 QUICK_BYTE_NS * (uint64_t)s->len)
		return false;
	if (words->last == words->first)
		return true;
	if (has_frame_objects(c))
		return has_called(u, c, s, words->first, words->last);
	return u->nchunks && words->last > words->first &&
	       words->first - chunk->base < chunk->size &&
	       words->last - chunk->base < chunk->size;
}

enum attempt { ATTEMPT_DONE, ATTEMPT_STEP, ATTEMPT_AGAIN, ATTEMPT_STOP };

/* One look at a copy for the leaf of this tick. */
static enum attempt attempt(struct unwinder *u, struct unwind_context *c,
			    const struct snapshot *s, struct leaf *leaf, uint32_t *node,
			    enum unwind_status *st)
{
	struct leaf_words words = unwind_leaf(u, c, s);
	const char *state = unwind_state(u, c, s);
	enum walk w;
	raddr at;

	if (state && word_at(state, OFF(c->layout, thread_tag)) != u->tag) {
		*st = UNWIND_REPLACED;
		return ATTEMPT_STOP;
	}
	unwind_learn(u, c, s);
	if (!words.first_known)
		return ATTEMPT_STEP;
	if (!leaf->decided || (leaf->doubtful && words.cframe_stayed &&
			       words.cframe == leaf->cframe)) {
		exception_take(u, c, s);
		*leaf = (struct leaf){
			.address = words.first,
			.cframe = words.cframe,
			.earlier = u->cframes[0].frame,
			.decided = true,
			.doubtful = words.cframe && !words.cframe_stayed,
		};
	}
	if (!leaf->address && !leaf->doubtful) {
		u->last.n = 0;
		*node = NODE_ROOT;
		*st = UNWIND_EXACT;
		return ATTEMPT_DONE;
	}
	if (words.first != leaf->address || words.cframe != leaf->cframe) {
		look_back(u, c, s, leaf, words.first);
		return ATTEMPT_AGAIN;
	}
	w = walk(u, c, s, leaf->address, &at);
	if (w == WALK_DONE && words.last_known && is_still_there(u, c, s, &words) &&
	    u->now.v[0].code &&
	    (!leaf->has_frame || leaf->frame.code == u->now.v[0].code)) {
		*st = accept(u, c, node);
		return *st == UNWIND_TORN || *st == UNWIND_CORRUPT ? ATTEMPT_AGAIN
								   : ATTEMPT_DONE;
	}
	note_leaf(u, c, leaf, w, at);
	*st = w == WALK_DEEP ? UNWIND_DEEP : w == WALK_CORRUPT ? UNWIND_CORRUPT : UNWIND_TORN;
	if (w == WALK_DEEP)
		return ATTEMPT_STOP;
	if (w != WALK_MISSING)
		return ATTEMPT_AGAIN;
	unwind_want(u, c, at);
	return ATTEMPT_STEP;
}

static unsigned most_tries(const struct leaf *leaf)
{
	return leaf->has_candidate ? CANDIDATE_TRIES : MAX_TRIES;
}

enum unwind_status unwind(struct unwinder *u, struct unwind_context *c, struct snapshot *s,
			  uint32_t *node)
{
	enum unwind_status st = UNWIND_TORN;
	struct leaf leaf = { 0 };
	unsigned tries = 0, steps = 0;

	u->exception = (struct exception){ 0 };
	u->leaf.number = 0;
	for (;;) {
		enum attempt a = attempt(u, c, s, &leaf, node, &st);
		enum read_status read;

		if (a == ATTEMPT_DONE)
			return st;
		if (a == ATTEMPT_STOP || (a == ATTEMPT_AGAIN && ++tries >= most_tries(&leaf)) ||
		    (a == ATTEMPT_STEP && ++steps == MAX_STEPS))
			break;
		if (clock_now() > c->retry_until_ns && (tries >= LEAST_TRIES || steps > MAX_TRIES))
			break;
		s = &c->retry;
		snapshot_reset(s);
		unwind_plan(u, c, s);
		read = snapshot_read(s, c->remote);
		if (read == READ_GONE)
			return UNWIND_GONE;
		if (read != READ_OK) {
			if (!snapshot_range(s, u->state_range))
				return UNWIND_UNREADABLE;
			unwind_distrust(u, s);
			tries++;
		}
		if (tries >= most_tries(&leaf))
			break;
	}
	if (st == UNWIND_TORN || st == UNWIND_CORRUPT)
		st = settle(u, c, &leaf, node);
	c->inexact += st == UNWIND_INEXACT;
	return st;
}
