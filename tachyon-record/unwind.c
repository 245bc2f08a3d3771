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
#include "tachyon-record/unwind_settle.h"
#include "tachyon-record/unwind_walk.h"

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

/* Adds the frames of the last walk, which stopped at the address. */
static void extend_candidate(struct unwinder *u, const struct unwind_context *c,
			     struct leaf *leaf, enum walk w, raddr stopped)
{
	for (size_t i = 0; i < u->now.n; i++)
		*walk_add_frame(&u->candidate) = u->now.v[i];
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
	w = walk_from(u, c, s, leaf->missing, &stopped);
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
		w = walk_from(u, c, s, leaf->address, &at);
		note_leaf(u, c, leaf, w, at);
		if (w == WALK_MISSING)
			unwind_want(u, c, at);
	}
	if (leaf->has_candidate || leaf->has_other || !innermost)
		return;
	w = walk_from(u, c, s, innermost, &at);
	if (w == WALK_MISSING) {
		unwind_want(u, c, at);
	} else if (w == WALK_DONE && !u->now_left) {
		frames_swap(&u->other, &u->now);
		leaf->has_other = true;
	}
}

/* The stack of this tick is the one in u->now, which has its nodes. */
static void accept(struct unwinder *u, struct unwind_context *c, uint32_t *node)
{
	*node = u->now.v[0].node;
	u->cframes[0].frame = u->now.v[0].address;
	unwind_touch_all(u, c, &u->now);
	frames_swap(&u->last, &u->now);
}

/* The frame in the newest chunk that was called by the one at caller. */
static raddr find_callee(const struct unwinder *u, const struct unwind_context *c,
			 const struct snapshot *s, raddr caller)
{
	const struct layout *l = c->layout;
	const size_t size = (size_t)OFF(l, frame_size);
	unsigned range = u->frames_range;

	for (raddr at = caller + size; at < caller + MAX_FRAME; at += WORD) {
		const char *p = walk_find_frame(u, s, &range, at, size);

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
		if (walk_from(u, c, s, callee, &at) != WALK_DONE ||
		    !resolve_is_plausible(c, &u->now.v[0])) {
			walk_from(u, c, s, caller, &at);
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
		const char *p = walk_find_frame(u, s, &range, at, size);
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
	w = walk_from(u, c, s, leaf->address, &at);
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
		w = walk_from(u, c, s, leaf->address, &at);
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
		st = unwind_settle(u, c, s, &leaf, node);
	c->inexact += st == UNWIND_INEXACT;
	return st;
}
