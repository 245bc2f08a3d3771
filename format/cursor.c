/* SPDX-License-Identifier: MIT */
/*
 * cursor.c - msgpack, byte by byte.
 *
 * The encoding is https://github.com/msgpack/msgpack/blob/master/spec.md.
 */
#include "format/cursor.h"

#include <string.h>

/* The first bytes of a value: what it is and what must follow them. */
struct head {
	size_t len;             /* bytes of the head itself */
	uint64_t payload;       /* bytes of a string or a number */
	uint64_t children;      /* values inside an array or map */
};

/* Bytes 0xc0 to 0xdf: payload that is there anyway, width of the count, kind. */
enum kind { FIXED, SIZED, ARRAY, MAP, NEVER };

static const struct {
	unsigned char payload, count_width, kind;
} heads[32] = {
	[0x00] = { 0, 0, FIXED },                               /* nil */
	[0x01] = { 0, 0, NEVER },
	[0x02] = { 0, 0, FIXED }, [0x03] = { 0, 0, FIXED },     /* false, true */
	[0x04] = { 0, 1, SIZED }, [0x05] = { 0, 2, SIZED }, [0x06] = { 0, 4, SIZED },
	[0x07] = { 1, 1, SIZED }, [0x08] = { 1, 2, SIZED }, [0x09] = { 1, 4, SIZED },
	[0x0a] = { 4, 0, FIXED }, [0x0b] = { 8, 0, FIXED },     /* floats */
	[0x0c] = { 1, 0, FIXED }, [0x0d] = { 2, 0, FIXED },     /* unsigned */
	[0x0e] = { 4, 0, FIXED }, [0x0f] = { 8, 0, FIXED },
	[0x10] = { 1, 0, FIXED }, [0x11] = { 2, 0, FIXED },     /* signed */
	[0x12] = { 4, 0, FIXED }, [0x13] = { 8, 0, FIXED },
	[0x14] = { 2, 0, FIXED }, [0x15] = { 3, 0, FIXED },     /* fixext */
	[0x16] = { 5, 0, FIXED }, [0x17] = { 9, 0, FIXED }, [0x18] = { 17, 0, FIXED },
	[0x19] = { 0, 1, SIZED }, [0x1a] = { 0, 2, SIZED }, [0x1b] = { 0, 4, SIZED },
	[0x1c] = { 0, 2, ARRAY }, [0x1d] = { 0, 4, ARRAY },
	[0x1e] = { 0, 2, MAP }, [0x1f] = { 0, 4, MAP },
};

static uint64_t big_endian(const unsigned char *p, size_t n)
{
	uint64_t value = 0;

	while (n--)
		value = value << 8 | *p++;
	return value;
}

static enum measure_result read_head(const unsigned char *p, size_t len, struct head *h)
{
	unsigned char c;

	if (len == 0)
		return MEASURE_MORE;
	c = *p;
	*h = (struct head){ .len = 1 };
	if (c < 0x80 || c >= 0xe0)
		return MEASURE_DONE;
	if (c < 0x90)
		h->children = 2 * (c & 0x0fu);
	else if (c < 0xa0)
		h->children = c & 0x0fu;
	else if (c < 0xc0)
		h->payload = c & 0x1fu;
	if (c < 0xc0)
		return MEASURE_DONE;

	size_t width = heads[c - 0xc0].count_width;

	if (heads[c - 0xc0].kind == NEVER)
		return MEASURE_INVALID;
	if (len < 1 + width)
		return MEASURE_MORE;
	h->len += width;
	h->payload = heads[c - 0xc0].payload;

	uint64_t count = big_endian(p + 1, width);

	if (heads[c - 0xc0].kind == ARRAY)
		h->children = count;
	else if (heads[c - 0xc0].kind == MAP)
		h->children = 2 * count;
	else
		h->payload += count;
	return MEASURE_DONE;
}

/* One value inside the innermost container is complete: close what is full. */
static void count_value(struct measure *m)
{
	while (m->depth && --m->left[m->depth - 1] == 0)
		m->depth--;
}

enum measure_result measure_object(struct measure *m, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	do {
		struct head h;
		enum measure_result rc = read_head(p + m->at, len - m->at, &h);

		if (rc != MEASURE_DONE)
			return rc;
		/* Every child takes at least a byte. */
		if (m->at + h.len + h.payload + h.children > TRACE_MAX_OBJECT)
			return MEASURE_TOO_LARGE;
		if (m->at + h.len + h.payload > len)
			return MEASURE_MORE;
		if (h.children && m->depth == TRACE_MAX_NESTING)
			return MEASURE_TOO_DEEP;
		m->at += h.len + h.payload;
		if (h.children)
			m->left[m->depth++] = (uint32_t)h.children;
		else
			count_value(m);
		/* Most of a trace is small numbers. */
		while (m->depth && m->left[m->depth - 1] > 1 && m->at < len &&
		       p[m->at] < 0x80) {
			m->at++;
			m->left[m->depth - 1]--;
		}
	} while (m->depth);
	return MEASURE_DONE;
}

bool cursor_array(struct cursor *c, uint32_t *n)
{
	struct head h;

	if (c->p >= c->end ||
	    !((*c->p & 0xf0) == 0x90 || *c->p == 0xdc || *c->p == 0xdd) ||
	    read_head(c->p, (size_t)(c->end - c->p), &h) != MEASURE_DONE)
		return false;
	*n = (uint32_t)h.children;
	c->p += h.len;
	return h.children <= (size_t)(c->end - c->p);
}

bool cursor_bytes(struct cursor *c, const char **bytes, size_t *len)
{
	struct head h;

	if (c->p >= c->end ||
	    !((*c->p & 0xe0) == 0xa0 || (*c->p >= 0xc4 && *c->p <= 0xc6) ||
	      (*c->p >= 0xd9 && *c->p <= 0xdb)) ||
	    read_head(c->p, (size_t)(c->end - c->p), &h) != MEASURE_DONE ||
	    h.len + h.payload > (size_t)(c->end - c->p))
		return false;
	*bytes = (const char *)c->p + h.len;
	*len = h.payload;
	c->p += h.len + h.payload;
	return true;
}

/* Reads any integer; *negative tells which half of the 65-bit range it is in. */
static inline bool read_integer(struct cursor *c, uint64_t *value, bool *negative)
{
	size_t room = (size_t)(c->end - c->p);

	*negative = false;
	if (room == 0)
		return false;

	unsigned char b = *c->p++;

	if (b < 0x80) {
		*value = b;
		return true;
	}
	if (b >= 0xe0) {
		*value = (uint64_t)(int64_t)(int8_t)b;
		*negative = true;
		return true;
	}
	if (b < 0xcc || b > 0xd3)
		return false;

	size_t width = (size_t)1 << (b & 3);

	if (room - 1 < width)
		return false;
	*value = big_endian(c->p, width);
	c->p += width;
	if (b >= 0xd0) {
		unsigned shift = 64 - 8 * (unsigned)width;

		*value = (uint64_t)((int64_t)(*value << shift) >> shift);
		*negative = (int64_t)*value < 0;
	}
	return true;
}

bool cursor_uint(struct cursor *c, uint64_t *value)
{
	bool negative;

	return read_integer(c, value, &negative) && !negative;
}

bool cursor_int(struct cursor *c, int64_t *value)
{
	uint64_t bits;
	bool negative;

	if (!read_integer(c, &bits, &negative) || (!negative && bits > INT64_MAX))
		return false;
	*value = (int64_t)bits;
	return true;
}

bool cursor_column(struct cursor *c, uint32_t n, int64_t min, int64_t max, void *first,
		   size_t stride)
{
	uint32_t held;
	char *field = first;

	if (!cursor_array(c, &held) || held != n)
		return false;
	for (; held; held--, field += stride) {
		int64_t value;

		if (!cursor_int(c, &value) || value < min || value > max)
			return false;
		uint32_t bits = (uint32_t)value;

		memcpy(field, &bits, sizeof(bits));
	}
	return true;
}
