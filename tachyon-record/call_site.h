/* SPDX-License-Identifier: MIT */
/*
 * call_site.h - can this frame be the caller of that one?
 *
 * Asks the instruction at which the caller stands.  Instructions are read
 * once for each node and looked at again now and then, because CPython
 * replaces them by special forms.
 */
#ifndef RECORD_CALL_SITE_H
#define RECORD_CALL_SITE_H

#include "tachyon-record/unwind.h"

/* The flags (enum call_site_flag) of the instruction of a frame that has its node. */
unsigned call_site(struct unwind_context *c, const struct frame *f);

/* False if the caller, which has its node, does not stand where it could call it. */
bool call_site_holds(struct unwind_context *c, const struct frame *caller,
		     const struct frame *callee);

/*
 * True if the caller, which has its node, could have resumed the generator where
 * it stands, but hardly any caller does: it may have gone on meanwhile.
 */
bool call_site_is_rare(struct unwind_context *c, const struct frame *caller,
		       const struct frame *callee);

/* Such a caller, which has its node, was found there in two reads. */
bool call_site_is_proved(const struct unwind_context *c, const struct frame *caller);
void call_site_proved(struct unwind_context *c, uint32_t node);

/* True if the frame, which has its node, holds what was left of it when it returned. */
bool call_site_was_left(struct unwind_context *c, const struct frame *f);

/* True if the interpreter goes from the one to the other without C between. */
bool call_site_is_inline(const struct unwind_context *c, const struct frame *caller,
			 const struct frame *callee);

#endif
