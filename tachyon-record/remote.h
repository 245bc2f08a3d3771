/* SPDX-License-Identifier: MIT */
/*
 * remote.h - read another process's memory; the only module that does.
 *
 * Reads use process_vm_readv(2) and fall back to /proc/PID/mem where that
 * call is missing or refused while the file is not (some sandboxes).  The
 * target is never written to and never stopped.  A handle may be used by
 * several threads once it is open.
 */
#ifndef RECORD_REMOTE_H
#define RECORD_REMOTE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct err;

/* An address in the target; never dereferenced here. */
typedef uint64_t raddr;

enum read_status {
	READ_OK = 0,
	READ_FAULT,             /* some of it is not mapped (any more) */
	READ_GONE,              /* the process has ended */
	READ_DENIED,            /* the kernel refuses */
};

struct remote {
	pid_t pid;
	int mem_fd;             /* /proc/PID/mem, -1 while it is not used */
	bool use_mem;
	atomic_uint_fast64_t calls, bytes;      /* since remote_open() */
};

/*
 * Decides how memory is read by reading at probe, an address that is mapped.
 * Fails with -ESRCH, -EPERM or -EFAULT.
 */
int remote_open(struct remote *r, pid_t pid, raddr probe, struct err *err);
void remote_close(struct remote *r);

/* "process_vm_readv" or "/proc/PID/mem". */
const char *remote_method(const struct remote *r);

/* Reads len bytes, all or nothing. */
enum read_status remote_read(struct remote *r, raddr from, void *to, size_t len);

/*
 * Reads n ranges in order into one contiguous buffer of at least their sum.
 * Returns the number of bytes that arrived, in order and without a gap: less
 * than the sum when a range could not be read, and never part of a word that
 * faulted.  *st says why it stopped.  iov_base holds remote addresses.
 */
size_t remote_readv(struct remote *r, const struct iovec *ranges, unsigned n, void *to,
		    size_t len, enum read_status *st);

/* Reads a pointer-sized word; 0 when it cannot be read. */
raddr remote_ptr(struct remote *r, raddr from);

#endif
