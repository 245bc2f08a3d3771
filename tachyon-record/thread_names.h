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

/* threading._active of one interpreter, as of one moment; zeros at first. */
struct thread_names {
	raddr interp;
	raddr active;                   /* the dict */
	struct thread_object {
		uint64_t ident;
		raddr address;
	} *threads;
	size_t n, room;
	struct object_slot name, native_id;
};

void thread_names_release(struct thread_names *n);

/* Reads the dict.  With another interpreter than before it is looked for. */
void thread_names_load(struct thread_names *n, struct target *t, raddr interp);

/* Length of the name in bytes, -1 if the loaded dict has none. */
ptrdiff_t thread_names_get(struct thread_names *n, struct target *t, uint64_t ident,
			   uint64_t tid, char name[THREAD_NAME_MAX]);

#endif
