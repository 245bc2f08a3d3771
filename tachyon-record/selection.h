/* SPDX-License-Identifier: MIT */
/*
 * selection.h - what of a sample is recorded.
 *
 * A sample that is left out keeps its place and its states, so that neither
 * its time goes to another one nor does a count change; it loses its stack.
 */
#ifndef RECORD_SELECTION_H
#define RECORD_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "format/mode.h"

struct selection {
	const struct trace_mode *mode;
	bool no_gc;                     /* neither the state nor <GC> in stacks */
};

/* The TRACE_STATE_FLAGS among known that are recorded. */
uint32_t selection_known(const struct selection *s, uint32_t known);

/* Changes a sample to what is recorded of it; known as in its block. */
void selection_apply(const struct selection *s, uint32_t known, uint32_t *node,
		     uint32_t *flags);

#endif
