/* SPDX-License-Identifier: MIT */
/* logical_test - stacks of tasks: who stands on whom, weights, circles, garbage. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "format/writer.h"
#include "profile/logical.h"
#include "profile/profile.h"
#include "tests/fixture.h"

enum { TICK_NS = 1000000, MOST = 64 };

static struct err err;
static const int32_t late[1024];

/* A block being made.  Tasks are named a, b, c ...; functions by letters, too. */
struct maker {
	int fd;
	struct trace_writer *w;
	uint64_t at_ns;
	uint32_t nticks;
	uint32_t members[MOST][8];
	struct trace_awaiters lists[MOST];
	uint32_t nlists;
	struct trace_task_run runs[MOST][8];
	struct trace_task_group groups[MOST];
	uint32_t ngroups;
	struct trace_run thread_runs[MOST];
	uint32_t nthread_runs;
};

static void begin(struct maker *m, const char *mode, uint32_t ntasks)
{
	static const char *const none[] = { NULL };
	const struct trace_info info[] = { { .key = "async", .str = mode } };
	const struct trace_process process = { .id = 1, .pid = 42, .argv = none, .exe = "" };
	const struct trace_thread thread = { .id = 1, .process = 1, .tid = 42, .is_main = true };

	*m = (struct maker){ .fd = fixture_file(NULL, 0), .at_ns = 1000000000 };
	m->w = fixture_writer(m->fd);
	assert_int_equal(trace_writer_header(m->w, 1000, 2000, info, mode ? 1 : 0, &err), 0);
	assert_int_equal(trace_writer_process(m->w, &process, &err), 0);
	assert_int_equal(trace_writer_thread(m->w, &thread, &err), 0);
	for (uint32_t i = 0; i < ntasks; i++) {
		const char name = (char)('a' + i);
		const struct trace_task task = { 1, trace_writer_string(m->w, &name, 1) };
		const struct trace_tasks batch = { 1, i + 1, 1, &task };

		assert_int_equal(trace_writer_tasks(m->w, &batch, &err), 0);
	}
}

static uint32_t stack_of(struct maker *m, const char *letters)
{
	uint32_t stack = 0;

	for (; *letters; letters++) {
		uint32_t name = trace_writer_string(m->w, letters, 1);
		uint32_t file = trace_writer_string(m->w, "x.py", 4);
		const struct trace_location l = {
			trace_writer_function(m->w, name, file, *letters), 1, 1, 0, 1, -1 };

		stack = trace_writer_stack(m->w, stack, trace_writer_location(m->w, &l));
	}
	return stack;
}

static uint32_t list_of(struct maker *m, const char *tasks)
{
	uint32_t n = 0;

	if (!*tasks)
		return 0;
	for (; *tasks; tasks++)
		m->members[m->nlists][n++] = (uint32_t)(*tasks - 'a' + 1);
	m->lists[m->nlists] = (struct trace_awaiters){ n, m->members[m->nlists] };
	return ++m->nlists;
}

/* Task a, b ... is suspended in these functions for len ticks, awaited by those tasks. */
static void suspended(struct maker *m, char task, uint32_t len, const char *letters,
		      const char *awaiters)
{
	struct trace_task_group *g = NULL;

	for (uint32_t i = 0; i < m->ngroups; i++)
		if (m->groups[i].task == (uint32_t)(task - 'a' + 1))
			g = &m->groups[i];
	if (!g) {
		g = &m->groups[m->ngroups];
		*g = (struct trace_task_group){ .task = (uint32_t)(task - 'a' + 1),
						.runs = m->runs[m->ngroups++] };
	}
	m->runs[g - m->groups][g->nruns++] = (struct trace_task_run){
		.len = len, .stack = stack_of(m, letters), .awaiters = list_of(m, awaiters) };
}

static void running(struct maker *m, char task, uint32_t len, uint32_t base, uint32_t chain,
		    const char *awaiters)
{
	struct trace_task_run *run;

	suspended(m, task, len, "", awaiters);
	for (uint32_t i = 0; i < m->ngroups; i++)
		if (m->groups[i].task == (uint32_t)(task - 'a' + 1)) {
			run = &m->runs[i][m->groups[i].nruns - 1];
			run->flags = TRACE_TASK_RUNNING;
			run->base = base;
			run->chain = chain;
		}
}

static void thread(struct maker *m, uint32_t len, const char *letters, uint32_t flags)
{
	m->thread_runs[m->nthread_runs++] = (struct trace_run){ len, stack_of(m, letters), flags };
	m->nticks += len;
}

static void block(struct maker *m)
{
	const struct trace_group group = { 1, 0, m->nthread_runs, m->thread_runs };
	const struct trace_block b = {
		.process = 1, .start_ns = m->at_ns, .interval_ns = TICK_NS,
		.known = TRACE_ON_CPU, .nticks = m->nticks, .offset_us = late,
		.ngroups = 1, .groups = &group,
	};
	const struct trace_logical l = {
		.process = 1, .nticks = m->nticks, .nlists = m->nlists, .lists = m->lists,
		.ngroups = m->ngroups, .groups = m->groups,
	};

	assert_int_equal(trace_writer_logical(m->w, &l, &err), 0);
	assert_int_equal(trace_writer_block(m->w, &b, &err), 0);
	m->at_ns += (uint64_t)m->nticks * TICK_NS;
	m->nticks = m->nlists = m->ngroups = m->nthread_runs = 0;
}

static struct buf finish(struct maker *m)
{
	assert_int_equal(
		trace_writer_end(m->w, m->at_ns, TRACE_END_TARGET, "", NULL, 0, &err), 0);
	trace_writer_free(m->w);
	return fixture_read(m->fd);
}

/* A stack as text: tasks in brackets. */
static void text_of(const struct profile *p, uint32_t stack, char *text)
{
	char rest[256];

	if (!stack) {
		*text = '\0';
		return;
	}

	struct trace_stack s = symbols_stack(&p->symbols, stack);
	struct trace_function f = symbols_function(&p->symbols,
						   symbols_location(&p->symbols,
								    s.location).function);
	struct trace_text name = symbols_string(&p->symbols, f.name);
	struct trace_text file = symbols_string(&p->symbols, f.file);

	text_of(p, s.parent, rest);
	snprintf(text, 256, file.len && file.bytes[0] == '<' ? "%s[%.*s]" : "%s%.*s", rest,
		 (int)name.len, name.bytes);
}

/* Samples of a stack, and that its time is as much. */
static void assert_samples(const struct profile *p, const char *stack, uint64_t samples)
{
	uint64_t held = 0;

	for (size_t i = 0; i < p->nsites; i++) {
		char text[256];

		text_of(p, p->sites[i].stack, text);
		if (strcmp(text, stack) == 0)
			held += p->sites[i].samples;
	}
	if (held != samples) {
		for (size_t i = 0; i < p->nsites; i++) {
			char text[256];

			text_of(p, p->sites[i].stack, text);
			print_message("%8u %s\n", (unsigned)p->sites[i].samples, text);
		}
		fail_msg("%s has %u samples and not %u", stack, (unsigned)held,
			 (unsigned)samples);
	}
}

static uint64_t all_samples(const struct profile *p, uint64_t *ns)
{
	uint64_t sum = 0;

	*ns = 0;
	for (size_t i = 0; i < p->nsites; i++) {
		sum += p->sites[i].samples;
		*ns += p->sites[i].ns;
	}
	return sum;
}

static void load(struct profile *p, struct filter *f, struct maker *m)
{
	struct buf trace = finish(m);

	profile_init(p, f);
	assert_int_equal(fixture_walk(trace.data, trace.len, p).rc, 0);
	profile_finish(p);
	buf_release(&trace);
}

static void tasks_stand_on_those_who_wait(void **state)
{
	struct filter f;
	struct maker m;
	struct profile p;
	uint64_t ns;

	(void)state;
	filter_init(&f);
	begin(&m, "all", 3);
	suspended(&m, 'a', 10, "m", "");
	suspended(&m, 'b', 10, "nx", "a");
	suspended(&m, 'c', 10, "o", "b");
	thread(&m, 10, "RL", 0);
	block(&m);
	load(&p, &f, &m);
	assert_samples(&p, "[a]m[b]nx[c]o", 10);
	assert_samples(&p, "RL", 10);
	assert_int_equal(all_samples(&p, &ns), 20);
	assert_int_equal(ns, 20 * TICK_NS);
	assert_int_equal(p.tasks.tasks, 3);
	assert_int_equal(p.tasks.samples, 30);
	profile_release(&p);
}

static void weights_are_divided(void **state)
{
	struct filter f;
	struct maker m;
	struct profile p;
	uint64_t ns;

	(void)state;
	filter_init(&f);
	begin(&m, "all", 5);
	suspended(&m, 'a', 9, "m", "");
	suspended(&m, 'b', 9, "n", "a");
	suspended(&m, 'c', 9, "o", "a");
	suspended(&m, 'd', 9, "p", "");
	/* Half under a, by way of b, and half by way of c. */
	suspended(&m, 'e', 9, "q", "bcd");
	thread(&m, 9, "R", 0);
	block(&m);
	load(&p, &f, &m);
	assert_samples(&p, "[a]m[b]n[e]q", 3);
	assert_samples(&p, "[a]m[c]o[e]q", 3);
	assert_samples(&p, "[d]p[e]q", 3);
	assert_int_equal(all_samples(&p, &ns), 18);
	profile_release(&p);

	begin(&m, "all", 3);
	for (int i = 0; i < 3; i++) {
		suspended(&m, 'a', 1, "m", "");
		suspended(&m, 'b', 1, "n", "");
		suspended(&m, 'c', 1, "o", "ab");
		thread(&m, 1, "R", 0);
		block(&m);
	}
	load(&p, &f, &m);
	/* One and a half each: the sum stays. */
	assert_int_equal(all_samples(&p, &ns), 6);
	assert_in_range(ns, 6 * TICK_NS - 10, 6 * TICK_NS);
	profile_release(&p);
}

static void a_running_task_has_its_threads_frames(void **state)
{
	struct filter f;
	struct maker m;
	struct profile p;

	(void)state;
	filter_init(&f);
	begin(&m, "all", 3);
	suspended(&m, 'a', 6, "m", "");
	/* b runs four ticks: two frames below it, one coroutine of its own. */
	running(&m, 'b', 4, 2, 1, "a");
	suspended(&m, 'b', 2, "ns", "a");
	suspended(&m, 'c', 6, "o", "b");
	thread(&m, 1, "RLnf", TRACE_ON_CPU);
	thread(&m, 3, "RLngh", 0);
	thread(&m, 2, "RL", TRACE_ON_CPU);
	block(&m);
	load(&p, &f, &m);
	assert_samples(&p, "[a]m[b]nf", 1);
	assert_samples(&p, "[a]m[b]ngh", 3);
	assert_samples(&p, "RL", 2);
	/* What waits for b stands on its coroutine, not on what that calls. */
	assert_samples(&p, "[a]m[b]n[c]o", 4);
	assert_samples(&p, "[a]m[b]ns[c]o", 2);
	profile_release(&p);
}

static void the_view_is_chosen(void **state)
{
	static const struct {
		enum filter_async view;
		const char *mode, *recorded;
		uint64_t task, suspended, loop, physical;
	} rows[] = {
		{ FILTER_ASYNC_AS_RECORDED, "wall", "all", 2, 4, 1, 0 },
		{ FILTER_ASYNC_AS_RECORDED, "wall", "running", 2, 0, 1, 0 },
		{ FILTER_ASYNC_ALL, "wall", "all", 2, 4, 1, 0 },
		{ FILTER_ASYNC_RUNNING, "wall", "all", 2, 0, 1, 0 },
		{ FILTER_ASYNC_OFF, "wall", "all", 0, 0, 1, 2 },
		{ FILTER_ASYNC_AS_RECORDED, "cpu", "all", 2, 0, 0, 0 },
		{ FILTER_ASYNC_AS_RECORDED, "wall", NULL, 0, 0, 1, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct filter f;
		struct maker m;
		struct profile p;

		filter_init(&f);
		filter_set_mode(&f, rows[i].mode, &err);
		f.async = rows[i].view;
		begin(&m, rows[i].recorded, 3);
		running(&m, 'a', 2, 1, 1, "");
		suspended(&m, 'a', 2, "n", "");
		suspended(&m, 'b', 4, "o", "");
		thread(&m, 2, "Rn", TRACE_ON_CPU);
		thread(&m, 1, "R", 0);
		thread(&m, 1, "", TRACE_FAILED | TRACE_REASON_TORN << TRACE_REASON_SHIFT);
		block(&m);
		load(&p, &f, &m);
		assert_samples(&p, "[b]o", rows[i].suspended);
		assert_samples(&p, "R", rows[i].loop);
		assert_samples(&p, "Rn", rows[i].physical);
		assert_samples(&p, "[a]n", rows[i].task + (rows[i].suspended ? 2 : 0));
		profile_release(&p);
	}
}

static void tasks_come_and_go(void **state)
{
	struct filter f;
	struct maker m;
	struct profile p;

	(void)state;
	filter_init(&f);
	begin(&m, "all", 3);
	suspended(&m, 'a', 2, "m", "");
	suspended(&m, 'a', 2, "k", "");
	suspended(&m, 'b', 3, "n", "a");
	suspended(&m, 'c', 2, "o", "b");
	thread(&m, 5, "R", 0);
	block(&m);
	load(&p, &f, &m);
	assert_samples(&p, "[a]m[b]n[c]o", 2);
	assert_samples(&p, "[a]k[b]n", 1);
	assert_samples(&p, "[a]k", 1);
	assert_samples(&p, "R", 5);
	profile_release(&p);
}

static void circles_are_cut(void **state)
{
	struct filter f;
	struct maker m;
	struct profile p;
	uint64_t ns;

	(void)state;
	filter_init(&f);
	begin(&m, "all", 4);
	suspended(&m, 'a', 5, "m", "b");
	suspended(&m, 'b', 5, "n", "a");
	suspended(&m, 'c', 5, "o", "c");
	suspended(&m, 'd', 5, "p", "b");
	thread(&m, 5, "R", 0);
	block(&m);
	load(&p, &f, &m);
	assert_samples(&p, "[b]n[a]m", 5);
	assert_samples(&p, "[a]m[b]n", 5);
	assert_samples(&p, "[c]o", 5);
	assert_samples(&p, "[a]m[b]n[d]p", 5);
	assert_int_equal(all_samples(&p, &ns), 25);
	profile_release(&p);
}

/* Each level has two tasks that both wait for both of the next. */
static void many_paths_keep_their_weight(void **state)
{
	struct filter f;
	struct maker m;
	struct profile p;
	uint64_t ns;

	(void)state;
	filter_init(&f);
	begin(&m, "all", 24);
	suspended(&m, 'a', 7, "m", "");
	suspended(&m, 'b', 7, "n", "");
	for (int i = 2; i < 24; i += 2) {
		const char both[] = { (char)('a' + i - 2), (char)('a' + i - 1), '\0' };

		suspended(&m, (char)('a' + i), 7, "o", both);
		suspended(&m, (char)('a' + i + 1), 7, "p", both);
	}
	thread(&m, 7, "R", 0);
	block(&m);
	load(&p, &f, &m);
	assert_int_equal(all_samples(&p, &ns), 3 * 7);
	assert_true(p.nsites <= 2 * LOGICAL_MAX_PATHS + 1);
	profile_release(&p);
}

static void time_is_cut_out(void **state)
{
	struct filter f;
	struct maker m;
	struct profile p;
	uint64_t ns;

	(void)state;
	filter_init(&f);
	f.from_ns = 1000000000 - 1000 + 2 * TICK_NS;
	f.to_ns = 1000000000 - 1000 + 5 * TICK_NS;
	begin(&m, "all", 1);
	suspended(&m, 'a', 8, "m", "");
	thread(&m, 8, "R", 0);
	block(&m);
	load(&p, &f, &m);
	assert_samples(&p, "[a]m", 3);
	assert_samples(&p, "R", 3);
	assert_int_equal(all_samples(&p, &ns), 6);
	assert_int_equal(ns, 6 * TICK_NS);
	profile_release(&p);
}

/* Whatever a bit does, the sum of what is shown stays bounded and nothing breaks. */
static void flipped_bits_do_no_harm(void **state)
{
	struct filter f;
	struct maker m;

	(void)state;
	filter_init(&f);
	begin(&m, "all", 4);
	suspended(&m, 'a', 6, "m", "");
	running(&m, 'b', 4, 2, 1, "a");
	suspended(&m, 'b', 2, "ns", "ad");
	suspended(&m, 'c', 6, "o", "b");
	suspended(&m, 'd', 6, "o", "bc");
	thread(&m, 4, "RLnf", TRACE_ON_CPU);
	thread(&m, 2, "RL", 0);
	block(&m);

	struct buf trace = finish(&m), raw = fixture_decompress(&trace);

	for (size_t bit = 0; bit < raw.len * 8; bit++) {
		struct profile p;

		raw.data[bit / 8] ^= (char)(1 << bit % 8);
		buf_release(&trace);
		trace = fixture_compress(raw.data, raw.len);
		profile_init(&p, &f);
		fixture_walk(trace.data, trace.len, &p);
		profile_finish(&p);
		profile_release(&p);
		raw.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	buf_release(&trace);
	buf_release(&raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_stand_on_those_who_wait),
		cmocka_unit_test(weights_are_divided),
		cmocka_unit_test(a_running_task_has_its_threads_frames),
		cmocka_unit_test(the_view_is_chosen),
		cmocka_unit_test(tasks_come_and_go),
		cmocka_unit_test(circles_are_cut),
		cmocka_unit_test(many_paths_keep_their_weight),
		cmocka_unit_test(time_is_cut_out),
		cmocka_unit_test(flipped_bits_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
