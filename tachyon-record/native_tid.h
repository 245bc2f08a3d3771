/* SPDX-License-Identifier: MIT */
/*
 * native_tid.h - the kernel's number of a thread that is known by its
 * pthread_self().
 *
 * CPython keeps no kernel thread ids before 3.11, but the C library does: in
 * its struct pthread, to which threading.get_ident() points with glibc and
 * musl.  Where in that structure is found out once: at the same place in each
 * must be the number of another thread of the process.
 */
#ifndef RECORD_NATIVE_TID_H
#define RECORD_NATIVE_TID_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tachyon-record/remote.h"

struct native_tids {
	struct remote *remote;
	pid_t pid;
	pid_t own_pid;          /* as the process sees itself */
	int32_t offset;         /* in struct pthread; NATIVE_TID_UNKNOWN */
	unsigned tries;         /* to find it */
};

enum { NATIVE_TID_UNKNOWN = -1 };

void native_tid_init(struct native_tids *n, struct remote *remote, pid_t own_pid);

/*
 * Finds the offset, if it is not known, from the idents of the threads there
 * are now; main_ident is that of the main thread, among them or not.
 */
void native_tid_learn(struct native_tids *n, const uint64_t *idents, size_t count,
		      uint64_t main_ident);

/* The thread's number as the process sees it; 0: not known. */
uint64_t native_tid_get(const struct native_tids *n, uint64_t ident);

/* The kernel's number of the thread that the process knows as own_tid; 0: there is none. */
pid_t native_tid_host(const struct native_tids *n, uint64_t own_tid);

#endif
