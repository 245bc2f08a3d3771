/* SPDX-License-Identifier: MIT */
/*
 * target.h - a running Python process: its runtime, its layout, its identity.
 *
 * The runtime is found through the ELF files that the process has mapped,
 * opened by mapping and not by name, so that containers, deleted binaries
 * and embedded interpreters are found alike.
 */
#ifndef RECORD_TARGET_H
#define RECORD_TARGET_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tachyon-record/cpython/layout.h"
#include "tachyon-record/remote.h"

struct err;

struct target {
	pid_t pid, ppid;
	pid_t own_pid;                  /* its pid as it sees itself */
	int pidfd;                      /* readable when it has ended; -1: not supported */
	struct remote remote;
	struct layout layout;
	raddr runtime;                  /* _PyRuntime */
	raddr none;                     /* None, 0: not known */
	uint32_t python;                /* PY_VERSION_HEX, 0 in the low half if not known */
	uint64_t start_ns;              /* CLOCK_MONOTONIC when it started */
	uint64_t stack_at;              /* as procfs_stat() gives it */
	char **argv;                    /* NULL-terminated; NULL if not readable */
	char exe[PATH_MAX];
	char found[PATH_MAX + 128];      /* how the runtime was found; for people */
};

/*
 * pid may be any thread of the process.  Fails with -ESRCH (no such process),
 * -EPERM, -ENOEXEC (not a Python),
 * -ENOTSUP (a Python that is not read) or -EAGAIN (a Python that has not
 * got its first interpreter yet).
 */
int target_open(struct target *t, pid_t pid, struct err *err);
void target_close(struct target *t);

/* Its version for people, as "3.13.0". */
void target_python(const struct target *t, char *text, size_t size);

/* False once the process has become another program by exec. */
bool target_is_same(const struct target *t);

#endif
