/* SPDX-License-Identifier: MIT */
/* text_test - UTF-8, and hostile names made printable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

static void utf8_is_what_the_rfc_says(void **state)
{
	static const struct { const char *bytes; bool valid; } cases[] = {
		{ "", true }, { "plain", true }, { "\xc3\xbc", true },
		{ "\xe2\x82\xac", true }, { "\xf0\x9f\x90\x8d", true },
		{ "\xf4\x8f\xbf\xbf", true },
		{ "\x80", false }, { "\xc3", false }, { "\xc0\xaf", false },
		{ "\xe0\x80\xaf", false }, { "\xed\xa0\x80", false },
		{ "\xf4\x90\x80\x80", false }, { "\xf8\x88\x80\x80\x80", false },
		{ "\xff", false }, { "a\xe2\x82", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(text_is_utf8(cases[i].bytes, strlen(cases[i].bytes)),
				 cases[i].valid);
}

static void cuts_lie_between_characters(void **state)
{
	static const char snake[] = "ab\xf0\x9f\x90\x8d" "c";

	(void)state;
	assert_int_equal(text_cut(snake, 7, 2), 2);
	assert_int_equal(text_cut(snake, 7, 3), 2);
	assert_int_equal(text_cut(snake, 7, 5), 2);
	assert_int_equal(text_cut(snake, 7, 6), 6);
	assert_int_equal(text_cut(snake, 7, 99), 7);
	assert_int_equal(text_cut("\x80\x80\x80\x80\x80", 5, 4), 4);
	assert_int_equal(text_cut("", 0, 4), 0);
}

static void hostile_text_is_escaped(void **state)
{
	static const struct { const char *bytes, *shown; } cases[] = {
		{ "plain <b>&;", "plain <b>&;" },
		{ "\x1b[31m", "\\x1b[31m" },
		{ "a\nb\t\x7f", "a\\x0ab\\x09\\x7f" },
		{ "\xff\xc3", "\\xff\\xc3" },
		{ "\xc2\x9b" "31m", "\\u009b31m" },
		{ "\xe2\x80\xae", "\\u202e" },
		{ "\xf3\xa0\x80\x81", "\\U000e0001" },
		{ "\xc3\xbc\xf0\x9f\x90\x8d", "\xc3\xbc\xf0\x9f\x90\x8d" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf b = { 0 };

		text_escape(&b, cases[i].bytes, strlen(cases[i].bytes));
		assert_string_equal(buf_str(&b), cases[i].shown);
		buf_release(&b);
	}
}

static void a_small_buffer_ends_between_pieces(void **state)
{
	char small[8];

	(void)state;
	assert_int_equal(text_escape_to(small, sizeof(small), "abcde\n", 6), 5);
	assert_string_equal(small, "abcde");
	assert_int_equal(text_escape_to(small, sizeof(small), "abc\n", 4), 7);
	assert_string_equal(small, "abc\\x0a");
}

static void width_counts_characters(void **state)
{
	(void)state;
	assert_int_equal(text_width("\xce\xbcs", 3), 2);
	assert_int_equal(text_width("", 0), 0);
}

static void messages_carry_no_controls(void **state)
{
	struct err err;
	char big[4000];

	(void)state;
	assert_int_equal(err_set(&err, 5, "%s: no", "a\x1b[2Jb"), -5);
	assert_string_equal(err.text, "a\\x1b[2Jb: no");
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	err_set(&err, 5, "%s", big);
	assert_int_equal(strlen(err.text), ERR_TEXT_SIZE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_is_what_the_rfc_says),
		cmocka_unit_test(cuts_lie_between_characters),
		cmocka_unit_test(hostile_text_is_escaped),
		cmocka_unit_test(a_small_buffer_ends_between_pieces),
		cmocka_unit_test(width_counts_characters),
		cmocka_unit_test(messages_carry_no_controls),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
