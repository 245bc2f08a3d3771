/* SPDX-License-Identifier: MIT */
/* opt_test - option tables behave as getopt_long(3) does, with better messages. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/opt.h"

enum { RUN = 1, ATTACH = 2 };

static const struct opt rows[] = {
	{ NULL, 0, NULL, "Sampling", 0, 0 },
	{ "interval", 'i', "US", "time between ticks", 'i', 0 },
	{ "all-threads", 'a', NULL, "all threads", 'a', 0 },
	{ "all", 0, NULL, "everything", 'A', 0 },
	{ "module", 'm', NULL, "the target is a module", 'm', RUN },
	{ "quiet", 'q', NULL,
	  "no warnings, and a sentence that is so long that it has to be "
	  "broken into two lines",
	  'q', 0 },
	{ "hidden", 0, NULL, NULL, 'h', 0 },
	{ 0 },
};

static struct err err;

/* Runs the words; says what came as a string of ids, values and operands. */
static const char *scan(enum opt_order order, unsigned command, const char *words)
{
	static char out[512];
	char text[256], *argv[32];
	struct opt_scan s;
	int argc = 0, id;

	snprintf(text, sizeof(text), "%s", words);
	for (char *w = strtok(text, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	out[0] = '\0';
	opt_init(&s, rows, argc, argv, order, command);
	while ((id = opt_next(&s, &err)) > 0)
		sprintf(out + strlen(out), "%c%s%s ", id, s.value ? "=" : "",
			s.value ? s.value : "");
	if (id < 0) {
		assert_int_equal(id, -EINVAL);
		return err.text;
	}
	strcat(out, "|");
	for (int i = 0; i < s.noperands; i++)
		sprintf(out + strlen(out), " %s", s.operands[i]);
	return out;
}

static void options_and_operands(void **state)
{
	(void)state;
	assert_string_equal(scan(OPT_PERMUTE, 0, "-i 5 x -a y"), "i=5 a | x y");
	assert_string_equal(scan(OPT_PERMUTE, 0, "-i5 --interval=6 --interval 7"),
			    "i=5 i=6 i=7 |");
	assert_string_equal(scan(OPT_PERMUTE, 0, "-aqi5 - x"), "a q i=5 | - x");
	assert_string_equal(scan(OPT_PERMUTE, 0, "x -- -a -i"), "| x -a -i");
	assert_string_equal(scan(OPT_PERMUTE, 0, "--interval="), "i= |");
	assert_string_equal(scan(OPT_STOP, 0, "-a t.py -q -a"), "a | t.py -q -a");
	assert_string_equal(scan(OPT_STOP, 0, "-- -a"), "| -a");
	assert_string_equal(scan(OPT_PERMUTE, 0, "--hidden"), "h |");
}

static void leading_options_leave_argv_alone(void **state)
{
	char words[][4] = { "-a", "-i", "5", "x", "-q" };
	char *argv[] = { words[0], words[1], words[2], words[3], words[4] };
	struct opt_scan s;

	(void)state;
	opt_init(&s, rows, 5, argv, OPT_STOP, 0);
	while (opt_next(&s, &err) > 0)
		;
	assert_int_equal(s.noperands, 2);
	assert_ptr_equal(s.operands, argv + 3);
	for (int i = 0; i < 5; i++)
		assert_ptr_equal(argv[i], words[i]);
}

static void beginnings_of_names(void **state)
{
	(void)state;
	assert_string_equal(scan(OPT_PERMUTE, 0, "--inter 5 --all --all-t"),
			    "i=5 A a |");
	assert_string_equal(scan(OPT_PERMUTE, 0, "--al"),
			    "--al: could be --all-threads or --all");
}

static void wrong_usage(void **state)
{
	(void)state;
	assert_string_equal(scan(OPT_PERMUTE, 0, "--intreval=5"),
			    "--intreval: unknown option; did you mean --interval?");
	assert_string_equal(scan(OPT_PERMUTE, 0, "--xyz"),
			    "--xyz: unknown option; see --help");
	assert_string_equal(scan(OPT_PERMUTE, 0, "-az"),
			    "-z: unknown option; see --help");
	assert_string_equal(scan(OPT_PERMUTE, 0, "--interval"),
			    "--interval: needs a value; give US");
	assert_string_equal(scan(OPT_PERMUTE, 0, "--all=3"), "--all: takes no value");
	assert_string_equal(scan(OPT_STOP, RUN, "-m x"), "m | x");
	assert_string_equal(scan(OPT_STOP, ATTACH, "-m x"),
			    "-m: not an option of this command; see --help");
	assert_string_equal(scan(OPT_STOP, ATTACH, "--module x"),
			    "--module: not an option of this command; see --help");
}

static void help_comes_from_the_table(void **state)
{
	struct buf b = { 0 };

	(void)state;
	opt_help(&b, rows, ATTACH);
	assert_string_equal(
		buf_str(&b),
		"Sampling:\n"
		"  -i, --interval US       time between ticks\n"
		"  -a, --all-threads       all threads\n"
		"      --all               everything\n"
		"  -q, --quiet             no warnings, and a sentence that is so long "
		"that it\n"
		"                          has to be broken into two lines\n");
	buf_release(&b);
}

static void near_words(void **state)
{
	static const char *const words[] = { "run", "attach", "dump", NULL };

	(void)state;
	assert_string_equal(opt_closest("atach", words), "attach");
	assert_string_equal(opt_closest("rum", words), "run");
	assert_null(opt_closest("frobnicate", words));
	assert_int_equal(opt_distance("kitten", "sitting"), 3);
	assert_int_equal(opt_distance("", "abc"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_and_operands),
		cmocka_unit_test(leading_options_leave_argv_alone),
		cmocka_unit_test(beginnings_of_names),
		cmocka_unit_test(wrong_usage),
		cmocka_unit_test(help_comes_from_the_table),
		cmocka_unit_test(near_words),
	};

	return cmocka_run_group_tests_name("opt", tests, NULL, NULL);
}
