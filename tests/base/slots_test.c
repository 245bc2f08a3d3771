/* SPDX-License-Identifier: MIT */
/* slots_test - an index that grows keeps what it has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/slots.h"

enum { ENTRIES = 20000 };

static uint64_t hash_of(const void *arg, uint32_t i)
{
	(void)arg;
	/* Many meet in one place. */
	return i / 7;
}

static size_t find(const struct slots *s, uint32_t i)
{
	size_t slot = slots_first(s, hash_of(NULL, i));

	while (s->v[slot] && s->v[slot] != i)
		slot = slots_next(s, slot);
	return slot;
}

static void entries_survive_growth(void **state)
{
	struct slots s;
	size_t began;

	(void)state;
	assert_true(slots_init(&s));
	began = s.n;
	for (uint32_t i = 1; i <= ENTRIES; i++) {
		assert_true(slots_make_room(&s, i, hash_of, NULL));
		assert_true(i <= s.n / 2);
		s.v[find(&s, i)] = i;
	}
	assert_true(s.n > began);
	for (uint32_t i = 1; i <= ENTRIES; i++)
		assert_int_equal(s.v[find(&s, i)], i);
	slots_clear(&s);
	for (uint32_t i = 1; i <= ENTRIES; i++)
		assert_int_equal(s.v[find(&s, i)], 0);
	slots_release(&s);
	slots_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_survive_growth),
	};

	return cmocka_run_group_tests_name("slots", tests, NULL, NULL);
}
