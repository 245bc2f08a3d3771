/* SPDX-License-Identifier: MIT */
/*
 * unwind_settle.h - a leaf that could not be completed in time; unwind.c's own
 * part.
 *
 * The first look has said which frame is innermost, and that stays so.  What is
 * missing is taken from what was seen of it since, and before.
 */
#ifndef RECORD_UNWIND_SETTLE_H
#define RECORD_UNWIND_SETTLE_H

#include "tachyon-record/unwind.h"

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

/*
 * Keeps the leaf with the best callers known: UNWIND_INEXACT, or why there is
 * nothing to keep.
 */
enum unwind_status unwind_settle(struct unwinder *u, struct unwind_context *c,
				 const struct snapshot *s, const struct leaf *leaf,
				 uint32_t *node);

#endif
