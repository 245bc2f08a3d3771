/* SPDX-License-Identifier: MIT */
/*
 * pause.h - stops the target for the time of one look at it (--blocking).
 *
 * Every thread is seized, interrupted and let go again at each tick
 * (PTRACE_SEIZE and PTRACE_INTERRUPT, ptrace(2)): between ticks nobody traces
 * the target, so its signals are its own.  If the recorder dies in between,
 * by SIGKILL even, the kernel lets all of its threads go on.  Nothing is
 * waited for without an end: a thread that the kernel does not stop in time,
 * because it sleeps uninterruptibly, cannot run Python code either, and is let
 * go when it has stopped.
 *
 * Whoever begins a pause has to end it: a tracer is a thread.
 */
#ifndef RECORD_PAUSE_H
#define RECORD_PAUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;

struct paused {
	pid_t tid;
	bool stopped;
	bool late;                      /* an earlier pause has waited for it in vain */
};

struct pause {
	pid_t pid;
	int tasks_fd;                   /* /proc/PID/task */
	struct paused *v;               /* threads that are seized, by tid */
	size_t n, room;
};

/* Fails with -ESRCH or -EMFILE. */
int pause_open(struct pause *p, pid_t pid, struct err *err);
void pause_close(struct pause *p);

/*
 * Stops all threads, also those that are started meanwhile.  0, or -errno if
 * none could be stopped: -EPERM, because we may not or another one traces it,
 * -ESRCH, because it has ended.
 */
int pause_begin(struct pause *p);

/*
 * Can it be stopped at all?  Stops it once to find out; -EPERM or -ESRCH, and
 * why, if not.
 */
int pause_try(pid_t pid, struct err *err);

/* Lets all threads go on. */
void pause_end(struct pause *p);

#endif
