/* SPDX-License-Identifier: MIT */
/*
 * kernel_state.h - what the kernel knows of a thread: is it on a CPU, and if
 * not, on which futex does it wait.
 *
 * Context-switch records of perf_event_open(2) tell without a system call
 * whether a thread runs, exactly.  Where they are not allowed, each question
 * reads /proc/PID/task/TID/syscall, which says "running" for a thread that
 * is merely runnable, too.
 */
#ifndef RECORD_KERNEL_STATE_H
#define RECORD_KERNEL_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct kernel_state {
	pid_t pid, tid;
	int perf_fd, syscall_fd;        /* -1: not open */
	struct perf_event_mmap_page *page;
	uint64_t as_of_ns;              /* of the last update */
	uint64_t tail;                  /* of the records that were looked at */
	bool known, on_cpu;
	bool preempted;                 /* off the CPU, but not waiting */
	bool has_run;                   /* since kernel_state_cpu_time() was asked */
	uint64_t cpu_ns;                /* time on a CPU when that was asked */
	bool futex_known;
	uint64_t futex;                 /* address it waits on, 0: none */
};

/* tid as this process sees it.  Never fails: what is missing is not known. */
void kernel_state_open(struct kernel_state *k, pid_t pid, pid_t tid);
void kernel_state_close(struct kernel_state *k);

/*
 * Brings known and on_cpu up to as_of_ns (CLOCK_MONOTONIC), which never goes
 * back; for the same moment the answer stays the same.  The moment a tick was
 * due is the one to ask for: when we wake up we take a CPU, and the thread that
 * ran there is off it because of us.
 */
void kernel_state_update(struct kernel_state *k, uint64_t as_of_ns);

/* True with *futex set (0: it waits on none) for a thread off the CPU. */
bool kernel_state_futex(struct kernel_state *k, uint64_t *futex);

/*
 * How long it was on a CPU since this was asked before, or since the state was
 * opened, by the kernel's own account (/proc/PID/task/TID/schedstat).  That
 * lags by a scheduler tick while the thread runs, but loses nothing.  Costs
 * nothing for a thread that has not run.  False: not known.
 */
bool kernel_state_cpu_time(struct kernel_state *k, uint64_t *ns);

/*
 * While the thread is off the CPU, a number that is another one once it has
 * run; 0 while it runs, or if that is not known.  Looks at the present, as_of_ns
 * stays as it is.
 */
uint64_t kernel_state_asleep(const struct kernel_state *k);

/* True if the thread does not exist any more. */
bool kernel_state_has_ended(const struct kernel_state *k);

#endif
