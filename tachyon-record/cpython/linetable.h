/* SPDX-License-Identifier: MIT */
/*
 * linetable.h - instruction offset to source position.
 *
 * The location table of 3.11 and later (CPython, InternalDocs/code_objects.md
 * and Objects/codeobject.c).  The bytes come from the target and may hold
 * anything; the decoder never reads outside them.
 */
#ifndef CPYTHON_LINETABLE_H
#define CPYTHON_LINETABLE_H

#include <stddef.h>
#include <stdint.h>

/* As co_positions() gives it; -1 where that gives None. */
struct position {
	int32_t line, end_line;         /* from 1 */
	int32_t col, end_col;           /* bytes of UTF-8, from 0 */
};

/*
 * The position of the instruction lasti bytes into the code.  A negative
 * lasti (a frame that has not begun) is at first_line.
 */
struct position linetable_find(const uint8_t *table, size_t len, int32_t first_line,
			       int32_t lasti);

#endif
