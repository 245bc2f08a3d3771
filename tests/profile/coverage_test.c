/* SPDX-License-Identifier: MIT */
/* coverage_test - how long several recordings took together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "profile/coverage.h"

static uint64_t total(const uint64_t (*spans)[2], size_t n)
{
	struct coverage c = { 0 };

	for (size_t i = 0; i < n; i++) {
		coverage_add(&c, spans[i][0], spans[i][1]);
		coverage_close_segment(&c);
	}
	return c.total_ns;
}

#define TOTAL(...) \
	total((const uint64_t[][2]){ __VA_ARGS__ }, \
	      sizeof((const uint64_t[][2]){ __VA_ARGS__ }) / (2 * sizeof(uint64_t)))

static void segments_count_once(void **state)
{
	(void)state;
	assert_int_equal(TOTAL({ 10, 20 }), 10);
	assert_int_equal(TOTAL({ 10, 20 }, { 20, 30 }), 20);
	assert_int_equal(TOTAL({ 10, 20 }, { 50, 60 }), 20);            /* a break */
	assert_int_equal(TOTAL({ 50, 60 }, { 10, 20 }), 20);
	assert_int_equal(TOTAL({ 10, 20 }, { 12, 22 }), 12);    /* side by side */
	assert_int_equal(TOTAL({ 10, 20 }, { 5, 25 }), 20);
	assert_int_equal(TOTAL({ 10, 20 }, { 12, 14 }), 10);
	assert_int_equal(TOTAL({ 20, 10 }), 0);
}

static void blocks_extend_their_segment(void **state)
{
	struct coverage c = { 0 };

	(void)state;
	coverage_close_segment(&c);
	assert_int_equal(c.total_ns, 0);
	coverage_add(&c, 10, 12);
	coverage_add(&c, 15, 20);
	coverage_close_segment(&c);
	coverage_close_segment(&c);
	assert_int_equal(c.total_ns, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_count_once),
		cmocka_unit_test(blocks_extend_their_segment),
	};

	return cmocka_run_group_tests_name("coverage", tests, NULL, NULL);
}
