/* SPDX-License-Identifier: MIT */
/*
 * process_vm_readv(2) transfers whole ranges in order and reports a short
 * count when one faults, which is what remote_readv() promises.
 */
#include "tachyon-record/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"

/* Linux's limit of ranges in one call (UIO_MAXIOV, limits.h IOV_MAX). */
enum { MAX_RANGES = 1024 };

static enum read_status status_of(int error)
{
	switch (error) {
	case ESRCH:
		return READ_GONE;
	case EPERM:
	case EACCES:
	case ENOSYS:
		return READ_DENIED;
	default:
		return READ_FAULT;
	}
}

static int open_mem(struct remote *r)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)r->pid);
	r->mem_fd = open(path, O_RDONLY | O_CLOEXEC);
	return r->mem_fd < 0 ? -errno : 0;
}

int remote_open(struct remote *r, pid_t pid, raddr probe, struct err *err)
{
	uint64_t word;

	*r = (struct remote){ .pid = pid, .mem_fd = -1 };
	enum read_status st = remote_read(r, probe, &word, sizeof(word));
	if (st == READ_DENIED && open_mem(r) == 0) {
		r->use_mem = true;
		st = remote_read(r, probe, &word, sizeof(word));
	}
	switch (st) {
	case READ_OK:
		return 0;
	case READ_GONE:
		return err_set(err, ESRCH, "process %d: it has ended", (int)pid);
	case READ_DENIED:
		return err_set(err, EPERM, "process %d: no permission to read its memory; "
			       "run as root or as its user with CAP_SYS_PTRACE, "
			       "or set kernel.yama.ptrace_scope to 0", (int)pid);
	default:
		return err_set(err, EFAULT, "process %d: its memory cannot be read", (int)pid);
	}
}

void remote_close(struct remote *r)
{
	if (r->mem_fd >= 0)
		close(r->mem_fd);
	r->mem_fd = -1;
}

const char *remote_method(const struct remote *r)
{
	return r->use_mem ? "/proc/PID/mem" : "process_vm_readv";
}

static ssize_t mem_readv(struct remote *r, const struct iovec *ranges, unsigned n, char *to)
{
	ssize_t done = 0;

	for (unsigned i = 0; i < n; i++) {
		size_t len = ranges[i].iov_len;
		ssize_t got = pread(r->mem_fd, to + done, len,
				    (off_t)(uintptr_t)ranges[i].iov_base);
		/* The file of a process that has ended reads as empty. */
		if (got == 0)
			errno = ESRCH;
		if (got <= 0)
			return done ? done : -1;
		done += got;
		if ((size_t)got < len)
			break;
	}
	return done;
}

size_t remote_readv(struct remote *r, const struct iovec *ranges, unsigned n, void *to,
		    size_t len, enum read_status *st)
{
	size_t done = 0;

	*st = READ_OK;
	while (n) {
		unsigned part = n < MAX_RANGES ? n : MAX_RANGES;
		struct iovec local = { (char *)to + done, len - done };
		size_t want = 0;
		ssize_t got;

		for (unsigned i = 0; i < part; i++)
			want += ranges[i].iov_len;
		if (r->use_mem)
			got = mem_readv(r, ranges, part, local.iov_base);
		else
			got = process_vm_readv(r->pid, &local, 1, ranges, part, 0);
		atomic_fetch_add_explicit(&r->calls, 1, memory_order_relaxed);
		if (got < 0) {
			*st = status_of(errno);
			break;
		}
		atomic_fetch_add_explicit(&r->bytes, (uint64_t)got, memory_order_relaxed);
		done += (size_t)got;
		if ((size_t)got < want) {
			*st = READ_FAULT;
			break;
		}
		ranges += part;
		n -= part;
	}
	return done;
}

enum read_status remote_read(struct remote *r, raddr from, void *to, size_t len)
{
	struct iovec range = { (void *)(uintptr_t)from, len };
	enum read_status st;

	if (!len)
		return READ_OK;
	remote_readv(r, &range, 1, to, len, &st);
	return st;
}

raddr remote_ptr(struct remote *r, raddr from)
{
	uint64_t word;

	return remote_read(r, from, &word, sizeof(word)) == READ_OK ? word : 0;
}
