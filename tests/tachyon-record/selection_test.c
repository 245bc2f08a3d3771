/* SPDX-License-Identifier: MIT */
/*
 * selection_test - a trace recorded in a mode shows what a trace of
 * everything shows in that mode: the same ticks go both ways.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "format/writer.h"
#include "profile/profile.h"
#include "tachyon-record/runs.h"
#include "tachyon-record/selection.h"
#include "tests/fixture.h"

enum { THREADS = 4, TICKS = 3000, STACKS = 9, INTERVAL_NS = 1000000 };

static struct err err;
static uint32_t seed;

static uint32_t below(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* Changes now and then, so that there are runs. */
static uint32_t random_flags(uint32_t flags)
{
	if (below(4))
		return flags;
	flags = below(TRACE_STATE_FLAGS + 1) | (below(3) ? 0 : TRACE_INEXACT);
	if (!below(3))
		flags |= (~flags & below(TRACE_STATE_FLAGS + 1)) << TRACE_UNKNOWN_SHIFT;
	if (!below(9))
		flags = (flags & ~(uint32_t)TRACE_INEXACT) | TRACE_FAILED |
			TRACE_REASON_TORN << TRACE_REASON_SHIFT;
	return flags;
}

static void define(struct trace_writer *w, uint32_t *stacks)
{
	for (uint32_t i = 0; i < STACKS; i++) {
		const char name = (char)('a' + i);
		uint32_t f = trace_writer_function(w, trace_writer_string(w, &name, 1), 0, 1);
		const struct trace_location l = { f, 1, 1, -1, -1, -1 };

		stacks[i] = trace_writer_stack(w, i ? stacks[below(i)] : 0,
					       trace_writer_location(w, &l));
	}
	for (uint32_t id = 2; id <= THREADS; id++) {
		const struct trace_thread t = { .id = id, .process = 1, .tid = id };

		assert_int_equal(trace_writer_thread(w, &t, &err), 0);
	}
}

static void write_block(struct trace_writer *w, struct runs *runs, uint32_t known)
{
	struct trace_block block = { .process = 1, .interval_ns = INTERVAL_NS, .known = known };

	runs_finish(runs, &block);
	assert_int_equal(trace_writer_block(w, &block, &err), 0);
	runs_restart(runs);
}

/* The trace of the same random ticks for every selection. */
static struct buf recorded(const struct selection *selection, uint32_t known)
{
	struct { uint32_t stack, flags; bool there; } threads[THREADS + 1] = { 0 };
	struct runs runs = { .interval_ns = INTERVAL_NS };
	int fd = fixture_file(NULL, 0);
	struct trace_writer *w = fixture_writer(fd);
	uint32_t stacks[STACKS];
	uint64_t slot = 0;

	seed = 4711;
	define(w, stacks);
	for (int k = 0; k < TICKS; k++) {
		slot += below(20) ? 1 : 1 + below(200);
		runs_tick(&runs, slot * INTERVAL_NS + below(INTERVAL_NS), slot * INTERVAL_NS,
			  slot);
		for (uint32_t t = 1; t <= THREADS; t++) {
			uint32_t stack, flags;

			threads[t].flags = random_flags(threads[t].flags);
			threads[t].stack = below(3) ? threads[t].stack : below(STACKS + 1);
			threads[t].there ^= !below(50);
			stack = threads[t].stack ? stacks[threads[t].stack - 1] : 0;
			flags = threads[t].flags;
			if (flags & TRACE_FAILED)
				stack = 0;
			selection_apply(selection, known, &stack, &flags);
			if (threads[t].there)
				runs_set(&runs, t, stack, flags);
			else
				runs_remove(&runs, t);
		}
		if (k % 1000 == 999)
			write_block(w, &runs, selection_known(selection, known));
	}
	assert_int_equal(trace_writer_end(w, (slot + 1) * INTERVAL_NS, TRACE_END_TARGET, "",
					  NULL, 0, &err), 0);
	trace_writer_free(w);
	runs_release(&runs);
	return fixture_read(fd);
}

static void load(struct profile *p, const struct filter *f, struct buf trace)
{
	profile_init(p, f);
	assert_int_equal(fixture_walk(trace.data, trace.len, p).rc, 0);
	profile_finish(p);
	buf_release(&trace);
}

static const struct profile_site *find_site(const struct profile *p,
					    const struct profile_site *site)
{
	for (size_t i = 0; i < p->nsites; i++)
		if (p->sites[i].thread == site->thread && p->sites[i].stack == site->stack)
			return &p->sites[i];
	return NULL;
}

static void assert_same(const struct profile *a, const struct profile *b)
{
	assert_true(a->nsites > 0);
	assert_int_equal(a->nsites, b->nsites);
	for (size_t i = 0; i < a->nsites; i++) {
		const struct profile_site *other = find_site(b, &a->sites[i]);

		assert_non_null(other);
		assert_int_equal(a->sites[i].samples, other->samples);
		assert_int_equal(a->sites[i].ns, other->ns);
	}
	assert_int_equal(a->counts.samples, b->counts.samples);
	assert_int_equal(a->counts.failed, b->counts.failed);
	assert_int_equal(a->counts.inexact, b->counts.inexact);
	assert_int_equal(a->counts.unknown, b->counts.unknown);
	assert_int_equal(a->counts.ns, b->counts.ns);
	assert_int_equal(a->counts.idle, b->counts.idle);
	assert_memory_equal(a->counts.state, b->counts.state, sizeof(a->counts.state));
	assert_int_equal(a->ticks, b->ticks);
	assert_int_equal(a->duration_ns, b->duration_ns);
	assert_int_equal(profile_unobserved_ns(a), profile_unobserved_ns(b));
}

static void compare_mode(const struct trace_mode *mode, uint32_t known)
{
	const struct selection everything = { .mode = &trace_modes[0] };
	const struct selection chosen = { .mode = mode };
	struct filter as_read, as_recorded;
	struct profile read, recorded_only;

	filter_init(&as_read);
	filter_init(&as_recorded);
	assert_int_equal(filter_set_mode(&as_read, mode->name, &err), 0);
	load(&read, &as_read, recorded(&everything, known));
	/* Once without a word about the mode, and once with the same one. */
	load(&recorded_only, &as_recorded, recorded(&chosen, known));
	recorded_only.counts.unknown = read.counts.unknown;
	assert_same(&read, &recorded_only);
	assert_true(!mode->flag || recorded_only.counts.omitted > 0);
	profile_release(&recorded_only);
	load(&recorded_only, &as_read, recorded(&chosen, known));
	assert_same(&read, &recorded_only);
	profile_release(&recorded_only);
	profile_release(&read);
}

static void modes_are_the_same_both_ways(void **state)
{
	(void)state;
	for (const struct trace_mode *m = trace_modes; m->name; m++)
		compare_mode(m, TRACE_STATE_FLAGS);
}

static void modes_of_states_that_a_trace_lacks(void **state)
{
	(void)state;
	/* Samples that have a state are kept although the others' is unknown. */
	for (const struct trace_mode *m = trace_modes; m->name; m++)
		compare_mode(m, TRACE_HOLDS_GIL);
}

static void garbage_is_left_out(void **state)
{
	const struct selection all = { .mode = &trace_modes[0] };
	const struct selection no_gc = { .mode = &trace_modes[0], .no_gc = true };
	struct filter hidden, shown;
	struct profile a, b;

	(void)state;
	filter_init(&hidden);
	filter_init(&shown);
	hidden.hide_gc = true;
	load(&a, &hidden, recorded(&all, TRACE_STATE_FLAGS));
	load(&b, &shown, recorded(&no_gc, TRACE_STATE_FLAGS));
	assert_true(a.counts.state[3] > 0);
	assert_int_equal(b.counts.state_known[3], 0);
	a.counts.state[3] = 0;
	assert_same(&a, &b);
	profile_release(&a);
	profile_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes_are_the_same_both_ways),
		cmocka_unit_test(modes_of_states_that_a_trace_lacks),
		cmocka_unit_test(garbage_is_left_out),
	};

	return cmocka_run_group_tests_name("selection", tests, NULL, NULL);
}
