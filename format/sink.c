/* SPDX-License-Identifier: MIT */
/* sink.c - compress a frame and give it to the kernel. */
#include "format/sink.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "format/wire.h"

struct sink {
	int fd;
	ZSTD_CCtx *zstd;
	struct buf out;         /* one compressed frame */
	uint64_t bytes;
};

static int set_parameters(ZSTD_CCtx *zstd, int level, struct err *err)
{
	const struct { ZSTD_cParameter name; int value; } parameters[] = {
		{ ZSTD_c_compressionLevel, level },
		{ ZSTD_c_checksumFlag, 1 },
		/* Also keeps frames of more than this size from being one segment. */
		{ ZSTD_c_windowLog, TRACE_MAX_WINDOW_LOG },
	};

	for (size_t i = 0; i < sizeof(parameters) / sizeof(*parameters); i++) {
		size_t rc = ZSTD_CCtx_setParameter(zstd, parameters[i].name,
						   parameters[i].value);
		if (ZSTD_isError(rc))
			return err_set(err, EINVAL, "zstd: %s", ZSTD_getErrorName(rc));
	}
	return 0;
}

struct sink *sink_new(int fd, int level, struct err *err)
{
	struct sink *s = mem_alloc(1, sizeof(*s));

	s->fd = fd;
	s->zstd = ZSTD_createCCtx();
	if (!s->zstd) {
		err_set(err, ENOMEM, "zstd: out of memory");
		sink_free(s);
		return NULL;
	}
	if (set_parameters(s->zstd, level, err) < 0) {
		sink_free(s);
		return NULL;
	}
	return s;
}

void sink_free(struct sink *s)
{
	if (!s)
		return;
	ZSTD_freeCCtx(s->zstd);
	buf_release(&s->out);
	free(s);
}

static int write_failed(int code, struct err *err)
{
	switch (code) {
	case EPIPE:
		return err_set(err, code, "trace: the reader of the pipe is gone");
	case ENOSPC:
	case EDQUOT:
		return err_set(err, code, "trace: cannot write: %s; what was written "
			       "so far can be read", strerror(code));
	default:
		return err_set(err, code, "trace: cannot write: %s", strerror(code));
	}
}

static int write_all(struct sink *s, const char *bytes, size_t len, struct err *err)
{
	while (len) {
		ssize_t n = write(s->fd, bytes, len);

		if (n >= 0) {
			bytes += n;
			len -= (size_t)n;
			s->bytes += (uint64_t)n;
			continue;
		}
		if (errno == EAGAIN || errno == EWOULDBLOCK) {
			struct pollfd p = { .fd = s->fd, .events = POLLOUT };

			/* Whatever poll() finds wrong the next write() reports. */
			poll(&p, 1, -1);
		} else if (errno != EINTR) {
			return write_failed(errno, err);
		}
	}
	return 0;
}

int sink_write(struct sink *s, const void *bytes, size_t len, struct err *err)
{
	size_t bound = ZSTD_compressBound(len);

	s->out.len = 0;

	size_t n = ZSTD_compress2(s->zstd, buf_reserve(&s->out, bound), bound, bytes,
				  len);

	if (ZSTD_isError(n))
		return err_set(err, EIO, "zstd: %s", ZSTD_getErrorName(n));
	return write_all(s, s->out.data, n, err);
}

uint64_t sink_bytes(const struct sink *s)
{
	return s->bytes;
}
