/* SPDX-License-Identifier: MIT */
/*
 * linetable.h - instruction offset to source position.
 *
 * The forms are described in CPython's Objects/lnotab_notes.txt (3.8 to 3.10)
 * and InternalDocs/code_objects.md.  The bytes come from the target and may
 * hold anything; the decoder never reads outside them.
 */
#ifndef CPYTHON_LINETABLE_H
#define CPYTHON_LINETABLE_H

#include <stddef.h>
#include <stdint.h>

/* What a code object's table holds. */
enum line_form {
	LINES_POSITIONS,        /* co_linetable with lines and columns (3.11) */
	LINES_RANGES,           /* co_linetable: bytes, and their line if any (3.10) */
	LINES_STEPS,            /* co_lnotab: bytes up to a line's begin (up to 3.9) */
};

/*
 * As co_positions() gives it; -1 where that gives None.  The older forms have
 * no columns, and a position ends in the line where it begins.
 */
struct position {
	int32_t line, end_line;         /* from 1 */
	int32_t col, end_col;           /* bytes of UTF-8, from 0 */
};

/*
 * The position of the instruction lasti bytes into the code.  A negative
 * lasti (a frame that has not begun) is at first_line.
 */
struct position linetable_find(enum line_form form, const uint8_t *table, size_t len,
			       int32_t first_line, int32_t lasti);

#endif
