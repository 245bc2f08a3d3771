/* SPDX-License-Identifier: MIT */
/* schedule_test - one tick in each slot, spread in it; late ones leave slots out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tachyon-record/schedule.h"

static atomic_bool stop;

static struct schedule at_interval(uint64_t interval_ns)
{
	struct schedule s = { .interval_ns = interval_ns, .stop = &stop };

	atomic_store(&stop, false);
	schedule_begin(&s, 10);
	return s;
}

static void each_slot_has_a_tick_of_its_own(void **state)
{
	struct schedule s = at_interval(200000);
	const uint64_t began = s.now.slot_ns;
	uint64_t skipped, slots = 0, early = 0, middle = 0, late = 0;

	(void)state;
	for (int i = 0; i < 300; i++) {
		uint64_t before = s.slot, place;

		assert_true(schedule_next(&s, &skipped));
		slots += 1 + skipped;
		assert_int_equal(s.slot - before, 1 + skipped);
		assert_int_equal(s.now.slot_ns, began + slots * 200000);
		assert_in_range(s.now.at_ns, s.now.due_ns, s.now.due_ns + 199999);
		place = (s.now.due_ns - s.now.slot_ns) * 3 / 200000;
		early += place == 0;
		middle += place == 1;
		late += place == 2;
	}
	assert_int_equal(s.slot, 10 + slots);
	/* A third each of 300, standard error 8. */
	assert_in_range(early, 60, 140);
	assert_in_range(middle, 60, 140);
	assert_in_range(late, 60, 140);
}

static void what_went_by_is_left_out(void **state)
{
	const struct timespec nap = { 0, 5000000 };
	struct schedule s = at_interval(100000);
	uint64_t skipped;

	(void)state;
	assert_true(schedule_next(&s, &skipped));
	nanosleep(&nap, NULL);
	assert_true(schedule_next(&s, &skipped));
	assert_true(skipped >= 48);
	assert_true(s.now.at_ns < s.now.due_ns + 100000);
}

static void it_ends_in_time(void **state)
{
	struct schedule s = at_interval(UINT64_C(3600000000000));
	uint64_t skipped;

	(void)state;
	s.end_ns = clock_now() + 3000000;
	assert_true(schedule_next(&s, &skipped));
	assert_in_range(s.now.at_ns, s.end_ns, s.end_ns + UINT64_C(1000000000));
	atomic_store(&stop, true);
	s.end_ns = 0;
	assert_false(schedule_next(&s, &skipped));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_slot_has_a_tick_of_its_own),
		cmocka_unit_test(what_went_by_is_left_out),
		cmocka_unit_test(it_ends_in_time),
	};

	return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
