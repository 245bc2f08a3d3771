/* SPDX-License-Identifier: MIT */
/* cpu_time_test - samples on a CPU take what the kernel says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "profile/cpu_time.h"

enum { SITES = 4 };

static uint64_t given[SITES];

static void give(void *arg, uint32_t site, uint64_t ns)
{
	(void)arg;
	assert_in_range(site, 1, SITES - 1);
	given[site] += ns;
}

static int start(void **state)
{
	(void)state;
	for (int i = 0; i < SITES; i++)
		given[i] = 0;
	return 0;
}

static void parts_keep_their_proportion(void **state)
{
	struct cpu_time t = { 0 };

	(void)state;
	cpu_time_add(&t, 1, 300, 300);
	cpu_time_add(&t, 2, 100, 100);
	cpu_time_add(&t, 1, 100, 100);
	cpu_time_account(&t, 1000, give, NULL);
	assert_int_equal(given[1], 800);
	assert_int_equal(given[2], 200);
	cpu_time_release(&t);
}

static void nothing_is_lost_to_rounding(void **state)
{
	struct cpu_time t = { 0 };

	(void)state;
	for (int i = 0; i < 300; i++)
		cpu_time_add(&t, 1 + (uint32_t)i % 3, 7, 7);
	cpu_time_account(&t, 1001, give, NULL);
	assert_int_equal(given[1] + given[2] + given[3], 1001);
	cpu_time_release(&t);
}

static void what_a_filter_leaves_out_takes_its_part(void **state)
{
	struct cpu_time t = { 0 };

	(void)state;
	cpu_time_add(&t, 1, 100, 100);
	cpu_time_add(&t, 0, 0, 300);
	cpu_time_account(&t, 40, give, NULL);
	assert_int_equal(given[1], 10);
	cpu_time_release(&t);
}

static void time_that_no_sample_saw_goes_to_the_next(void **state)
{
	struct cpu_time t = { 0 };

	(void)state;
	cpu_time_account(&t, 30, give, NULL);
	cpu_time_account(&t, 20, give, NULL);
	cpu_time_add(&t, 3, 10, 10);
	cpu_time_account(&t, 5, give, NULL);
	assert_int_equal(given[3], 55);
	cpu_time_release(&t);
}

static void without_an_account_ticks_count(void **state)
{
	struct cpu_time t = { 0 };

	(void)state;
	cpu_time_add(&t, 1, 10, 10);
	cpu_time_account(&t, 20, give, NULL);
	cpu_time_add(&t, 1, 10, 15);
	cpu_time_finish(&t, give, NULL);
	cpu_time_finish(&t, give, NULL);
	assert_int_equal(given[1], 30);
	cpu_time_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(parts_keep_their_proportion, start),
		cmocka_unit_test_setup(nothing_is_lost_to_rounding, start),
		cmocka_unit_test_setup(what_a_filter_leaves_out_takes_its_part, start),
		cmocka_unit_test_setup(time_that_no_sample_saw_goes_to_the_next, start),
		cmocka_unit_test_setup(without_an_account_ticks_count, start),
	};

	return cmocka_run_group_tests_name("cpu_time", tests, NULL, NULL);
}
