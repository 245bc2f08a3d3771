/* SPDX-License-Identifier: MIT */
#include "tachyon-record/pause.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "tachyon-record/procfs.h"

enum {
	/* How long all threads together are waited for. */
	STOP_NS = 20000000,
	/* A thread on another CPU stops at once; one that needs ours is left time. */
	SPINS = 20,
	NAP_NS = 20000,
	/* Threads that start threads while they are listed are listed again. */
	ROUNDS = 8,
	LIST_BYTES = 8192,
};

/* struct linux_dirent64, getdents64(2) */
struct entry {
	uint64_t inode;
	int64_t next;
	unsigned short length;
	unsigned char type;
	char name[];
};

int pause_open(struct pause *p, pid_t pid, struct err *err)
{
	char path[64];

	*p = (struct pause){ .pid = pid };
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	p->tasks_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->tasks_fd < 0)
		return err_set(err, errno == ENOENT ? ESRCH : errno, "%s: %s", path,
			       strerror(errno));
	return 0;
}

void pause_close(struct pause *p)
{
	if (p->tasks_fd >= 0)
		close(p->tasks_fd);
	free(p->v);
	*p = (struct pause){ .tasks_fd = -1 };
}

/* Index of the first thread at or behind the tid. */
static size_t place_of(const struct pause *p, pid_t tid)
{
	size_t low = 0, high = p->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->v[middle].tid < tid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* 1: seized now; 0: it was already, or has ended; else -errno. */
static int seize(struct pause *p, pid_t tid)
{
	const size_t at = place_of(p, tid);

	if (at < p->n && p->v[at].tid == tid)
		return 0;
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) != 0)
		return errno == ESRCH ? 0 : -errno;
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	p->v = mem_grow(p->v, &p->room, p->n + 1, sizeof(*p->v));
	memmove(p->v + at + 1, p->v + at, (p->n - at) * sizeof(*p->v));
	p->v[at] = (struct paused){ .tid = tid };
	p->n++;
	return 1;
}

/* Seizes the threads that there are; how many were new, or -errno if one refused. */
static int seize_all(struct pause *p)
{
	_Alignas(struct entry) char list[LIST_BYTES];
	int added = 0, refused = 0;
	long len;

	lseek(p->tasks_fd, 0, SEEK_SET);
	while ((len = syscall(SYS_getdents64, p->tasks_fd, list, sizeof(list))) > 0) {
		for (long at = 0; at < len; ) {
			const struct entry *e = (const void *)(list + at);
			pid_t tid = (pid_t)strtol(e->name, NULL, 10);
			int ret = tid > 0 ? seize(p, tid) : 0;

			at += e->length;
			if (ret < 0)
				refused = ret;
			else
				added += ret;
		}
	}
	return added ? added : refused;
}

/* A thread that has ended while it was ours; our own child is reaped elsewhere. */
static bool has_ended(const struct pause *p, pid_t tid)
{
	siginfo_t info = { 0 };
	const int peek = tid == p->pid ? WNOWAIT : 0;

	if (waitid(P_PID, (id_t)tid, &info, WEXITED | WNOHANG | __WALL | peek) != 0)
		return errno == ECHILD;
	return info.si_pid == tid && (info.si_code == CLD_EXITED || info.si_code == CLD_KILLED ||
				      info.si_code == CLD_DUMPED);
}

/*
 * Only a thread that has stopped answers.  Waiting for it would do as well, if
 * others of this process did not wait for their child at the same time.
 */
static bool is_stopped(pid_t tid, siginfo_t *info)
{
	return ptrace(PTRACE_GETSIGINFO, tid, NULL, info) == 0;
}

static void forget(struct pause *p, size_t i)
{
	memmove(p->v + i, p->v + i + 1, (p->n - i - 1) * sizeof(*p->v));
	p->n--;
}

/* Waits for one thread; false: it has ended. */
static bool wait_for(const struct pause *p, struct paused *t, uint64_t until_ns)
{
	const struct timespec nap = { 0, NAP_NS };
	siginfo_t info;

	for (unsigned i = 0; !(t->stopped = is_stopped(t->tid, &info)); i++) {
		if (i < SPINS && !t->late)
			continue;
		if (has_ended(p, t->tid))
			return false;
		if (t->late || clock_now() >= until_ns)
			break;
		nanosleep(&nap, NULL);
	}
	t->late = !t->stopped;
	return true;
}

int pause_begin(struct pause *p)
{
	const uint64_t until_ns = clock_now() + STOP_NS;
	int ret = 0;

	for (int round = 0; round < ROUNDS; round++) {
		int added = seize_all(p);

		if (added <= 0 && round > 0)
			break;
		ret = added < 0 ? added : 0;
		for (size_t i = p->n; i-- > 0; )
			if (!p->v[i].stopped && !wait_for(p, &p->v[i], until_ns))
				forget(p, i);
	}
	if (p->n)
		return 0;
	return ret ? ret : -ESRCH;
}

/* True if it goes on, or has ended. */
static bool let_go(const struct pause *p, const struct paused *t)
{
	siginfo_t info;
	long sig = 0;

	if (!is_stopped(t->tid, &info))
		return has_ended(p, t->tid);
	/* It stopped for a signal, which it still has to get; else for us, or stays stopped. */
	if (info.si_code >> 8 != PTRACE_EVENT_STOP)
		sig = info.si_signo;
	return ptrace(PTRACE_DETACH, t->tid, NULL, sig) == 0 || has_ended(p, t->tid);
}

void pause_end(struct pause *p)
{
	for (size_t i = p->n; i-- > 0; )
		if (let_go(p, &p->v[i]))
			forget(p, i);
		else
			p->v[i].stopped = false;
}

static void *try_once(void *arg)
{
	struct pause *p = arg;
	const int ret = pause_begin(p);

	pause_end(p);
	return (void *)(intptr_t)ret;
}

/* In a thread of its own: what it cannot let go, the kernel does when it ends. */
int pause_try(pid_t pid, struct err *err)
{
	struct pause p;
	pthread_t thread;
	void *result;
	pid_t tracer;
	int ret = pause_open(&p, pid, err);

	if (ret)
		return ret;
	ret = pthread_create(&thread, NULL, try_once, &p);
	if (ret) {
		pause_close(&p);
		return err_set(err, ret, "a thread: %s", strerror(ret));
	}
	pthread_join(thread, &result);
	pause_close(&p);
	ret = (int)(intptr_t)result;
	tracer = ret == -EPERM ? procfs_tracer(pid) : 0;
	if (tracer)
		return err_set(err, EPERM, "process %d: --blocking: process %d traces it; end that "
			       "first, or record without --blocking", (int)pid, (int)tracer);
	if (ret)
		return err_set(err, -ret, "process %d: --blocking: it cannot be stopped: %s",
			       (int)pid, strerror(-ret));
	return 0;
}
