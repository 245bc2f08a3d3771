/* SPDX-License-Identifier: MIT */
/*
 * buf.h - a growable run of bytes.
 *
 * A buffer of zeros is a valid empty one.  Growing never fails (see mem.h).
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data;             /* NULL as long as nothing was added */
	size_t len;             /* bytes in use */
	size_t cap;             /* bytes allocated */
};

void buf_release(struct buf *b);        /* leaves an empty buffer */

/* Makes room for more bytes behind the len in use and returns where. */
void *buf_reserve(struct buf *b, size_t more);

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_add_char(struct buf *b, char c);
void buf_add_str(struct buf *b, const char *s);
void buf_add_uint(struct buf *b, uint64_t n);
void buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Ends the bytes with a NUL that len does not count, and returns them. */
char *buf_str(struct buf *b);

#endif
