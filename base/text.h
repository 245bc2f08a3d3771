/* SPDX-License-Identifier: MIT */
/*
 * text.h - bytes from somewhere else as text: is it UTF-8, and what of it may
 * be shown on a terminal.
 *
 * UTF-8 is what RFC 3629 says: no overlong forms, no surrogates, nothing
 * above U+10FFFF.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * Decodes the character at s into *code and returns its length in bytes;
 * 0 if the len bytes do not begin with one.
 */
size_t text_decode(const void *s, size_t len, uint32_t *code);

bool text_is_utf8(const void *s, size_t len);

/* The most bytes, not above max, that do not end within a character. */
size_t text_cut(const void *s, size_t len, size_t max);

/*
 * Is this a character that could steer the terminal or hide what a text says:
 * controls, line and paragraph separators, marks that change the direction
 * of writing, invisible format characters?
 */
bool text_is_unsafe(uint32_t code);

/*
 * Shows the bytes in one printable line: unsafe characters and bytes that are
 * not UTF-8 become \xHH, \uHHHH or \UHHHHHHHH, the rest stays as it is.  The
 * second form writes at most size bytes with the NUL and returns how many
 * bytes precede it.
 */
void text_escape(struct buf *out, const void *s, size_t len);
size_t text_escape_to(char *dst, size_t size, const void *s, size_t len);

/* Columns that printable text takes, one for each character. */
size_t text_width(const void *s, size_t len);

#endif
