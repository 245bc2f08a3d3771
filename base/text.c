/* SPDX-License-Identifier: MIT */
/* text.c - UTF-8, and bytes of unknown origin made printable. */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

enum { ESCAPED_SIZE = 12 };     /* holds \U0010ffff and its NUL */

/* The smallest code that needs a sequence of so many bytes. */
static const uint32_t shortest_code[] = { 0, 0, 0x80, 0x800, 0x10000 };

size_t text_decode(const void *s, size_t len, uint32_t *code)
{
	const unsigned char *p = s;
	size_t n;

	if (len == 0)
		return 0;
	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if ((p[0] & 0xf0) == 0xe0)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (len < n)
		return 0;

	uint32_t c = p[0] & (0xffu >> (n + 1));

	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fu);
	}
	if (c < shortest_code[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return n;
}

bool text_is_utf8(const void *s, size_t len)
{
	const char *p = s;

	for (size_t i = 0; i < len;) {
		uint32_t code;
		size_t n = text_decode(p + i, len - i, &code);

		if (!n)
			return false;
		i += n;
	}
	return true;
}

size_t text_cut(const void *s, size_t len, size_t max)
{
	const unsigned char *p = s;

	if (len <= max)
		max = len;
	/* Only a character that starts in the last three bytes can be cut. */
	for (size_t back = 1; back <= 3 && back <= max; back++) {
		unsigned char c = p[max - back];

		if ((c & 0xc0) == 0x80)
			continue;
		size_t need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;

		return need > back ? max - back : max;
	}
	return max;
}

/* Inclusive ranges, ascending; from the general categories Cc, Cf, Zl and Zp. */
static const struct { uint32_t first, last; } unsafe_codes[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad }, { 0x061c, 0x061c },
	{ 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
	{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
};

bool text_is_unsafe(uint32_t code)
{
	for (size_t i = 0; i < sizeof(unsafe_codes) / sizeof(*unsafe_codes); i++)
		if (code <= unsafe_codes[i].last)
			return code >= unsafe_codes[i].first;
	return false;
}

/*
 * The printable form of what s begins with: *used bytes of it become the
 * returned number of bytes in out.
 */
static size_t escape_one(char out[ESCAPED_SIZE], const char *s, size_t len,
			 size_t *used)
{
	uint32_t code;
	size_t n = text_decode(s, len, &code);

	if (n && !text_is_unsafe(code)) {
		memcpy(out, s, n);
		*used = n;
		return n;
	}
	*used = n ? n : 1;
	if (n <= 1)
		return (size_t)snprintf(out, ESCAPED_SIZE, "\\x%02x",
					(unsigned char)*s);
	return (size_t)snprintf(out, ESCAPED_SIZE,
				code > 0xffff ? "\\U%08x" : "\\u%04x", code);
}

void text_escape(struct buf *out, const void *s, size_t len)
{
	const char *p = s;
	char piece[ESCAPED_SIZE];

	for (size_t i = 0, used; i < len; i += used)
		buf_add(out, piece, escape_one(piece, p + i, len - i, &used));
}

size_t text_escape_to(char *dst, size_t size, const void *s, size_t len)
{
	const char *p = s;
	char piece[ESCAPED_SIZE];
	size_t at = 0;

	for (size_t i = 0, used; i < len; i += used) {
		size_t n = escape_one(piece, p + i, len - i, &used);

		if (at + n >= size)
			break;
		memcpy(dst + at, piece, n);
		at += n;
	}
	dst[at] = '\0';
	return at;
}

size_t text_width(const void *s, size_t len)
{
	const unsigned char *p = s;
	size_t width = 0;

	for (size_t i = 0; i < len; i++)
		width += (p[i] & 0xc0) != 0x80;
	return width;
}
