/* SPDX-License-Identifier: MIT */
#include "tachyon-record/selection.h"

uint32_t selection_known(const struct selection *s, uint32_t known)
{
	return s->no_gc ? known & ~(uint32_t)TRACE_GC : known;
}

void selection_apply(const struct selection *s, uint32_t known, uint32_t *node,
		     uint32_t *flags)
{
	if (s->no_gc)
		*flags &= ~(uint32_t)(TRACE_GC | TRACE_GC << TRACE_UNKNOWN_SHIFT);
	/* That a stack could not be read is told whatever the state. */
	if (*flags & TRACE_FAILED ||
	    trace_mode_verdict(s->mode, *flags, selection_known(s, known)) == TRACE_KEEP)
		return;
	*node = 0;
	*flags |= TRACE_OMITTED;
}
