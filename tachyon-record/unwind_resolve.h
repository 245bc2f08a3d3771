/* SPDX-License-Identifier: MIT */
/*
 * unwind_resolve.h - frames that were copied become a stack; unwind.c's own.
 */
#ifndef RECORD_UNWIND_RESOLVE_H
#define RECORD_UNWIND_RESOLVE_H

#include "tachyon-record/unwind.h"

/* The node's number, which the writer learns of if it is new. */
enum unwind_status resolve_node(struct unwind_context *c, const struct node *n,
				uint32_t *node);

/*
 * Gives every frame its node, callers first.  What stands above a frame that
 * calls nothing is not running any more and is dropped: that frame is the
 * innermost one.
 */
enum unwind_status resolve_stack(struct unwinder *u, struct unwind_context *c,
				 struct frames *now, uint32_t *node);

/* What is remembered of a frame, or of a function, that was innermost; NULL: nothing. */
const struct memo *resolve_memo(const struct unwinder *u, const struct unwind_context *c,
				raddr frame);
const struct memo *resolve_memo_of_code(const struct unwinder *u,
					const struct unwind_context *c, raddr code);

/* Drops the n innermost frames. */
void resolve_drop(struct frames *frames, size_t n);

/* Memory that was a frame may hold anything soon afterwards. */
bool resolve_is_plausible(struct unwind_context *c, const struct frame *f);

#endif
