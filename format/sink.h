/* SPDX-License-Identifier: MIT */
/*
 * sink.h - zstd frames into a file descriptor.
 *
 * Used by the writer only.  A frame is compressed in one piece and written in
 * full or the sink has failed; what a failure leaves in the file is a trace
 * whose last frame is cut, which readers accept.
 */
#ifndef FORMAT_SINK_H
#define FORMAT_SINK_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct sink;

/* fd stays the caller's.  level is zstd's.  Returns NULL with err filled. */
struct sink *sink_new(int fd, int level, struct err *err);
void sink_free(struct sink *s);         /* NULL is allowed */

/* Writes the bytes as one frame.  Waits if fd is a slow pipe. */
int sink_write(struct sink *s, const void *bytes, size_t len, struct err *err);

/* Compressed bytes that the kernel has taken. */
uint64_t sink_bytes(const struct sink *s);

#endif
