/* SPDX-License-Identifier: MIT */
/*
 * reader.h - walk the objects of a trace, in order, from a file or a pipe.
 *
 * tachyon-trace(5) is the authority on the bytes; this is the only code that
 * decodes them.  Nothing in a trace is trusted: a count is checked against
 * the bytes that remain before it is used, so that a cut or hostile trace
 * ends in an error and never in a large allocation.  Objects are handed out
 * as soon as they can be decompressed, without waiting for the frame's end,
 * and everything in front of a damage is handed out before it is reported.
 */
#ifndef FORMAT_READER_H
#define FORMAT_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/trace.h"

struct err;
struct trace_reader;

/* fd stays the caller's; name is what messages call the trace, borrowed. */
struct trace_reader *trace_reader_new(int fd, const char *name, struct err *err);
void trace_reader_free(struct trace_reader *r);         /* NULL is allowed */

/*
 * Returns 1 with *o filled, borrowed until the next call; 0 at the end, after
 * a whole frame; or -errno:
 *
 *	-ENODATA  the trace ends within a frame, as when its writer was killed
 *	-EAGAIN   nothing to read from a non-blocking fd
 *	-EBADMSG  damaged
 *	-EINVAL   not a trace at all
 *	-ENOTSUP  another major version
 *
 * After 0, -ENODATA and -EAGAIN it may be called again, for a file that grows.
 */
int trace_reader_next(struct trace_reader *r, struct trace_object *o, struct err *err);

uint64_t trace_reader_bytes(const struct trace_reader *r);      /* read from fd */
uint64_t trace_reader_raw_bytes(const struct trace_reader *r);  /* decompressed */
uint64_t trace_reader_frames(const struct trace_reader *r);     /* complete ones */

/* What an info map has under a key; the default if it is missing or no number. */
int64_t trace_info_num(const struct msgpack_object *info, const char *key,
		       int64_t otherwise);

/* False, and *text empty, if it is missing or no string. */
bool trace_info_text(const struct msgpack_object *info, const char *key,
		     struct trace_text *text);

/* The i-th string of a list; false behind its end. */
bool trace_info_item(const struct msgpack_object *info, const char *key, size_t i,
		     struct trace_text *text);

#endif
