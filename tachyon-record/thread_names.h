/* SPDX-License-Identifier: MIT */
/*
 * thread_names.h - the names that threading.Thread objects carry.
 *
 * Read from threading._active of the thread's own interpreter: a dict from
 * get_ident() to Thread, whose attribute _name is the name.  An ident is used
 * again as soon as a thread has ended, so _native_id has to agree, too.
 */
#ifndef RECORD_THREAD_NAMES_H
#define RECORD_THREAD_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "tachyon-record/cpython/object.h"
#include "tachyon-record/target.h"

enum { THREAD_NAME_MAX = 1024 };

/* What makes the next look cheap; zeros at first and for another target. */
struct thread_names {
	raddr interp;
	raddr active;                   /* threading._active of that interpreter */
	struct object_slot name, native_id;
};

/* Length of the name in bytes, -1 if there is none (yet). */
ptrdiff_t thread_name_read(struct thread_names *n, struct target *t, raddr interp,
			   uint64_t ident, uint64_t tid, char name[THREAD_NAME_MAX]);

#endif
