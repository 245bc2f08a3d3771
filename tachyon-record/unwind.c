/* SPDX-License-Identifier: MIT */
#include "tachyon-record/unwind.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tachyon-record/call_site.h"
#include "tachyon-record/cpython/call_sites.h"
#include "tachyon-record/records.h"
#include "tachyon-record/unwind_objects.h"
#include "tachyon-record/unwind_plan.h"
#include "tachyon-record/unwind_resolve.h"

enum {
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
	/* Calls that may have been made since the leaf was asked for. */
	MAX_EXTENSIONS = 64,
	/* Bytes of a frame, as a rule: behind it begins its callee's. */
	MAX_FRAME = 1024,
	WORD = 8,
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
		u->memo[i] = u->by_code[i] = (struct memo){ 0 };
	for (size_t i = 0; i < u->noutliers; i++)
		u->outliers[i].caller_node = NODE_ROOT;
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
		const char *p = find_frame(u, s, &range, *at, size);
		struct frame *f;

		if (!p)
			return WALK_MISSING;
		if (u->now.n == limit)
			return WALK_CORRUPT;
		if (u->now.n + entries >= NODE_DEEPEST)
			return WALK_DEEP;
		f = add_frame(&u->now);
		*f = (struct frame){ .address = *at };
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

/* Copies the chain of frames from the leaf; *at is where it stopped. */
static enum walk walk(struct unwinder *u, const struct unwind_context *c,
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

/* Frames of a stack that was resolved are worth reading at the next tick. */
static void touch_outliers(struct unwinder *u, const struct unwind_context *c,
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
	uint32_t rare;                  /* as in the unwinder, of an earlier read */
	bool has_frame, has_candidate, has_other, has_exception;
	bool decided;
	bool doubtful;                  /* the C frame may have been left by then */
};

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
			? find_frame(u, s, &range, f->address, size) : NULL;
		struct frame now = { .address = f->address };

		/* The interpreter's own frames stand on the C stack. */
		if (!f->is_shim && (!p || !take_frame(c, p, &now) || now.code != f->code ||
				    now.previous != f->previous))
			break;
		first--;
	}
	u->other.n = 0;
	for (size_t i = first; i < last->n; i++)
		*add_frame(&u->other) = last->v[i];
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
static enum unwind_status settle(struct unwinder *u, struct unwind_context *c,
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
			touch_outliers(u, c, &u->candidate);
			swap(&u->last, &u->candidate);
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
	if (!u->now.n || !resolve_is_plausible(c, &u->now.v[0]))
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
	if (leaf->has_candidate || leaf->has_other || !innermost)
		return;
	w = walk(u, c, s, innermost, &at);
	if (w == WALK_MISSING) {
		unwind_want(u, c, at);
	} else if (w == WALK_DONE && !u->now_left) {
		swap(&u->other, &u->now);
		leaf->has_other = true;
	}
}

/* The stack of this tick is the one in u->now, which has its nodes. */
static void accept(struct unwinder *u, struct unwind_context *c, uint32_t *node)
{
	*node = u->now.v[0].node;
	u->cframes[0].frame = u->now.v[0].address;
	touch_outliers(u, c, &u->now);
	swap(&u->last, &u->now);
}

/* The frame in the newest chunk that was called by the one at caller. */
static raddr find_callee(const struct unwinder *u, const struct unwind_context *c,
			 const struct snapshot *s, raddr caller)
{
	const struct layout *l = c->layout;
	const size_t size = (size_t)OFF(l, frame_size);
	unsigned range = u->frames_range;

	for (raddr at = caller + size; at < caller + MAX_FRAME; at += WORD) {
		const char *p = find_frame(u, s, &range, at, size);

		if (!p)
			break;
		if (word_at(p, OFF(l, frame_previous)) == caller &&
		    !p[OFF(l, frame_owner)])
			return at;
	}
	return 0;
}

/*
 * Is what was walked the stack at the moment when it was copied?  The caller
 * of a frame that stands where it called it proves that; one that stands
 * elsewhere proves that it is the innermost one itself.  The innermost frame
 * may have a callee by now, if it stands where it calls one.
 */
static bool is_proven(struct unwinder *u, struct unwind_context *c, const struct snapshot *s,
		      bool stays, enum unwind_status *st)
{
	const bool tells = c->layout->stack_is_index;
	bool proven = stays;
	uint32_t node;

	for (unsigned i = 0; i < MAX_EXTENSIONS; i++) {
		const struct frame *top;
		raddr caller, callee, at;
		unsigned flags;

		*st = resolve_stack(u, c, &u->now, &node);
		if (*st != UNWIND_EXACT)
			return false;
		top = &u->now.v[0];
		proven |= u->dropped != 0 || top->runs;
		proven |= u->now.n > 1 && !tells && call_site_is_inline(c, top + 1, top);
		if (u->dropped || top->is_shim || top->runs)
			return proven;
		flags = call_site(c, top);
		if (!(flags & SITE_CALLS) || (!tells && !(flags & SITE_SURELY) && stays))
			return proven;
		caller = top->address;
		callee = find_callee(u, c, s, caller);
		if (!callee)
			return proven;
		if (walk(u, c, s, callee, &at) != WALK_DONE ||
		    !resolve_is_plausible(c, &u->now.v[0])) {
			walk(u, c, s, caller, &at);
			*st = resolve_stack(u, c, &u->now, &node);
			return proven && *st == UNWIND_EXACT;
		}
		proven = true;
	}
	return proven;
}

/*
 * Between two words that name the same generator it may have ended and begun
 * again: a caller in an unlikely place has to stand there in two reads, once.
 */
static bool is_doubted(const struct unwinder *u, struct unwind_context *c, struct leaf *leaf)
{
	if (!u->rare)
		return false;
	if (leaf->rare != u->rare) {
		leaf->rare = u->rare;
		return true;
	}
	call_site_proved(c, u->rare);
	return false;
}

/* Is the frame object among the callers of the innermost one, in the copy? */
static bool has_called(const struct unwinder *u, const struct unwind_context *c,
		       const struct snapshot *s, raddr frame, raddr innermost)
{
	const size_t size = (size_t)OFF(c->layout, frame_size);
	unsigned range = u->frames_range;
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
			       words.cframe == leaf->cframe))
		*leaf = (struct leaf){
			.address = words.first,
			.cframe = words.cframe,
			.earlier = u->cframes[0].frame,
			.decided = true,
			.doubtful = words.cframe && !words.cframe_stayed,
		};
	if (state && !leaf->has_exception) {
		exception_take(u, c, s);
		leaf->has_exception = true;
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
	if (w == WALK_DONE && u->now.n &&
	    (!leaf->has_frame || leaf->frame.code == u->now.v[0].code)) {
		bool stays = words.last_known && is_still_there(u, c, s, &words);

		if (is_proven(u, c, s, stays, st) && !is_doubted(u, c, leaf)) {
			accept(u, c, node);
			*st = u->repaired ? UNWIND_INEXACT : UNWIND_EXACT;
			c->inexact += u->repaired;
			return ATTEMPT_DONE;
		}
		if (*st != UNWIND_EXACT && *st != UNWIND_TORN && *st != UNWIND_CORRUPT)
			return ATTEMPT_DONE;
		if (*st != UNWIND_EXACT)
			return ATTEMPT_AGAIN;
		/* resolve_stack() may have dropped frames of another moment. */
		w = walk(u, c, s, leaf->address, &at);
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
			if (!unwind_distrust(u, s))
				return UNWIND_UNREADABLE;
			tries++;
		}
		if (tries >= most_tries(&leaf))
			break;
	}
	if (st == UNWIND_TORN || st == UNWIND_CORRUPT)
		st = settle(u, c, s, &leaf, node);
	c->inexact += st == UNWIND_INEXACT;
	return st;
}
