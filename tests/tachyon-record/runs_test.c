/* SPDX-License-Identifier: MIT */
/* runs_test - changes become runs, and runs the ticks they came from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "tachyon-record/runs.h"

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)

enum { BEGIN_NS = 1000000000 };

/* A tick in this slot of a schedule of 1 ms, so many microseconds late. */
static void tick(struct runs *r, uint64_t slot, uint64_t offset_us)
{
	const uint64_t deadline = BEGIN_NS + slot * r->interval_ns;

	runs_tick(r, deadline + offset_us * US, deadline, slot);
}

/* When tick k of a block was taken, by the rule of struct trace_block. */
static uint64_t taken_at(const struct runs *r, const struct trace_block *b, uint32_t k)
{
	uint64_t skipped = 0;

	for (uint32_t i = 0; i < b->nskips && b->skips[i].tick <= k; i++)
		skipped += b->skips[i].slots;
	return b->start_ns + r->interval_ns * (k + skipped) +
	       (uint64_t)((int64_t)b->offset_us[k] * 1000);
}

static void assert_group(const struct trace_block *b, uint32_t i, uint32_t thread,
			 uint32_t first, uint32_t nruns, const struct trace_run *runs)
{
	assert_true(i < b->ngroups);
	assert_int_equal(b->groups[i].thread, thread);
	assert_int_equal(b->groups[i].first, first);
	assert_int_equal(b->groups[i].nruns, nruns);
	assert_memory_equal(b->groups[i].runs, runs, nruns * sizeof(*runs));
}

#define ASSERT_GROUP(b, i, thread, first, ...)                                         \
	assert_group(b, i, thread, first,                                              \
		     sizeof((struct trace_run[]){ __VA_ARGS__ }) /                     \
			     sizeof(struct trace_run),                                 \
		     (const struct trace_run[]){ __VA_ARGS__ })

static void changes_become_runs(void **state)
{
	struct runs r = { .interval_ns = MS };
	struct trace_block b = { 0 };

	(void)state;
	tick(&r, 0, 0);
	runs_set(&r, 1, 10, 1);
	tick(&r, 1, 5);
	runs_set(&r, 2, 20, 0);
	tick(&r, 2, 0);
	runs_set(&r, 1, 10, 1);         /* no change at all */
	tick(&r, 3, 900);
	runs_set(&r, 1, 10, 3);         /* other flags are another run */
	tick(&r, 4, 0);
	runs_set(&r, 1, 11, 3);
	runs_set(&r, 2, 0, 0);
	runs_finish(&r, &b);

	assert_int_equal(b.nticks, 5);
	assert_int_equal(b.start_ns, BEGIN_NS);
	assert_int_equal(b.nskips, 0);
	assert_int_equal(b.offset_us[0], 0);
	assert_int_equal(b.offset_us[1], 5);
	assert_int_equal(b.offset_us[3], 900);
	assert_int_equal(b.ngroups, 2);
	ASSERT_GROUP(&b, 0, 1, 0, { 3, 10, 1 }, { 1, 10, 3 }, { 1, 11, 3 });
	ASSERT_GROUP(&b, 1, 2, 1, { 3, 20, 0 }, { 1, 0, 0 });
	runs_release(&r);
	assert_null(r.threads);
}

static void the_last_change_of_a_tick_counts(void **state)
{
	struct runs r = { .interval_ns = MS };
	struct trace_block b = { 0 };

	(void)state;
	tick(&r, 0, 0);
	runs_set(&r, 1, 10, 0);
	runs_set(&r, 1, 11, 0);
	runs_set(&r, 2, 20, 0);
	runs_remove(&r, 2);
	tick(&r, 1, 0);
	runs_set(&r, 1, 12, 0);
	runs_set(&r, 1, 13, 0);
	runs_finish(&r, &b);
	assert_int_equal(b.ngroups, 1);
	ASSERT_GROUP(&b, 0, 1, 0, { 1, 11, 0 }, { 1, 13, 0 });
	runs_release(&r);
}

static void a_thread_that_comes_back_has_two_groups(void **state)
{
	struct runs r = { .interval_ns = MS };
	struct trace_block b = { 0 };

	(void)state;
	tick(&r, 0, 0);
	runs_set(&r, 1, 10, 0);
	tick(&r, 1, 0);
	tick(&r, 2, 0);
	runs_remove(&r, 1);
	runs_remove(&r, 1);
	runs_remove(&r, 99);            /* never seen */
	tick(&r, 3, 0);
	tick(&r, 4, 0);
	runs_set(&r, 1, 10, 0);
	tick(&r, 5, 0);
	runs_remove(&r, 1);
	runs_set(&r, 1, 12, 0);         /* at once */
	runs_finish(&r, &b);
	assert_int_equal(b.ngroups, 3);
	ASSERT_GROUP(&b, 0, 1, 0, { 2, 10, 0 });
	ASSERT_GROUP(&b, 1, 1, 4, { 1, 10, 0 });
	ASSERT_GROUP(&b, 2, 1, 5, { 1, 12, 0 });
	runs_release(&r);
}

static void all_threads_can_be_removed_at_once(void **state)
{
	struct runs r = { .interval_ns = MS };
	struct trace_block b = { 0 };

	(void)state;
	tick(&r, 0, 0);
	runs_set(&r, 1, 10, 0);
	runs_set(&r, 2, 20, 0);
	tick(&r, 1, 0);
	runs_remove_all(&r);
	runs_set(&r, 2, 20, 0);
	tick(&r, 2, 0);
	runs_finish(&r, &b);
	assert_int_equal(b.ngroups, 3);
	ASSERT_GROUP(&b, 0, 1, 0, { 1, 10, 0 });
	ASSERT_GROUP(&b, 1, 2, 0, { 1, 20, 0 });
	ASSERT_GROUP(&b, 2, 2, 1, { 2, 20, 0 });
	runs_release(&r);
}

static void a_thread_goes_on_in_the_next_block(void **state)
{
	struct runs r = { .interval_ns = MS };
	struct trace_block b = { 0 };

	(void)state;
	tick(&r, 0, 0);
	runs_set(&r, 0, 5, 0);
	runs_set(&r, 1, 10, 0);
	runs_set(&r, 2, 20, 0);
	tick(&r, 1, 0);
	runs_remove(&r, 2);
	runs_finish(&r, &b);
	assert_int_equal(b.ngroups, 3);
	runs_restart(&r);

	tick(&r, 2, 7);
	tick(&r, 3, 0);
	runs_set(&r, 1, 11, 0);
	runs_finish(&r, &b);
	assert_int_equal(b.start_ns, BEGIN_NS + 2 * MS);
	assert_int_equal(b.nticks, 2);
	assert_int_equal(b.offset_us[0], 7);
	assert_int_equal(b.ngroups, 2);
	ASSERT_GROUP(&b, 0, 0, 0, { 2, 5, 0 });
	ASSERT_GROUP(&b, 1, 1, 0, { 1, 10, 0 }, { 1, 11, 0 });
	runs_restart(&r);

	/* Gone in the first tick of a block: not in it at all. */
	tick(&r, 4, 0);
	runs_remove(&r, 1);
	runs_finish(&r, &b);
	assert_int_equal(b.ngroups, 1);
	ASSERT_GROUP(&b, 0, 0, 0, { 1, 5, 0 });
	runs_restart(&r);

	runs_forget(&r);
	tick(&r, 5, 0);
	runs_finish(&r, &b);
	assert_int_equal(b.ngroups, 0);
	runs_release(&r);
}

static void skipped_slots_keep_the_schedule(void **state)
{
	struct runs r = { .interval_ns = MS };
	struct trace_block b = { 0 };

	(void)state;
	/* What lies before the first tick of all was never asked for. */
	tick(&r, 3, 0);
	tick(&r, 4, 0);
	tick(&r, 9, 100);
	tick(&r, 10, 0);
	tick(&r, 12, 0);
	runs_finish(&r, &b);
	assert_int_equal(b.nticks, 5);
	assert_int_equal(b.nskips, 2);
	assert_int_equal(b.skips[0].tick, 2);
	assert_int_equal(b.skips[0].slots, 4);
	assert_int_equal(b.skips[1].tick, 4);
	assert_int_equal(b.skips[1].slots, 1);
	assert_int_equal(taken_at(&r, &b, 0), BEGIN_NS + 3 * MS);
	assert_int_equal(taken_at(&r, &b, 2), BEGIN_NS + 9 * MS + 100 * US);
	assert_int_equal(taken_at(&r, &b, 4), BEGIN_NS + 12 * MS);
	runs_restart(&r);

	/* A gap between two blocks belongs to the second one. */
	tick(&r, 20, 3);
	tick(&r, 21, 0);
	runs_finish(&r, &b);
	assert_int_equal(b.start_ns, BEGIN_NS + 13 * MS);
	assert_int_equal(b.nskips, 1);
	assert_int_equal(b.skips[0].tick, 0);
	assert_int_equal(b.skips[0].slots, 7);
	assert_int_equal(taken_at(&r, &b, 0), BEGIN_NS + 20 * MS + 3 * US);
	assert_int_equal(taken_at(&r, &b, 1), BEGIN_NS + 21 * MS);
	runs_release(&r);
}

static void full_blocks_say_so(void **state)
{
	struct runs r = { .interval_ns = MS };
	struct trace_block b = { 0 };

	(void)state;
	for (uint64_t i = 0; i < RUNS_MAX_TICKS; i++) {
		assert_false(runs_is_full(&r));
		tick(&r, i, 0);
	}
	assert_true(runs_is_full(&r));
	runs_finish(&r, &b);
	runs_restart(&r);
	assert_false(runs_is_full(&r));

	/* Runs are counted as they end, those of all threads. */
	for (uint32_t i = 0; !runs_is_full(&r); i++) {
		assert_true(i < RUNS_MAX_TICKS);
		tick(&r, RUNS_MAX_TICKS + i, 0);
		for (uint32_t thread = 1; thread <= 100; thread++)
			runs_set(&r, thread, i, 0);
	}
	assert_in_range(r.nticks, RUNS_MAX_RUNS / 100, RUNS_MAX_RUNS / 100 + 2);
	runs_release(&r);
}

/* --- against a table of every thread at every tick ---------------------------- */

enum { THREADS = 6, TICKS = 200, GONE = UINT32_MAX };

struct model {
	uint32_t stacks[TICKS][THREADS];
	uint64_t at_ns[TICKS];
	uint32_t n;
};

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void check_block(const struct runs *r, const struct trace_block *b,
			const struct model *m)
{
	static uint32_t seen[TICKS][THREADS];

	memset(seen, 0xff, sizeof(seen));
	for (uint32_t g = 0; g < b->ngroups; g++) {
		const struct trace_group *group = &b->groups[g];
		uint32_t at = group->first;

		assert_true(group->nruns > 0);
		for (uint32_t i = 0; i < group->nruns; i++)
			for (uint32_t k = 0; k < group->runs[i].len; k++, at++) {
				assert_true(at < m->n);
				assert_int_equal(seen[at][group->thread], GONE);
				seen[at][group->thread] = group->runs[i].stack;
			}
	}
	assert_int_equal(b->nticks, m->n);
	assert_memory_equal(seen, m->stacks, m->n * sizeof(m->stacks[0]));
	for (uint32_t k = 0; k < m->n; k++)
		assert_int_equal(taken_at(r, b, k), m->at_ns[k]);
}

static void any_changes_come_back(void **state)
{
	static struct model m;
	struct runs r = { .interval_ns = MS };
	uint32_t seed = 1, now[THREADS];
	uint64_t slot = 0;

	(void)state;
	memset(now, 0xff, sizeof(now));
	for (unsigned block = 0; block < 50; block++) {
		struct trace_block b = { 0 };

		m.n = 1 + next_random(&seed) % TICKS;
		for (uint32_t k = 0; k < m.n; k++) {
			const uint64_t late = next_random(&seed) % 2000;

			slot += next_random(&seed) % 8 ? 1 : 1 + next_random(&seed) % 9;
			m.at_ns[k] = BEGIN_NS + slot * MS + late * US;
			tick(&r, slot, late);
			for (uint32_t n = next_random(&seed) % 4; n; n--) {
				uint32_t thread = next_random(&seed) % THREADS;

				now[thread] = next_random(&seed) % 4;
				if (now[thread]) {
					runs_set(&r, thread, now[thread], 0);
				} else {
					now[thread] = GONE;
					runs_remove(&r, thread);
				}
			}
			memcpy(m.stacks[k], now, sizeof(now));
		}
		runs_finish(&r, &b);
		check_block(&r, &b, &m);
		runs_restart(&r);
	}
	runs_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_become_runs),
		cmocka_unit_test(the_last_change_of_a_tick_counts),
		cmocka_unit_test(a_thread_that_comes_back_has_two_groups),
		cmocka_unit_test(all_threads_can_be_removed_at_once),
		cmocka_unit_test(a_thread_goes_on_in_the_next_block),
		cmocka_unit_test(skipped_slots_keep_the_schedule),
		cmocka_unit_test(full_blocks_say_so),
		cmocka_unit_test(any_changes_come_back),
	};

	return cmocka_run_group_tests_name("runs", tests, NULL, NULL);
}
