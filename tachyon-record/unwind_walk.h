/* SPDX-License-Identifier: MIT */
/*
 * unwind_walk.h - frames out of the copy of memory; unwind.c's own part.
 */
#ifndef RECORD_UNWIND_WALK_H
#define RECORD_UNWIND_WALK_H

#include "tachyon-record/unwind.h"

enum walk {
	WALK_DONE,
	WALK_MISSING,           /* a frame is not in the copy */
	WALK_TORN,              /* the chain ends at a frame that nothing called */
	WALK_DEEP,
	WALK_CORRUPT,
};

/* Copies the chain of frames from the leaf into u->now; *at is where it stopped. */
enum walk walk_from(struct unwinder *u, const struct unwind_context *c,
		    const struct snapshot *s, raddr leaf, raddr *at);

/*
 * The copy of a frame, size bytes, or NULL.  *range is where the last one was,
 * u->frames_range at first: frames follow one another.
 */
const char *walk_find_frame(const struct unwinder *u, const struct snapshot *s,
			    unsigned *range, raddr address, size_t size);

/* Takes the fields of the frame in the copy; false if it is none. */
bool walk_take_frame(const struct unwind_context *c, const char *p, struct frame *f);

/* Room for one more, behind those there are. */
struct frame *walk_add_frame(struct frames *frames);

void frames_swap(struct frames *a, struct frames *b);

#endif
