/* SPDX-License-Identifier: MIT */
/* buf.c - a growable run of bytes. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void buf_release(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}

void *buf_reserve(struct buf *b, size_t more)
{
	/* The sum cannot wrap: len is below PTRDIFF_MAX, and so is any object. */
	b->data = mem_grow(b->data, &b->cap, b->len + more, 1);
	return b->data + b->len;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (!len)
		return;
	memcpy(buf_reserve(b, len), bytes, len);
	b->len += len;
}

void buf_add_char(struct buf *b, char c)
{
	*(char *)buf_reserve(b, 1) = c;
	b->len++;
}

void buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_add_uint(struct buf *b, uint64_t n)
{
	char digits[20];
	size_t i = sizeof(digits);

	do {
		digits[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	buf_add(b, digits + i, sizeof(digits) - i);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len > 0) {
		vsnprintf(buf_reserve(b, (size_t)len + 1), (size_t)len + 1, fmt, again);
		b->len += (size_t)len;
	}
	va_end(again);
}

char *buf_str(struct buf *b)
{
	*(char *)buf_reserve(b, 1) = '\0';
	return b->data;
}
