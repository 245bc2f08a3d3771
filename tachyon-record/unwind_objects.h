/* SPDX-License-Identifier: MIT */
/*
 * unwind_objects.h - stacks whose frames are objects: a list in the heap.
 *
 * Up to 3.10 a thread names its innermost PyFrameObject, and each frame its
 * caller.  Frames have no place of their own: those that were lately part of
 * the stack are planned as outliers, and where an unknown one turns up, it
 * and its unknown callers are looked up together.  An object that has been
 * left keeps its contents, and a list of free ones is linked like a stack:
 * only a frame that runs can be the outermost one, and a chain that is not
 * proven is believed only if all of its frames run.
 */
#ifndef RECORD_UNWIND_OBJECTS_H
#define RECORD_UNWIND_OBJECTS_H

#include "tachyon-record/unwind_plan.h"

static inline bool has_frame_objects(const struct unwind_context *c)
{
	return c->layout->frames == FRAMES_OBJECTS;
}

/* Takes the fields of a frame object; false if it is none. */
bool unwind_object_frame(const struct unwind_context *c, const char *object, struct frame *f);

/* Makes the next plan cover the frame at address and its callers. */
void unwind_objects_want(struct unwinder *u, const struct unwind_context *c, raddr address);

/* The frames are part of a stack: they stay in the plan. */
void unwind_objects_touch(struct unwinder *u, const struct unwind_context *c,
			  const struct frames *stack);

/*
 * The first frame of u->other, a chain read after the leaf was gone, that called
 * it; u->other.n if that is not known.  frame: the leaf's own, NULL: not known.
 */
size_t unwind_objects_caller(const struct unwinder *u, const struct frame *frame);

/* Looks up the stack of a thread whose frames are not known. */
void unwind_objects_prime(struct unwinder *u, struct unwind_context *c);

#endif
