/* SPDX-License-Identifier: MIT */
/* clock_test - how much time ticks stand for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "profile/clock.h"

#define MS UINT64_C(1000000)

enum { MAX = 16 };

/* Adds a block of ticks at these milliseconds; returns what goes to the last one
 * before. */
static uint64_t add(struct clock_chain *c, bool new_recording, uint64_t *sums,
		    uint32_t n, const uint64_t *ms)
{
	uint64_t at[MAX];
	struct trace_samples s = {
		.block = { .nticks = n, .interval_ns = 10 * MS }, .at_ns = at,
	};

	for (uint32_t i = 0; i < n; i++)
		at[i] = ms[i] * MS;
	return clock_block(c, &s, new_recording, sums);
}

#define ADD(c, new_recording, sums, ...)                                               \
	add(c, new_recording, sums,                                                    \
	    sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t),                    \
	    (uint64_t[]){ __VA_ARGS__ })

static void a_lone_tick_is_one_interval(void **state)
{
	struct clock_chain c = { 0 };
	uint64_t sums[MAX + 1];

	(void)state;
	assert_int_equal(ADD(&c, true, sums, 100), 0);
	assert_int_equal(sums[1], 0);
	assert_int_equal(clock_finish(&c), 10 * MS);
	assert_int_equal(clock_finish(&c), 0);
}

static void ticks_share_their_gaps(void **state)
{
	struct clock_chain c = { 0 };
	uint64_t sums[MAX + 1];

	(void)state;
	ADD(&c, true, sums, 100, 110, 130);
	assert_int_equal(sums[1], 10 * MS);             /* its gap's half, twice */
	assert_int_equal(sums[2] - sums[1], 15 * MS);
	assert_int_equal(sums[3] - sums[2], 10 * MS);   /* the other half comes later */
	assert_int_equal(ADD(&c, false, sums, 134, 144), 2 * MS);
	assert_int_equal(sums[1], 2 * MS + 5 * MS);
	assert_int_equal(sums[2] - sums[1], 5 * MS);
	assert_int_equal(clock_finish(&c), 5 * MS);
	assert_int_equal(c.unobserved_ns, 0);
}

static void one_tick_blocks_make_a_chain(void **state)
{
	struct clock_chain c = { 0 };
	uint64_t sums[MAX + 1], sum = 0;

	(void)state;
	for (uint64_t i = 0; i < 5; i++) {
		sum += ADD(&c, i == 0, sums, 100 + i * 10);
		sum += sums[1];
	}
	sum += clock_finish(&c);
	assert_int_equal(sum, 50 * MS);
}

static void long_gaps_are_unobserved(void **state)
{
	struct clock_chain c = { 0 };
	uint64_t sums[MAX + 1];

	(void)state;
	ADD(&c, true, sums, 100, 110, 10110);
	assert_int_equal(sums[2] - sums[1], 55 * MS);
	assert_int_equal(sums[3] - sums[2], 50 * MS);
	assert_int_equal(c.unobserved_ns, 9900 * MS);
}

static void recordings_are_not_joined_over_a_break(void **state)
{
	struct clock_chain c = { 0 };
	uint64_t sums[MAX + 1];

	(void)state;
	ADD(&c, true, sums, 100, 110);
	assert_int_equal(ADD(&c, true, sums, 60000, 60010), 5 * MS);
	assert_int_equal(sums[1], 10 * MS);
	assert_int_equal(c.unobserved_ns, 0);
	/* Another machine's clock may be behind. */
	assert_int_equal(ADD(&c, true, sums, 50, 60), 5 * MS);
	/* One that goes on at once continues. */
	assert_int_equal(ADD(&c, true, sums, 74, 84), 7 * MS);
}

static void disorder_and_extremes_do_no_harm(void **state)
{
	struct clock_chain c = { 0 };
	uint64_t sums[3], at[2] = { INT64_MAX, 0 };
	struct trace_samples s = {
		.block = { .nticks = 2, .interval_ns = UINT64_MAX }, .at_ns = at,
	};

	(void)state;
	clock_block(&c, &s, true, sums);
	assert_int_equal(sums[2], 0);
	at[0] = 0;
	at[1] = INT64_MAX;
	clock_block(&c, &s, false, sums);
	assert_true(sums[2] > sums[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lone_tick_is_one_interval),
		cmocka_unit_test(ticks_share_their_gaps),
		cmocka_unit_test(one_tick_blocks_make_a_chain),
		cmocka_unit_test(long_gaps_are_unobserved),
		cmocka_unit_test(recordings_are_not_joined_over_a_break),
		cmocka_unit_test(disorder_and_extremes_do_no_harm),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
