/* SPDX-License-Identifier: MIT */
/*
 * unwind_plan.h - which memory holds a thread's frames; unwind.c's own half.
 */
#ifndef RECORD_UNWIND_PLAN_H
#define RECORD_UNWIND_PLAN_H

#include "tachyon-record/unwind.h"

/* The innermost frame at the beginning and at the end of a read. */
struct leaf_words {
	bool first_known, last_known;
	raddr first, last;
	raddr cframe;                   /* that named the first one; 0: none does */
	bool cframe_stayed;             /* so the first one is not what was left of it */
};

struct leaf_words unwind_leaf(const struct unwinder *u, const struct unwind_context *c,
			      const struct snapshot *s);

/* Takes over what the copy tells about chunks and the C frame. */
void unwind_learn(struct unwinder *u, struct unwind_context *c, const struct snapshot *s);

/* Makes the next plan cover the frame at address, which was missing. */
void unwind_want(struct unwinder *u, const struct unwind_context *c, raddr address);

/* The frame at address is part of a stack, above caller: an outlier stays in the plan. */
void unwind_touch(struct unwinder *u, const struct unwind_context *c, raddr address,
		  const struct frame *caller);

/* Frames of a stack that was resolved are worth reading at the next tick. */
void unwind_touch_all(struct unwinder *u, const struct unwind_context *c,
		      const struct frames *stack);

/* The outlier at address is of use: it stays in the plan. */
void unwind_keep(struct unwinder *u, const struct unwind_context *c, raddr address);

/* What is known of the outlier at address; NULL: nothing. */
struct outlier *unwind_outlier(const struct unwinder *u, raddr address);

/*
 * Drops what was planned but could not be read: where the copy ends.  False if
 * it is the thread's own state that could not.
 */
bool unwind_distrust(struct unwinder *u, const struct snapshot *s);

#endif
