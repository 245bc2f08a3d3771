/* SPDX-License-Identifier: MIT */
/*
 * access.h - may a process be read?  The kernel's gates, one by one.
 *
 * The order is that in which the kernel asks: see ptrace(2), Ptrace access
 * mode checking, and __ptrace_may_access() in kernel/ptrace.c.  Whether memory
 * can be read is tried, not concluded; what was found on the way says why not.
 */
#ifndef RECORD_ACCESS_H
#define RECORD_ACCESS_H

#include <stdbool.h>
#include <sys/types.h>

struct err;

enum gate_state {
	GATE_OPEN,
	GATE_CLOSED,
	GATE_UNKNOWN,                   /* it may be the one, or cannot be asked */
};

struct gate {
	const char *name;
	enum gate_state state;
	char text[192];                 /* what was found */
	const char *remedy;             /* what opens it; NULL unless it is not open */
};

enum { ACCESS_GATES = 9 };

struct access {
	pid_t pid;
	struct gate gates[ACCESS_GATES];
	int n;
	bool readable;
	bool has_memory;                /* else it is a kernel thread, or has ended */
	const struct gate *closed;      /* the first one that is, or else may be; NULL */
};

/* 0, or -ESRCH if there is no such process. */
int access_look(struct access *a, pid_t pid);

/* Of one that cannot be read: says which gate is closed.  -EPERM. */
int access_denied(const struct access *a, struct err *err);

#endif
