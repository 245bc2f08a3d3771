/* SPDX-License-Identifier: MIT */
/* unit_test - quantities as people write them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/unit.h"

typedef int parse_fn(const char *text, uint64_t *value, struct err *err);

static void check(parse_fn *parse, const char *text, int rc, uint64_t expected)
{
	struct err err;
	uint64_t value = 12345;

	assert_int_equal(parse(text, &value, &err), rc);
	assert_int_equal(value, rc ? 12345 : expected);
}

static void durations(void **state)
{
	(void)state;
	check(unit_parse_duration, "10", 0, 10000000000);
	check(unit_parse_duration, "0", 0, 0);
	check(unit_parse_duration, "0.5", 0, 500000000);
	check(unit_parse_duration, ".25s", 0, 250000000);
	check(unit_parse_duration, "250MS", 0, 250000000);
	check(unit_parse_duration, "2m", 0, 120000000000);
	check(unit_parse_duration, "1h", 0, 3600000000000);
	check(unit_parse_duration, "", -EINVAL, 0);
	check(unit_parse_duration, "-1", -EINVAL, 0);
	check(unit_parse_duration, "1 s", -EINVAL, 0);
	check(unit_parse_duration, "inf", -EINVAL, 0);
	check(unit_parse_duration, "0x10", -EINVAL, 0);
	check(unit_parse_duration, "1e3", -EINVAL, 0);
	check(unit_parse_duration, ".", -EINVAL, 0);
	check(unit_parse_duration, "99999999999999999999", -ERANGE, 0);
}

static void intervals_and_rates(void **state)
{
	(void)state;
	check(unit_parse_interval, "100", 0, 100000);
	check(unit_parse_interval, "2.5", 0, 2500);
	check(unit_parse_interval, "1ms", 0, 1000000);
	check(unit_parse_interval, "5\xc2\xb5s", 0, 5000);
	check(unit_parse_interval, "0", -ERANGE, 0);
	check(unit_parse_interval, "0.1", -ERANGE, 0);
	check(unit_parse_rate, "1000", 0, 1000000);
	check(unit_parse_rate, "10khz", 0, 100000);
	check(unit_parse_rate, "10KHz", 0, 100000);
	check(unit_parse_rate, "2.5k", 0, 400000);
	check(unit_parse_rate, "3khz", 0, 333333);
	check(unit_parse_rate, "1mhz", 0, 1000);
	check(unit_parse_rate, "0.5hz", 0, 2000000000);
	check(unit_parse_rate, "2mhz", -ERANGE, 0);
	check(unit_parse_rate, "0", -ERANGE, 0);
	check(unit_parse_rate, "10x", -EINVAL, 0);
}

static void sizes_and_counts(void **state)
{
	struct err err;
	uint64_t n = 7;

	(void)state;
	check(unit_parse_bytes, "4096", 0, 4096);
	check(unit_parse_bytes, "64K", 0, 65536);
	check(unit_parse_bytes, "1.5MiB", 0, 1572864);
	check(unit_parse_bytes, "1 k", -EINVAL, 0);
	assert_int_equal(unit_parse_count("15", 100, &n, &err), 0);
	assert_int_equal(n, 15);
	assert_int_equal(unit_parse_count("101", 100, &n, &err), -ERANGE);
	assert_int_equal(unit_parse_count("18446744073709551616", UINT64_MAX, &n, &err),
			 -ERANGE);
	assert_int_equal(unit_parse_count("18446744073709551615", UINT64_MAX, &n, &err),
			 0);
	assert_int_equal(unit_parse_count("", 100, &n, &err), -EINVAL);
	assert_int_equal(unit_parse_count("+1", 100, &n, &err), -EINVAL);
}

static void printing(void **state)
{
	(void)state;
	assert_string_equal(unit_duration(999).s, "999 ns");
	assert_string_equal(unit_duration(12300).s, "12.30 us");
	assert_string_equal(unit_duration(1500000000).s, "1.500 s");
	assert_string_equal(unit_duration(725000000000).s, "12 m 05 s");
	assert_string_equal(unit_duration(7500000000000).s, "2 h 05 m");
	assert_string_equal(unit_rate(998.7).s, "998.7 Hz");
	assert_string_equal(unit_rate(10000).s, "10.00 kHz");
	assert_string_equal(unit_bytes(512).s, "512 B");
	assert_string_equal(unit_bytes(1258291).s, "1.2 MiB");
	assert_string_equal(unit_bytes(UINT64_MAX).s, "16.0 EiB");
	assert_string_equal(unit_percent(0, 10).s, "0 %");
	assert_string_equal(unit_percent(1, 8).s, "12.5 %");
	assert_string_equal(unit_percent(1, 10000).s, "0.010 %");
	assert_string_equal(unit_percent(1, 0).s, "0 %");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),
		cmocka_unit_test(intervals_and_rates),
		cmocka_unit_test(sizes_and_counts),
		cmocka_unit_test(printing),
	};

	return cmocka_run_group_tests_name("unit", tests, NULL, NULL);
}
