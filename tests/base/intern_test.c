/* SPDX-License-Identifier: MIT */
/* intern_test - equal keys, equal numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/intern.h"

static void fixed_keys(void **state)
{
	struct intern t;
	enum { N = 100000 };

	(void)state;
	intern_init(&t, sizeof(uint32_t), N);
	for (uint32_t i = 0; i < N; i++) {
		uint32_t key = i * 7;

		assert_int_equal(intern_add(&t, &key, sizeof(key)), i + 1);
	}
	for (uint32_t i = 0; i < N; i++) {
		uint32_t key = i * 7;

		assert_int_equal(intern_add(&t, &key, sizeof(key)), i + 1);
		assert_memory_equal(intern_get(&t, i + 1, NULL), &key, sizeof(key));
	}

	/* The table is at its limit: known keys are found, others are refused. */
	uint32_t other = 3;

	assert_int_equal(intern_add(&t, &other, sizeof(other)), 0);
	assert_true(intern_memory(&t) >= N * (sizeof(uint32_t) + sizeof(uint64_t)));
	intern_release(&t);
	assert_int_equal(intern_memory(&t), 0);
	assert_int_equal(intern_add(&t, &other, sizeof(other)), 1);
	intern_release(&t);
}

static void keys_of_any_length(void **state)
{
	struct intern t;
	size_t len;

	(void)state;
	intern_init(&t, 0, 100);
	assert_int_equal(intern_add(&t, "", 0), 1);
	assert_int_equal(intern_add(&t, "a", 1), 2);
	assert_int_equal(intern_add(&t, "a\0", 2), 3);
	assert_int_equal(intern_add(&t, "a\0b", 3), 4);
	assert_int_equal(intern_add(&t, "a", 1), 2);
	assert_int_equal(intern_add(&t, NULL, 0), 1);
	assert_memory_equal(intern_get(&t, 4, &len), "a\0b", 3);
	assert_int_equal(len, 3);
	intern_get(&t, 1, &len);
	assert_int_equal(len, 0);
	intern_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixed_keys),
		cmocka_unit_test(keys_of_any_length),
	};

	return cmocka_run_group_tests_name("intern", tests, NULL, NULL);
}
