/* SPDX-License-Identifier: MIT */
/*
 * cursor.h - read msgpack that nobody vouches for.
 *
 * A measure walks the bytes of one object as they arrive, without storing
 * anything, and refuses counts that the format's largest object could not
 * hold.  A cursor then reads values one by one; it never passes its end.
 * Integer columns are read this way because msgpack-c's unpacker makes 24
 * bytes of every integer: for 750,000 ticks that takes 26 ms, a cursor 6 ms.
 */
#ifndef FORMAT_CURSOR_H
#define FORMAT_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/wire.h"

/* How far one object has been walked; zeros at its beginning. */
struct measure {
	size_t at;                              /* bytes walked */
	unsigned depth;                         /* open arrays and maps */
	uint32_t left[TRACE_MAX_NESTING];       /* elements missing in each */
};

enum measure_result {
	MEASURE_DONE,           /* the object has m->at bytes */
	MEASURE_MORE,           /* it needs more than the len bytes there are */
	MEASURE_TOO_LARGE,      /* a count or length is above the object limit */
	MEASURE_TOO_DEEP,       /* nested beyond TRACE_MAX_NESTING */
	MEASURE_INVALID,        /* a byte that msgpack does not define */
};

/* Continues with the bytes from the object's beginning, len of them. */
enum measure_result measure_object(struct measure *m, const void *bytes, size_t len);

struct cursor {
	const unsigned char *p, *end;
};

/* Each returns false, and leaves the cursor anywhere, if that is not next. */
bool cursor_array(struct cursor *c, uint32_t *n);
bool cursor_uint(struct cursor *c, uint64_t *value);
bool cursor_int(struct cursor *c, int64_t *value);
bool cursor_bytes(struct cursor *c, const char **bytes, size_t *len);  /* str or bin */

/*
 * Reads an array of n integers within min and max into 32-bit fields that lie
 * stride bytes apart.
 */
bool cursor_column(struct cursor *c, uint32_t n, int64_t min, int64_t max, void *first,
		   size_t stride);

#endif
