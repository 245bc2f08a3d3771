/* SPDX-License-Identifier: MIT */
#include "tachyon-record/cpython/linetable.h"

enum {
	CODE_UNIT = 2,          /* bytes of a _Py_CODEUNIT */

	/* enum _PyCodeLocationInfoKind, Include/cpython/code.h */
	SHORT_LAST = 9,
	ONE_LINE_0 = 10,
	ONE_LINE_2 = 12,
	NO_COLUMNS = 13,
	LONG = 14,

	/* The line step that means no line, in ranges (Objects/lnotab_notes.txt) */
	NO_LINE = -128,
};

struct cursor {
	const uint8_t *at, *end;
};

static unsigned next_byte(struct cursor *c)
{
	return c->at < c->end ? *c->at++ : 0;
}

/* Six bits a byte, least significant first; bit 6 says that more follow. */
static uint32_t next_varint(struct cursor *c)
{
	unsigned byte = next_byte(c), shift = 0;
	uint32_t value = byte & 63;

	while (byte & 64) {
		byte = next_byte(c);
		shift += 6;
		if (shift < 32)
			value |= (uint32_t)(byte & 63) << shift;
	}
	return value;
}

static int32_t next_signed_varint(struct cursor *c)
{
	uint32_t value = next_varint(c);

	return value & 1 ? -(int32_t)(value >> 1) : (int32_t)(value >> 1);
}

/* Lines are sums of hostile numbers: they wrap instead of overflowing. */
static int32_t add(int32_t a, int32_t b)
{
	return (int32_t)((uint32_t)a + (uint32_t)b);
}

/* Decodes the entry behind its first byte; *line is the running line. */
static struct position next_entry(struct cursor *c, unsigned kind, int32_t *line)
{
	struct position p = { -1, -1, -1, -1 };

	if (kind <= SHORT_LAST) {
		unsigned byte = next_byte(c);

		p.col = (int32_t)(kind << 3 | byte >> 4);
		p.end_col = p.col + (int32_t)(byte & 15);
	} else if (kind <= ONE_LINE_2) {
		*line = add(*line, (int32_t)(kind - ONE_LINE_0));
		p.col = (int32_t)next_byte(c);
		p.end_col = (int32_t)next_byte(c);
	} else if (kind == NO_COLUMNS) {
		*line = add(*line, next_signed_varint(c));
	} else if (kind == LONG) {
		*line = add(*line, next_signed_varint(c));
		p.end_line = add(*line, (int32_t)next_varint(c));
		p.col = (int32_t)(next_varint(c) - 1);
		p.end_col = (int32_t)(next_varint(c) - 1);
	} else {
		return p;
	}
	p.line = *line;
	if (kind != LONG)
		p.end_line = *line;
	return p;
}

/* What no compiler writes is not known rather than a strange number. */
static struct position sensible(struct position p)
{
	if (p.line < 0)
		return (struct position){ -1, -1, -1, -1 };
	if (p.end_line < 0)
		p.end_line = -1;
	if (p.col < 0)
		p.col = -1;
	if (p.end_col < 0)
		p.end_col = -1;
	return p;
}

static struct position find_in_positions(struct cursor c, int32_t line, int32_t unit)
{
	int32_t end = 0;

	while (c.at < c.end) {
		unsigned first = next_byte(&c);
		struct position p = next_entry(&c, first >> 3 & 15, &line);

		end += (int32_t)(first & 7) + 1;
		if (end > unit)
			return sensible(p);
		/* Payload bytes have bit 7 clear, only first bytes have it set. */
		while (c.at < c.end && !(*c.at & 128))
			c.at++;
	}
	return (struct position){ -1, -1, -1, -1 };
}

static struct position whole_line(int32_t line)
{
	return sensible((struct position){ line, line, -1, -1 });
}

/* Pairs of how many bytes a line takes and the step to it from the line before. */
static struct position find_in_ranges(struct cursor c, int32_t line, int32_t lasti)
{
	int64_t end = 0;

	while (c.end - c.at >= 2) {
		int8_t step;

		end += next_byte(&c);
		step = (int8_t)next_byte(&c);
		if (step != NO_LINE)
			line = add(line, step);
		if (end > lasti)
			return whole_line(step == NO_LINE ? -1 : line);
	}
	return whole_line(-1);
}

/* Pairs of how many bytes lie before a line begins and the step to that line. */
static struct position find_in_steps(struct cursor c, int32_t line, int32_t lasti)
{
	int64_t begin = 0;

	while (c.end - c.at >= 2) {
		begin += next_byte(&c);
		if (begin > lasti)
			break;
		line = add(line, (int8_t)next_byte(&c));
	}
	return whole_line(line);
}

struct position linetable_find(enum line_form form, const uint8_t *table, size_t len,
			       int32_t first_line, int32_t lasti)
{
	const struct cursor c = { table, table + len };

	if (lasti < 0)
		return whole_line(first_line);
	switch (form) {
	case LINES_POSITIONS:
		return find_in_positions(c, first_line, lasti / CODE_UNIT);
	case LINES_RANGES:
		return find_in_ranges(c, first_line, lasti);
	case LINES_STEPS:
		return find_in_steps(c, first_line, lasti);
	}
	return whole_line(-1);
}
