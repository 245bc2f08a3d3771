/* SPDX-License-Identifier: MIT */
/*
 * exception.h - is a thread raising or handling an exception?
 *
 * It raises one while its state names one.  It handles one while any of its
 * exception items holds one: the outermost item stands in the thread's state,
 * and each generator that runs has another one, in its object, beside its
 * frame (Python/errors.c, _PyErr_GetTopmostException()).  The words are taken
 * from the copy that has the leaf of the tick; an item that the copy lacks is
 * read at once, and believed if the thread has the same innermost item
 * still.
 */
#ifndef RECORD_EXCEPTION_H
#define RECORD_EXCEPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tachyon-record/cpython/layout.h"

struct snapshot;
struct unwind_context;
struct unwinder;

/* What holds for all threads of a target; zeros but for none. */
struct exceptions {
	raddr none;                     /* None; 0: not known yet */
	raddr other;                    /* an object that is not None, seen last */
	unsigned tested;                /* objects whose type was looked at */
};

/* What is known of one thread at one tick. */
struct exception {
	bool known, active;
	raddr innermost;                /* the thread's item when it was read */
	raddr missing;                  /* an item that the copy lacked, 0: none */
};

/* Looks at the copy that decides what the thread's leaf is. */
void exception_take(struct unwinder *u, struct unwind_context *c, const struct snapshot *s);

/* The state flag or its unknown bit: enum trace_flag. */
uint32_t exception_flags(const struct exception *e);

/*
 * Bytes in front of a generator's frame that hold its item; 0 if it is not
 * near.  Wherever a frame is read these are read with it.
 */
size_t exception_lead(const struct layout *l);

#endif
