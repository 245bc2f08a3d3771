/* SPDX-License-Identifier: MIT */
/* profile_test - from objects to sites and totals, through filters. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "format/writer.h"
#include "profile/profile.h"
#include "profile/totals.h"
#include "tests/fixture.h"

static struct err err;

/* A trace being made: one function for each letter, one tick for each word. */
struct maker {
	int fd;
	struct trace_writer *w;
	uint64_t at_ns;
};

static void maker_init(struct maker *m)
{
	m->fd = fixture_file(NULL, 0);
	m->w = fixture_writer(m->fd);
	m->at_ns = 1000000000;
}

static uint32_t function_of(struct maker *m, char letter)
{
	const char *marker = letter == '#' ? TRACE_MARKER_GC :
			     letter == '!' ? TRACE_MARKER_NATIVE : NULL;
	uint32_t name = trace_writer_string(m->w, marker ? marker : &letter,
					    marker ? strlen(marker) : 1);
	uint32_t file = marker ? trace_writer_string(m->w, TRACE_MARKER_FILE, 1)
			       : trace_writer_string(m->w, "/dir/x.py", 9);

	return trace_writer_function(m->w, name, file, marker ? 0 : letter);
}

/* "abc" is a calling b calling c; # stands for <GC> and ! for <native>. */
static uint32_t stack_of(struct maker *m, const char *letters)
{
	uint32_t stack = 0;

	for (; *letters; letters++) {
		const struct trace_location l = {
			function_of(m, *letters),
			1,
			1,
			0,
			1,
			-1
		};

		stack = trace_writer_stack(m->w, stack,
					   trace_writer_location(m->w, &l));
	}
	return stack;
}

/* One block of n ticks, 1 ms apart, of one thread. */
static void ticks(struct maker *m, uint32_t thread, const char *letters, uint32_t n,
		  uint32_t flags, uint32_t known)
{
	static const int32_t late[64];
	const struct trace_run run = { n, stack_of(m, letters), flags };
	const struct trace_group group = { thread, 0, 1, &run };
	const struct trace_block b = {
		.process = 1,
		.start_ns = m->at_ns,
		.interval_ns = 1000000,
		.known = known,
		.nticks = n,
		.offset_us = late,
		.ngroups = 1,
		.groups = &group,
	};

	assert_int_equal(trace_writer_block(m->w, &b, &err), 0);
	m->at_ns += (uint64_t)n * 1000000;
}

static void cpu_time(struct maker *m, uint32_t thread, uint64_t ns)
{
	const struct trace_cpu_time time = { thread, ns };

	assert_int_equal(trace_writer_cpu(m->w, &(struct trace_cpu){ 1, m->at_ns, 1, &time },
					  &err), 0);
}

static struct buf made(struct maker *m)
{
	assert_int_equal(
		trace_writer_end(m->w, m->at_ns, TRACE_END_TARGET, "", NULL, 0, &err),
		0);
	trace_writer_free(m->w);
	return fixture_read(m->fd);
}

static void load(struct profile *p, const struct filter *f, const struct buf *trace)
{
	profile_init(p, f);
	assert_int_equal(fixture_walk(trace->data, trace->len, p).rc, 0);
	profile_finish(p);
}

/* Direct and cumulative samples of a function; 0 and 0 if it is not there. */
static void assert_total(const struct totals *t, const struct profile *p,
			 const char *name, uint64_t self, uint64_t total)
{
	uint64_t held_self = 0, held_total = 0;

	for (size_t i = 0; i < t->n; i++) {
		struct trace_function f = symbols_function(&p->symbols,
							   t->rows[i].function);
		struct trace_text n = symbols_string(&p->symbols, f.name);

		if (n.len == strlen(name) && memcmp(n.bytes, name, n.len) == 0) {
			held_self = t->rows[i].self;
			held_total = t->rows[i].total;
			assert_int_equal(t->rows[i].self_ns, self * 1000000);
			assert_int_equal(t->rows[i].total_ns, total * 1000000);
		}
	}
	assert_int_equal(held_self, self);
	assert_int_equal(held_total, total);
}

static void recursion_counts_once(void **state)
{
	struct filter f;
	struct maker m;
	struct profile p;
	struct totals t;

	(void)state;
	filter_init(&f);
	maker_init(&m);
	ticks(&m, 1, "abab", 3, 0, 0);
	ticks(&m, 1, "aaa", 2, 0, 0);
	ticks(&m, 1, "ac", 5, 0, 0);

	struct buf trace = made(&m);

	load(&p, &f, &trace);
	totals_init(&t, &p);
	assert_int_equal(t.samples, 10);
	assert_int_equal(t.ns, 10000000);
	assert_total(&t, &p, "a", 2, 10);
	assert_total(&t, &p, "b", 3, 3);
	assert_total(&t, &p, "c", 5, 5);
	totals_release(&t);
	profile_release(&p);
	buf_release(&trace);
}

static void traces_add_up(void **state)
{
	struct filter f;
	struct maker m;
	struct profile p;
	struct totals t;

	(void)state;
	filter_init(&f);
	maker_init(&m);
	ticks(&m, 1, "ab", 3, 0, 0);

	struct buf one = made(&m);

	maker_init(&m);
	ticks(&m, 1, "cb", 1, 0, 0);
	ticks(&m, 1, "ab", 4, 0, 0);

	struct buf two = made(&m);

	buf_add(&one, two.data, two.len);
	load(&p, &f, &one);
	assert_int_equal(p.recordings, 2);
	assert_int_equal(p.unfinished, 0);
	assert_int_equal(p.process_keys.count, 1);
	assert_int_equal(p.thread_keys.count, 1);
	assert_int_equal(p.symbols.functions.count, 3);
	assert_int_equal(p.symbols.stacks.count, 4);
	totals_init(&t, &p);
	assert_int_equal(t.samples, 8);
	totals_release(&t);
	profile_release(&p);
	buf_release(&one);
	buf_release(&two);
}

static void load_mode(struct profile *p, struct filter *f, const char *mode)
{
	struct maker m;
	const uint32_t known = TRACE_ON_CPU | TRACE_HOLDS_GIL;

	maker_init(&m);
	ticks(&m, 1, "a", 1, TRACE_ON_CPU | TRACE_HOLDS_GIL, known);
	ticks(&m, 1, "b", 2, TRACE_ON_CPU, known);
	ticks(&m, 1, "c", 4, 0, known);
	ticks(&m, 1, "d", 8, TRACE_ON_CPU << TRACE_UNKNOWN_SHIFT, known);
	ticks(&m, 1, "e", 16, 0, 0);

	struct buf trace = made(&m);

	filter_init(f);
	assert_int_equal(filter_set_mode(f, mode, &err), 0);
	load(p, f, &trace);
	buf_release(&trace);
}

static void modes_drop_what_is_not_known(void **state)
{
	static const struct { const char *mode; uint64_t kept, unknown;
	} cases[] = {
		{ "wall", 31, 0 },
		{ "cpu", 3, 24 },
		{ "gil", 1, 16 },
		{ "exception", 0, 31 },
	};
	struct filter f;
	struct profile p;
	struct totals t;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		load_mode(&p, &f, cases[i].mode);
		totals_init(&t, &p);
		assert_int_equal(t.samples, cases[i].kept);
		assert_int_equal(p.counts.unknown, cases[i].unknown);
		assert_int_equal(p.counts.samples, 31);
		totals_release(&t);
		profile_release(&p);
		filter_release(&f);
	}
}

static void load_mixed(struct profile *p, const struct filter *f)
{
	struct maker m;

	maker_init(&m);
	/* A thread that gets its name after its first samples. */
	struct trace_thread t = { .id = 2, .process = 1, .tid = 43, .python_id = 78 };

	assert_int_equal(trace_writer_thread(m.w, &t, &err), 0);
	ticks(&m, 1, "ab", 1, TRACE_GC | TRACE_NATIVE, 0x3f);
	ticks(&m, 1, "ac", 2, TRACE_NATIVE, 0x3f);
	ticks(&m, 2, "d", 4, 0, 0x3f);
	ticks(&m, 2, "", 8, 0, 0x3f);
	ticks(&m, 2, "", 16, TRACE_FAILED | TRACE_REASON_DEEP << TRACE_REASON_SHIFT,
	      0x3f);
	t.name = "late";
	t.name_len = 4;
	assert_int_equal(trace_writer_thread(m.w, &t, &err), 0);

	struct buf trace = made(&m);

	load(p, f, &trace);
	buf_release(&trace);
}

static void special_frames_are_the_readers_choice(void **state)
{
	struct filter f;
	struct profile p;
	struct totals t;

	(void)state;
	filter_init(&f);
	load_mixed(&p, &f);
	totals_init(&t, &p);
	assert_total(&t, &p, "<GC>", 1, 1);
	assert_total(&t, &p, "<native>", 0, 0);
	assert_total(&t, &p, "b", 0, 1);
	assert_int_equal(p.counts.empty, 8);
	assert_int_equal(p.counts.failed, 16);
	assert_int_equal(p.failed_by[TRACE_REASON_DEEP], 16);
	totals_release(&t);
	profile_release(&p);

	f.hide_gc = true;
	f.native = NATIVE_SHOWN;
	load_mixed(&p, &f);
	totals_init(&t, &p);
	assert_total(&t, &p, "<GC>", 0, 0);
	assert_total(&t, &p, "<native>", 3, 3);
	totals_release(&t);
	profile_release(&p);
}

/* The only site's stack in the letters of stack_of(). */
static const char *shown(const struct filter *f, const char *letters, uint32_t flags)
{
	static char text[16];
	struct buf trace;
	struct maker m;
	struct profile p;
	size_t at = sizeof(text) - 1;

	maker_init(&m);
	/* An id of its own, which is not that of the profile. */
	stack_of(&m, "zy!x");
	ticks(&m, 1, letters, 3, flags, 0x3f);
	trace = made(&m);
	load(&p, f, &trace);
	assert_int_equal(p.nsites, 1);
	assert_int_equal(p.sites[0].samples, 3);
	for (uint32_t id = p.sites[0].stack; id; id = symbols_stack(&p.symbols, id).parent) {
		struct trace_function of = symbols_function(
			&p.symbols, symbols_leaf_function(&p.symbols, id));
		struct trace_text name = symbols_string(&p.symbols, of.name);

		text[--at] = name.len == 1 ? name.bytes[0] : name.bytes[1] == 'G' ? '#' : '!';
	}
	profile_release(&p);
	buf_release(&trace);
	return text + at;
}

static void markers_are_the_readers_choice(void **state)
{
	static const struct {
		const char *recorded;
		uint32_t flags;
		/* By default, with --native, with --no-gc, with both. */
		const char *shown[4];
	} cases[] = {
		{ "a!b", 0, { "ab", "a!b", "ab", "a!b" } },
		{ "a!b!cd!e", 0, { "abcde", "a!b!cd!e", "abcde", "a!b!cd!e" } },
		{ "ab", TRACE_GC, { "ab#", "ab#", "ab", "ab" } },
		{ "a!b", TRACE_GC, { "ab#", "a!b#", "ab", "a!b" } },
		/* The collector below the frames that it calls: not once more on top. */
		{ "a#b", TRACE_GC, { "a#b", "a#b", "ab", "a!b" } },
		{ "a#bc!d", TRACE_GC, { "a#bcd", "a#bc!d", "abcd", "a!bc!d" } },
		{ "a#b", TRACE_GC | TRACE_NATIVE, { "a#b", "a#b!", "ab", "a!b!" } },
		{ "ab", TRACE_GC | TRACE_NATIVE, { "ab#", "ab#", "ab", "ab!" } },
		{ "a!", 0, { "a", "a!", "a", "a!" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (int view = 0; view < 4; view++) {
			struct filter f;

			filter_init(&f);
			f.native = view & 1 ? NATIVE_SHOWN : NATIVE_AS_RECORDED;
			f.hide_gc = view & 2;
			assert_string_equal(shown(&f, cases[i].recorded, cases[i].flags),
					    cases[i].shown[view]);
		}
}

/* How many samples with a stack does a filter leave? */
static uint64_t kept(const struct filter *f)
{
	struct profile p;
	struct totals t;
	uint64_t n;

	load_mixed(&p, f);
	totals_init(&t, &p);
	n = t.samples;
	totals_release(&t);
	profile_release(&p);
	return n;
}

static void threads_processes_times_and_patterns(void **state)
{
	struct filter f;

	(void)state;
	filter_init(&f);
	assert_int_equal(kept(&f), 7);
	filter_add_thread(&f, "late");
	assert_int_equal(kept(&f), 4);
	filter_add_thread(&f, "42");
	assert_int_equal(kept(&f), 7);
	filter_release(&f);

	assert_int_equal(filter_add_pid(&f, "41", &err), 0);
	assert_int_equal(kept(&f), 0);
	assert_int_equal(filter_add_pid(&f, "42", &err), 0);
	assert_int_equal(kept(&f), 7);
	assert_int_equal(filter_add_pid(&f, "x", &err), -EINVAL);
	filter_release(&f);

	/* The header is at 1000 ns, the first tick at 1 s, the others 1 ms apart. */
	f.from_ns = 1000000000;
	assert_int_equal(kept(&f), 6);
	f.to_ns = 1002000000;
	assert_int_equal(kept(&f), 2);
	filter_release(&f);

	assert_int_equal(filter_set_focus(&f, "^(b|d)$", &err), 0);
	assert_int_equal(kept(&f), 5);
	assert_int_equal(filter_set_ignore(&f, "GC", &err), 0);
	assert_int_equal(kept(&f), 4);
	assert_int_equal(filter_set_focus(&f, "/dir/x", &err), 0);
	assert_int_equal(kept(&f), 6);
	assert_int_equal(filter_set_focus(&f, "(", &err), -EINVAL);
	assert_int_equal(filter_set_mode(&f, "cpus", &err), -EINVAL);
	assert_non_null(strstr(err.text, "did you mean cpu?"));
	filter_release(&f);
}

/* Of the mode cpu only: there the kernel's account counts, not the ticks. */
static void cpu_time_is_the_kernels(void **state)
{
	static const struct { const char *mode; uint64_t a_ns, b_ns; } cases[] = {
		{ "wall", 3000000, 4000000 },
		{ "cpu", 6000000, 2000000 },
	};
	struct filter f;
	struct maker m;
	struct profile p;
	struct totals t;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		maker_init(&m);
		ticks(&m, 1, "a", 3, TRACE_ON_CPU, TRACE_ON_CPU);
		ticks(&m, 1, "b", 3, 0, TRACE_ON_CPU);
		ticks(&m, 1, "b", 1, TRACE_ON_CPU, TRACE_ON_CPU);
		cpu_time(&m, 1, 8000000);

		struct buf trace = made(&m);

		filter_init(&f);
		assert_int_equal(filter_set_mode(&f, cases[i].mode, &err), 0);
		load(&p, &f, &trace);
		assert_int_equal(p.threads[0].cpu_ns, 8000000);
		totals_init(&t, &p);
		assert_int_equal(t.n, 2);
		for (size_t k = 0; k < t.n; k++) {
			struct trace_function fn =
				symbols_function(&p.symbols, t.rows[k].function);
			char name = symbols_string(&p.symbols, fn.name).bytes[0];

			/* The last tick's second half comes behind the account. */
			assert_in_range(t.rows[k].self_ns + 600000,
					name == 'a' ? cases[i].a_ns : cases[i].b_ns,
					(name == 'a' ? cases[i].a_ns : cases[i].b_ns) + 1900000);
		}
		totals_release(&t);
		profile_release(&p);
		buf_release(&trace);
		filter_release(&f);
	}
}

static void a_million_frames_need_no_recursion(void **state)
{
	struct filter f;
	struct maker m;
	struct profile p;
	struct totals t;
	char *letters = mem_alloc(TRACE_MAX_DEPTH + 1, 1);

	(void)state;
	memset(letters, 'r', TRACE_MAX_DEPTH);
	filter_init(&f);
	maker_init(&m);
	ticks(&m, 1, letters, 2, 0, 0);

	struct buf trace = made(&m);

	load(&p, &f, &trace);
	totals_init(&t, &p);
	assert_total(&t, &p, "r", 2, 2);
	totals_release(&t);
	profile_release(&p);
	buf_release(&trace);
	free(letters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recursion_counts_once),
		cmocka_unit_test(traces_add_up),
		cmocka_unit_test(modes_drop_what_is_not_known),
		cmocka_unit_test(special_frames_are_the_readers_choice),
		cmocka_unit_test(markers_are_the_readers_choice),
		cmocka_unit_test(threads_processes_times_and_patterns),
		cmocka_unit_test(cpu_time_is_the_kernels),
		cmocka_unit_test(a_million_frames_need_no_recursion),
	};

	return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
