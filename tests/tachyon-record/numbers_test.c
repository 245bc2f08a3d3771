/* SPDX-License-Identifier: MIT */
/* numbers_test - a number is given again, but not while the writer may take it for the last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tachyon-record/numbers.h"

static void a_number_comes_again_when_the_writer_knows(void **state)
{
	struct numbers n = { 0 };

	(void)state;
	assert_int_equal(numbers_take(&n), 1);
	assert_int_equal(numbers_take(&n), 2);
	numbers_leave(&n, 1);
	assert_int_equal(numbers_next(&n), 3);
	assert_int_equal(numbers_take(&n), 3);
	numbers_told(&n);
	assert_int_equal(numbers_next(&n), 1);
	assert_int_equal(numbers_take(&n), 1);
	assert_int_equal(numbers_take(&n), 4);
	numbers_release(&n);
	assert_int_equal(numbers_take(&n), 1);
	numbers_release(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_comes_again_when_the_writer_knows),
	};

	return cmocka_run_group_tests_name("numbers", tests, NULL, NULL);
}
