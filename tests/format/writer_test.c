/* SPDX-License-Identifier: MIT */
/* writer_test - what the writer refuses, and how its output fails. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "format/reader.h"
#include "format/writer.h"
#include "tests/fixture.h"

static struct err err;

/* A writer into memory; fd tells where. */
static struct trace_writer *new_writer(int *fd)
{
	*fd = fixture_file(NULL, 0);
	return fixture_writer(*fd);
}

static struct fixture_result finish(struct trace_writer *w, int fd)
{
	assert_int_equal(trace_writer_end(w, 1, TRACE_END_TARGET, "", NULL, 0, &err),
			 0);
	trace_writer_free(w);

	struct buf trace = fixture_read(fd);
	struct fixture_result r = fixture_walk(trace.data, trace.len, NULL);

	buf_release(&trace);
	assert_int_equal(r.rc, 0);
	return r;
}

static int write_runs(struct trace_writer *w, const struct trace_run *runs, uint32_t n,
		      uint32_t nticks)
{
	int32_t *late = mem_alloc(nticks, sizeof(*late));
	const struct trace_group group = { 1, 0, n, runs };
	const struct trace_block b = {
		.process = 1, .start_ns = 1, .interval_ns = 1, .nticks = nticks,
		.offset_us = late, .ngroups = 1, .groups = &group,
	};
	int rc = trace_writer_block(w, &b, &err);

	free(late);
	return rc;
}

static void equal_definitions_have_equal_ids(void **state)
{
	int fd;
	struct trace_writer *w = new_writer(&fd);
	const struct trace_location here = { 1, 2, 3, 4, 5, -1 };

	(void)state;
	assert_int_equal(trace_writer_string(w, "a", 1), 1);
	assert_int_equal(trace_writer_string(w, "b", 1), 2);
	assert_int_equal(trace_writer_string(w, "a", 1), 1);
	assert_int_equal(trace_writer_string(w, "", 0), 3);
	assert_int_equal(trace_writer_string(w, "a\0b", 3), 4);
	assert_int_equal(trace_writer_function(w, 1, 2, 7), 1);
	assert_int_equal(trace_writer_function(w, 1, 2, 7), 1);
	assert_int_equal(trace_writer_function(w, 1, 2, 8), 2);
	assert_int_equal(trace_writer_function(w, 9, 2, 8), 0);
	assert_int_equal(trace_writer_location(w, &here), 1);
	assert_int_equal(trace_writer_location(w, &here), 1);
	assert_int_equal(trace_writer_stack(w, 0, 1), 1);
	assert_int_equal(trace_writer_stack(w, 1, 1), 2);
	assert_int_equal(trace_writer_stack(w, 0, 1), 1);
	assert_int_equal(trace_writer_stack(w, 9, 1), 0);
	assert_int_equal(finish(w, fd).counts[TRACE_STACKS], 1);
}

static void definitions_precede_their_use_in_batches(void **state)
{
	int fd;
	struct trace_writer *w = new_writer(&fd);
	struct trace_run run = { 1, 0, 0 };

	(void)state;
	for (int i = 0; i < 30000; i++) {
		char name[16];
		int len = snprintf(name, sizeof(name), "f%d", i);
		uint32_t s = trace_writer_string(w, name, (size_t)len);
		const struct trace_location l = {
			trace_writer_function(w, s, 1, i), i, i, 0, 1, i % 3 ? -1 : 9 };

		run.stack = trace_writer_stack(w, run.stack,
					       trace_writer_location(w, &l));
		if (i % 9999 == 0)
			assert_int_equal(write_runs(w, &run, 1, 1), 0);
	}
	assert_int_equal(write_runs(w, &run, 1, 1), 0);

	struct fixture_result r = finish(w, fd);

	assert_int_equal(r.counts[TRACE_SAMPLES], 5);
	assert_true(r.counts[TRACE_FUNCTIONS] >= 4);
}

static void bad_blocks_are_refused_and_do_not_stick(void **state)
{
	static const struct { struct trace_run run; uint32_t nticks; } bad[] = {
		{ { 0, 0, 0 }, 1 }, { { 2, 0, 0 }, 1 }, { { 1, 1, 0 }, 1 },
		{ { 1, 0, 0 }, 0 }, { { 1, 0, 0 }, TRACE_MAX_TICKS + 1 },
	};
	const struct trace_run good = { 1, 0, TRACE_FAILED };
	int fd;
	struct trace_writer *w = new_writer(&fd);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(write_runs(w, &bad[i].run, 1, bad[i].nticks), -EINVAL);
	assert_int_equal(write_runs(w, &good, 1, 1), 0);

	const struct trace_thread late_thread = { .id = 3, .process = 1 };
	const struct trace_process again = { .id = 1 };

	assert_int_equal(trace_writer_thread(w, &late_thread, &err), -EINVAL);
	assert_int_equal(trace_writer_process(w, &again, &err), -EINVAL);
	assert_int_equal(finish(w, fd).counts[TRACE_SAMPLES], 1);
}

static void bad_tasks_are_refused(void **state)
{
	int fd;
	struct trace_writer *w = new_writer(&fd);
	struct trace_task task = { 1, 0 };
	struct trace_tasks batch = { 1, 2, 1, &task };
	struct trace_task_run run = { .len = 3 };
	const struct trace_task_group group = { 1, 0, 1, &run };
	const uint32_t two = 2;
	const struct trace_awaiters list = { 1, &two };
	struct trace_logical l = { .process = 1, .nticks = 2, .ngroups = 1, .groups = &group };

	(void)state;
	assert_int_equal(trace_writer_tasks(w, &batch, &err), -EINVAL);
	batch.first = 1;
	task.thread = 2;
	assert_int_equal(trace_writer_tasks(w, &batch, &err), -EINVAL);
	task.thread = 1;
	assert_int_equal(trace_writer_tasks(w, &batch, &err), 0);
	assert_int_equal(trace_writer_logical(w, &l, &err), -EINVAL);
	run.len = 2;
	run.awaiters = 1;
	assert_int_equal(trace_writer_logical(w, &l, &err), -EINVAL);
	l.nlists = 1;
	l.lists = &list;
	assert_int_equal(trace_writer_logical(w, &l, &err), -EINVAL);
	l.nlists = 0;
	run.awaiters = 0;
	run.stack = 1;
	assert_int_equal(trace_writer_logical(w, &l, &err), -EINVAL);
	run.stack = 0;
	assert_int_equal(trace_writer_logical(w, &l, &err), 0);
	assert_int_equal(finish(w, fd).counts[TRACE_LOGICAL], 1);
}

static void an_object_above_the_limit_is_taken_back(void **state)
{
	enum { N = 4000 };
	int fd;
	struct trace_writer *w = new_writer(&fd);
	struct trace_run *runs = mem_alloc(N, sizeof(*runs));
	struct trace_group *groups = mem_alloc(N, sizeof(*groups));
	int32_t late[N] = { 0 };

	(void)state;
	for (int i = 0; i < N; i++) {
		runs[i] = (struct trace_run){ 1, 0, TRACE_FAILED | TRACE_UNKNOWN_MASK };
		groups[i] = (struct trace_group){ 1, 0, N, runs };
	}
	const struct trace_block b = {
		.process = 1,
		.start_ns = 1,
		.interval_ns = 1,
		.nticks = N,
		.offset_us = late,
		.ngroups = N,
		.groups = groups,
	};

	assert_int_equal(trace_writer_block(w, &b, &err), -E2BIG);
	assert_int_equal(write_runs(w, runs, 1, 1), 0);
	assert_int_equal(finish(w, fd).counts[TRACE_SAMPLES], 1);
	free(groups);
	free(runs);
}

static void long_strings_are_cut_between_characters(void **state)
{
	int fd;
	struct trace_writer *w = new_writer(&fd);
	size_t len = TRACE_MAX_STRING + 10;
	char *text = mem_alloc(len, 1);
	struct trace_object o;

	(void)state;
	/* The limit falls into the middle of a snake. */
	memset(text, 'a', len);
	memcpy(text + TRACE_MAX_STRING - 2, "\xf0\x9f\x90\x8d", 4);
	assert_int_equal(trace_writer_string(w, text, len), 1);
	assert_int_equal(trace_writer_end(w, 1, TRACE_END_TARGET, "", NULL, 0, &err),
			 0);
	trace_writer_free(w);
	lseek(fd, 0, SEEK_SET);

	struct trace_reader *r = trace_reader_new(fd, "t", &err);

	while (trace_reader_next(r, &o, &err) > 0)
		if (o.type == TRACE_STRINGS)
			assert_int_equal(o.u.strings.texts[0].len,
					 TRACE_MAX_STRING - 2);
	trace_reader_free(r);
	close(fd);
	free(text);
}

static void depth_ends_at_the_limit(void **state)
{
	int fd;
	struct trace_writer *w = new_writer(&fd);
	uint32_t stack = 0;

	(void)state;
	for (int i = 0; i < TRACE_MAX_DEPTH; i++) {
		stack = trace_writer_stack(w, stack, 0);
		assert_true(stack);
	}
	assert_int_equal(trace_writer_stack(w, stack, 0), 0);
	assert_int_equal(finish(w, fd).counts[TRACE_END], 1);
}

static void a_new_segment_starts_over(void **state)
{
	int fd;
	struct trace_writer *w = new_writer(&fd);
	size_t before;

	(void)state;
	for (uint32_t i = 0; i < 50000; i++)
		trace_writer_string(w, &i, sizeof(i));
	before = trace_writer_memory(w);
	assert_true(before > 50000 * sizeof(uint32_t));
	assert_int_equal(trace_writer_header(w, 1, 2, NULL, 0, &err), 0);
	assert_true(trace_writer_memory(w) < before / 10);
	assert_int_equal(trace_writer_string(w, "x", 1), 1);

	struct fixture_result r = finish(w, fd);

	assert_int_equal(r.counts[TRACE_HEADER], 2);
}

static void a_closed_pipe_sticks(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);

	struct trace_writer *w = fixture_writer(fds[1]);

	assert_int_equal(trace_writer_flush(w, &err), -EPIPE);
	assert_non_null(strstr(err.text, "reader of the pipe is gone"));
	assert_int_equal(trace_writer_header(w, 1, 2, NULL, 0, &err), -EPIPE);
	assert_int_equal(trace_writer_flush(w, &err), -EPIPE);
	trace_writer_free(w);
	close(fds[1]);
}

static void a_full_disk_says_so(void **state)
{
	int fd = open("/dev/full", O_WRONLY);
	struct trace_writer *w = fixture_writer(fd);

	(void)state;
	assert_int_equal(trace_writer_flush(w, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "No space left"));
	assert_int_equal(trace_writer_bytes(w), 0);
	trace_writer_free(w);
	close(fd);
}

static void a_slow_pipe_gets_everything(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);

	struct trace_writer *w = fixture_writer(fds[1]);
	pid_t reader = fork();

	if (reader == 0) {
		char part[1000];
		size_t sum = 0;
		ssize_t n;

		close(fds[1]);
		fcntl(fds[0], F_SETFL, 0);
		while ((n = read(fds[0], part, sizeof(part))) > 0)
			sum += (size_t)n;
		_exit(sum > 100000 ? 0 : 1);
	}
	for (uint64_t i = 0, x = 1; i < 40000; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		trace_writer_string(w, &x, sizeof(x));
	}
	assert_int_equal(trace_writer_end(w, 1, TRACE_END_TARGET, "", NULL, 0, &err),
			 0);
	close(fds[1]);
	close(fds[0]);

	int status;

	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_int_equal(status, 0);
	trace_writer_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_definitions_have_equal_ids),
		cmocka_unit_test(definitions_precede_their_use_in_batches),
		cmocka_unit_test(bad_blocks_are_refused_and_do_not_stick),
		cmocka_unit_test(bad_tasks_are_refused),
		cmocka_unit_test(an_object_above_the_limit_is_taken_back),
		cmocka_unit_test(long_strings_are_cut_between_characters),
		cmocka_unit_test(depth_ends_at_the_limit),
		cmocka_unit_test(a_new_segment_starts_over),
		cmocka_unit_test(a_closed_pipe_sticks),
		cmocka_unit_test(a_full_disk_says_so),
		cmocka_unit_test(a_slow_pipe_gets_everything),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
