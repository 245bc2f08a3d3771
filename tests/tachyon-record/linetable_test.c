/* SPDX-License-Identifier: MIT */
/*
 * linetable_test - hand-made line tables and hostile ones.
 *
 * The format is that of CPython's InternalDocs/code_objects.md.  Tables are
 * copied into blocks of their exact size, so that a sanitizer sees a read
 * outside.  linetable.bats compares with real ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tachyon-record/cpython/linetable.h"

/* The first byte of an entry of this kind for so many code units. */
#define ENTRY(kind, units) (0x80 | (kind) << 3 | ((units) - 1))

enum { NO_COLUMNS = 13, LONG = 14, NOTHING = 15, FIRST = 100 };

static struct position find_as(enum line_form form, const uint8_t *bytes, size_t len,
			       int32_t lasti)
{
	uint8_t *table = malloc(len ? len : 1);
	struct position p;

	assert_non_null(table);
	memcpy(table, bytes, len);
	p = linetable_find(form, table, len, FIRST, lasti);
	free(table);
	return p;
}

static struct position find(const uint8_t *bytes, size_t len, int32_t lasti)
{
	return find_as(LINES_POSITIONS, bytes, len, lasti);
}

static void assert_position(struct position p, int32_t line, int32_t end_line,
			    int32_t col, int32_t end_col)
{
	assert_int_equal(p.line, line);
	assert_int_equal(p.end_line, end_line);
	assert_int_equal(p.col, col);
	assert_int_equal(p.end_col, end_col);
}

static void short_entries(void **state)
{
	static const uint8_t table[] = {
		ENTRY(0, 1), 0x7f,      /* column 7, 15 wide */
		ENTRY(9, 2), 0x03,      /* column 72, 3 wide */
		ENTRY(4, 8), 0x50,
	};

	(void)state;
	assert_position(find(table, sizeof(table), 0), 100, 100, 7, 22);
	assert_position(find(table, sizeof(table), 2), 100, 100, 72, 75);
	assert_position(find(table, sizeof(table), 4), 100, 100, 72, 75);
	assert_position(find(table, sizeof(table), 6), 100, 100, 37, 37);
	assert_position(find(table, sizeof(table), 20), 100, 100, 37, 37);
	/* Within a code unit, and behind the last one. */
	assert_position(find(table, sizeof(table), 21), 100, 100, 37, 37);
	assert_position(find(table, sizeof(table), 22), -1, -1, -1, -1);
}

static void one_line_entries_move_the_line(void **state)
{
	static const uint8_t table[] = {
		ENTRY(10, 1), 1, 2, ENTRY(11, 1), 0, 127, ENTRY(12, 1), 5, 5,
		ENTRY(0, 1), 0,
	};

	(void)state;
	assert_position(find(table, sizeof(table), 0), 100, 100, 1, 2);
	assert_position(find(table, sizeof(table), 2), 101, 101, 0, 127);
	assert_position(find(table, sizeof(table), 4), 103, 103, 5, 5);
	assert_position(find(table, sizeof(table), 6), 103, 103, 0, 0);
}

static void entries_without_columns(void **state)
{
	static const uint8_t table[] = {
		ENTRY(NO_COLUMNS, 1), 0,
		ENTRY(NO_COLUMNS, 1), 6,                /* + 3 */
		ENTRY(NO_COLUMNS, 1), 7,                /* - 3 */
		ENTRY(NO_COLUMNS, 1), 0x40 | 32, 31,    /* + (32 + 31 * 64) / 2 */
		ENTRY(NO_COLUMNS, 1), 0x40 | 33, 31,    /* - the same */
	};

	(void)state;
	assert_position(find(table, sizeof(table), 0), 100, 100, -1, -1);
	assert_position(find(table, sizeof(table), 2), 103, 103, -1, -1);
	assert_position(find(table, sizeof(table), 4), 100, 100, -1, -1);
	assert_position(find(table, sizeof(table), 6), 1108, 1108, -1, -1);
	assert_position(find(table, sizeof(table), 8), 100, 100, -1, -1);
}

static void long_entries(void **state)
{
	static const uint8_t table[] = {
		ENTRY(LONG, 1), 2, 4, 6, 1,             /* 101 to 105, 5 to 0 */
		ENTRY(LONG, 1), 3, 0, 0, 0,             /* columns not known */
		ENTRY(LONG, 1), 0, 0, 0x40 | 1, 0x40 | 2, 3, 0x40, 1,
		ENTRY(10, 1), 8, 9,                     /* behind the last varint */
	};

	(void)state;
	assert_position(find(table, sizeof(table), 0), 101, 105, 5, 0);
	assert_position(find(table, sizeof(table), 2), 100, 100, -1, -1);
	assert_position(find(table, sizeof(table), 4), 100, 100,
			(1 | 2 << 6 | 3 << 12) - 1, (1 << 6) - 1);
	assert_position(find(table, sizeof(table), 6), 100, 100, 8, 9);
}

static void entries_without_position(void **state)
{
	static const uint8_t table[] = {
		ENTRY(NOTHING, 3), ENTRY(11, 1), 1, 2, ENTRY(NOTHING, 1),
		ENTRY(0, 1), 0,
	};

	(void)state;
	assert_position(find(table, sizeof(table), 0), -1, -1, -1, -1);
	assert_position(find(table, sizeof(table), 4), -1, -1, -1, -1);
	assert_position(find(table, sizeof(table), 6), 101, 101, 1, 2);
	assert_position(find(table, sizeof(table), 8), -1, -1, -1, -1);
	assert_position(find(table, sizeof(table), 10), 101, 101, 0, 0);
}

static void a_frame_that_has_not_begun(void **state)
{
	static const uint8_t table[] = { ENTRY(12, 1), 1, 2 };

	(void)state;
	assert_position(find(table, sizeof(table), -1), 100, 100, -1, -1);
	assert_position(find(table, sizeof(table), INT32_MIN), 100, 100, -1, -1);
	assert_position(find(table, 0, -2), 100, 100, -1, -1);
}

/* Whatever the bytes are: nothing below -1, which would not be a position. */
static void assert_possible(struct position p)
{
	assert_true(p.line >= -1);
	assert_true(p.end_line >= -1);
	assert_true(p.col >= -1);
	assert_true(p.end_col >= -1);
}

#define POSSIBLE(...)                                                                  \
	assert_possible(find((const uint8_t[]){ __VA_ARGS__ },                         \
			     sizeof((const uint8_t[]){ __VA_ARGS__ }), 0))

static void cut_tables(void **state)
{
	static const uint8_t table[] = { ENTRY(LONG, 1), 0x42, 4, 0x46, 1, 0x41, 1 };

	(void)state;
	assert_position(find(table, 0, 0), -1, -1, -1, -1);
	for (size_t len = 0; len <= sizeof(table); len++)
		assert_possible(find(table, len, 0));
	POSSIBLE(ENTRY(0, 1));
	POSSIBLE(ENTRY(10, 1), 5);
	POSSIBLE(ENTRY(NO_COLUMNS, 1));
	POSSIBLE(ENTRY(NO_COLUMNS, 1), 0x7f, 0x7f, 0x7f);
}

static void numbers_that_are_too_large(void **state)
{
	static const uint8_t two_on[] = { ENTRY(12, 1), 0, 0 };

	(void)state;
	/* A column of 2**31, of 2**32 - 1, and one that never ends. */
	POSSIBLE(ENTRY(LONG, 1), 0, 0, 0x40, 0x40, 0x40, 0x40, 0x40, 2, 0);
	POSSIBLE(ENTRY(LONG, 1), 0, 0, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x3f, 0);
	POSSIBLE(ENTRY(LONG, 1), 0, 0, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f,
		 0x7f);
	/* Lines far below and above; an end line that wraps. */
	POSSIBLE(ENTRY(NO_COLUMNS, 1), 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x3f);
	POSSIBLE(ENTRY(NO_COLUMNS, 1), 0x7e, 0x7f, 0x7f, 0x7f, 0x7f, 0x3f);
	POSSIBLE(ENTRY(NO_COLUMNS, 1), 0x43, 0x40 | 63, 5);
	POSSIBLE(ENTRY(LONG, 1), 0, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0x3f, 1, 1);
	assert_possible(linetable_find(LINES_POSITIONS, two_on, sizeof(two_on), INT32_MAX, 0));
	assert_possible(linetable_find(LINES_POSITIONS, two_on, sizeof(two_on), INT32_MIN, 0));
	assert_possible(linetable_find(LINES_POSITIONS, NULL, 0, INT32_MIN, -1));
}

/* Where the entry begins that a code unit belongs to is told by bit 7 alone. */
static void bytes_between_entries_are_passed_over(void **state)
{
	static const uint8_t table[] = {
		ENTRY(0, 1), 0x11, 0x33, 0x44, ENTRY(0, 1), 0x22,
	};

	(void)state;
	assert_position(find(table, sizeof(table), 2), 100, 100, 2, 4);
}

/* Objects/lnotab_notes.txt of 3.9: x = 1, a jump over 200 lines, one back. */
static void steps(void **state)
{
	static const uint8_t table[] = { 0, 1, 4, 127, 0, 73, 6, 0xff, 255, 0, 45, 2, 1 };
	static const struct {
		int32_t lasti, line;
	} truth[] = {
		{ -1, 100 }, { 0, 101 }, { 3, 101 }, { 4, 301 }, { 9, 301 }, { 10, 300 },
		{ 264, 300 }, { 309, 300 }, { 310, 302 }, { 5000, 302 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(truth) / sizeof(truth[0]); i++)
		assert_position(find_as(LINES_STEPS, table, sizeof(table), truth[i].lasti),
				truth[i].line, truth[i].line, -1, -1);
	assert_position(find_as(LINES_STEPS, (const uint8_t *)"", 0, 6), 100, 100, -1, -1);
	assert_position(find_as(LINES_STEPS, (const uint8_t *)"\0", 1, 6), 100, 100, -1, -1);
}

/* Objects/lnotab_notes.txt of 3.10: a line may be missing, a range may be empty. */
static void ranges(void **state)
{
	static const uint8_t table[] = { 6, 0, 2, 0x80, 0, 127, 4, 73, 254, 0xff, 46, 0, 1 };
	static const struct {
		int32_t lasti, line;
	} truth[] = {
		{ -1, 100 }, { 0, 100 }, { 5, 100 }, { 6, -1 }, { 7, -1 }, { 8, 300 }, { 11, 300 },
		{ 12, 299 }, { 265, 299 }, { 266, 299 }, { 311, 299 }, { 312, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(truth) / sizeof(truth[0]); i++)
		assert_position(find_as(LINES_RANGES, table, sizeof(table), truth[i].lasti),
				truth[i].line, truth[i].line, -1, -1);
	assert_position(find_as(LINES_RANGES, (const uint8_t *)"", 0, 6), -1, -1, -1, -1);
}

static void random_bytes_do_no_harm(void **state)
{
	uint32_t seed = 20240229;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		uint8_t table[64];
		size_t len;

		for (size_t i = 0; i < sizeof(table); i++) {
			seed = seed * 1664525 + 1013904223;
			table[i] = (uint8_t)(seed >> 24);
			/* Long numbers are rare among bytes of equal chance. */
			if (round % 2 && i % 8)
				table[i] = (uint8_t)(0x40 | (table[i] & 0x3f));
		}
		len = seed % (sizeof(table) + 1);
		for (int form = LINES_POSITIONS; form <= LINES_STEPS; form++) {
			for (int32_t lasti = -2; lasti < 40; lasti += 3)
				assert_possible(find_as(form, table, len, lasti));
			assert_possible(find_as(form, table, len, INT32_MAX));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_entries),
		cmocka_unit_test(one_line_entries_move_the_line),
		cmocka_unit_test(entries_without_columns),
		cmocka_unit_test(long_entries),
		cmocka_unit_test(entries_without_position),
		cmocka_unit_test(a_frame_that_has_not_begun),
		cmocka_unit_test(cut_tables),
		cmocka_unit_test(numbers_that_are_too_large),
		cmocka_unit_test(bytes_between_entries_are_passed_over),
		cmocka_unit_test(steps),
		cmocka_unit_test(ranges),
		cmocka_unit_test(random_bytes_do_no_harm),
	};

	return cmocka_run_group_tests_name("linetable", tests, NULL, NULL);
}
