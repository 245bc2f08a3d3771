/* SPDX-License-Identifier: MIT */
/*
 * make_trace - write a synthetic trace to standard output, always the same
 * bytes for the same options.
 *
 *	make_trace [--ticks N] [--depth D] [--threads T] [--change N]
 *	           [--kind plain|known|hostile|quiet]
 *
 * plain: functions call each other at random, a thread changes its stack at
 * one of --change ticks.  known: ten ticks of a small program whose profile
 * can be worked out by hand.  hostile: names that try to break a format.
 * quiet: a header, a process and no sample.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/unit.h"
#include "format/writer.h"

enum {
	BLOCK_TICKS = 4096,
	NFUNCTIONS = 200,
	LINES_EACH = 8,
	START_NS = 1000000000,
	INTERVAL_NS = 100000,
	KNOWN = TRACE_STATE_FLAGS,
};

struct settings {
	uint64_t ticks, depth, threads, change;
	const char *kind;
};

static struct trace_writer *out;
static struct err err;
static uint32_t seed = 12345;

static void check(int rc)
{
	if (rc < 0) {
		fprintf(stderr, "make_trace: %s\n", err.text);
		exit(1);
	}
}

/* Marsaglia's xorshift; the C library's generator differs between versions. */
static uint32_t random_below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % n;
}

static uint32_t string(const char *s, size_t len)
{
	return trace_writer_string(out, s, len);
}

static uint32_t function(const char *name, const char *file, int32_t first_line)
{
	uint32_t name_id = string(name, strlen(name));

	return trace_writer_function(out, name_id, string(file, strlen(file)),
				     first_line);
}

static uint32_t frame(uint32_t caller, uint32_t func, int32_t line)
{
	const struct trace_location l = { func, line, line, 4, 12, -1 };

	return trace_writer_stack(out, caller, trace_writer_location(out, &l));
}

static void start_trace(uint64_t nthreads)
{
	static const char *const argv[] = { "python3", "app.py", "--fast", NULL };
	const struct trace_info header[] = {
		{ "recorder", "0.1.0", NULL, 0 }, { "host", "example", NULL, 0 },
		{ "interval_ns", NULL, NULL, INTERVAL_NS }, { "argv", NULL, argv, 0 },
	};
	const struct trace_info build[] = { { "build", "release", NULL, 0 } };
	const struct trace_process process = {
		.id = 1,
		.pid = 4242,
		.ppid = 1,
		.start_ns = START_NS / 2,
		.argv = argv,
		.exe = "/usr/bin/python3",
		.python = 0x030d01f0,
		.info = build,
		.ninfo = 1,
	};

	check(trace_writer_header(out, START_NS, 1700000000000000000, header, 4, &err));
	check(trace_writer_process(out, &process, &err));
	for (uint32_t i = 1; i <= nthreads; i++) {
		char name[32];
		int len = snprintf(name, sizeof(name),
				   i == 1 ? "MainThread" : "Worker-%u", i);
		const struct trace_thread t = {
			.id = i,
			.process = 1,
			.tid = 4241 + i,
			.python_id = 0x7f0000000000 + i,
			.name = name,
			.name_len = (size_t)len,
			.is_main = i == 1,
		};

		check(trace_writer_thread(out, &t, &err));
	}
}

static void end_trace(uint64_t ticks)
{
	check(trace_writer_end(out, START_NS + ticks * INTERVAL_NS, TRACE_END_TARGET,
			       "", NULL, 0, &err));
}

/* --- plain ---------------------------------------------------------------- */

static uint32_t functions[NFUNCTIONS];

static void define_functions(void)
{
	for (int i = 0; i < NFUNCTIONS; i++) {
		char name[48], file[48];

		snprintf(name, sizeof(name), "Class%d.method_%d", i % 17, i);
		snprintf(file, sizeof(file), "/srv/app/package/module_%d.py", i % 23);
		functions[i] = function(name, file, 10 + i * 3);
	}
}

/* A stack as a program has it: few different frames at the root, many above. */
static uint32_t random_stack(uint64_t depth)
{
	uint32_t stack = 0;

	for (uint64_t d = 0; d < depth; d++) {
		uint32_t wide = d + 3 > depth ? 6 : 1;
		uint32_t which = (uint32_t)(d * 7 + random_below(wide)) % NFUNCTIONS;
		int32_t line = d + 1 < depth ? 1
					     : 1 + (int32_t)random_below(LINES_EACH);

		stack = frame(stack, functions[which], 10 + (int32_t)which * 3 + line);
	}
	return stack;
}

static uint32_t random_runs(struct trace_run *runs, uint32_t nticks,
			    const struct settings *s)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < nticks; k++) {
		if (n && random_below((uint32_t)s->change) != 0) {
			runs[n - 1].len++;
			continue;
		}
		runs[n++] = (struct trace_run){
			.len = 1,
			.stack = random_stack(s->depth),
			.flags = random_below(4) ? TRACE_ON_CPU | TRACE_HOLDS_GIL
						 : TRACE_WAITS_GIL,
		};
	}
	return n;
}

static void write_plain(const struct settings *s)
{
	struct trace_group *groups = mem_alloc(s->threads, sizeof(*groups));
	struct trace_run *runs = mem_alloc(s->threads * BLOCK_TICKS, sizeof(*runs));
	int32_t late[BLOCK_TICKS];

	start_trace(s->threads);
	define_functions();
	for (uint64_t done = 0; done < s->ticks;) {
		uint64_t left = s->ticks - done;
		uint32_t n = left < BLOCK_TICKS ? (uint32_t)left : BLOCK_TICKS;

		for (uint32_t k = 0; k < n; k++)
			late[k] = (int32_t)random_below(60);
		for (uint32_t t = 0; t < s->threads; t++) {
			struct trace_run *mine = runs + t * BLOCK_TICKS;

			groups[t] = (struct trace_group){ t + 1, 0,
							  random_runs(mine, n, s),
							  mine };
		}
		const struct trace_block b = {
			.process = 1,
			.start_ns = START_NS + done * INTERVAL_NS,
			.interval_ns = INTERVAL_NS,
			.known = KNOWN,
			.nticks = n,
			.offset_us = late,
			.ngroups = (uint32_t)s->threads,
			.groups = groups,
		};

		check(trace_writer_block(out, &b, &err));
		done += n;
	}
	end_trace(s->ticks);
	free(groups);
	free(runs);
}

/* --- known ---------------------------------------------------------------- */

/*
 * Ten ticks 1 ms apart; one slot is skipped in front of tick 8.  Main: main ->
 * work for 4 ticks, the last collecting garbage; main -> fib -> fib for 3; no
 * stack for 1 (torn); main in native code off the CPU for 2.  Worker, from
 * tick 5 on: loop for 4 ticks, without the GIL and waiting for it in two, and
 * one that is inexact.
 */
static void write_known(void)
{
	static const int32_t late[10] = { 0, 0, 0, 20, 0, 0, 0, 0, 0, 0 };
	static const struct trace_skip skips[] = { { 8, 1 } };

	start_trace(2);

	uint32_t mainf = function("main", "/srv/app/app.py", 40);
	uint32_t fibf = function("fib", "/srv/app/app.py", 10);
	uint32_t in_main = frame(0, mainf, 42);
	uint32_t work = frame(in_main, function("Job.work", "/srv/app/job.py", 5), 7);
	uint32_t fib = frame(frame(frame(0, mainf, 43), fibf, 12), fibf, 11);
	uint32_t loop = frame(0, function("loop", "/srv/app/job.py", 20), 21);
	const uint32_t busy = TRACE_ON_CPU | TRACE_HOLDS_GIL;
	const struct trace_run first[] = {
		{ 3, work, busy }, { 1, work, busy | TRACE_GC }, { 3, fib, busy },
		{ 1, 0, TRACE_FAILED | TRACE_REASON_TORN << TRACE_REASON_SHIFT },
		{ 2, in_main, TRACE_NATIVE },
	};
	const struct trace_run second[] = {
		{ 2, loop, TRACE_ON_CPU | TRACE_WAITS_GIL },
		{ 1, loop, busy | TRACE_INEXACT },
		{ 1, loop, TRACE_ON_CPU << TRACE_UNKNOWN_SHIFT },
	};
	const struct trace_group groups[] = { { 1, 0, 5, first }, { 2, 5, 3, second } };
	const struct trace_block b = {
		.process = 1,
		.start_ns = START_NS,
		.interval_ns = 1000000,
		.known = KNOWN,
		.nticks = 10,
		.offset_us = late,
		.nskips = 1,
		.skips = skips,
		.ngroups = 2,
		.groups = groups,
	};
	const struct trace_info counters[] = {
		{ "cpu_ns", NULL, NULL, 1500000 }, { "reads", NULL, NULL, 21 },
		{ "bytes_read", NULL, NULL, 30000 },
	};

	const struct trace_cpu_time cpu_times[] = { { 1, 8500000 } };

	check(trace_writer_block(out, &b, &err));
	check(trace_writer_cpu(out, &(struct trace_cpu){ 1, START_NS + 11000000, 1, cpu_times },
			       &err));
	check(trace_writer_lost(out, 1, START_NS + 11000000, START_NS + 13000000, 2,
				TRACE_LOST_OUTPUT, &err));
	check(trace_writer_event(out, START_NS + 11000000, 1, TRACE_EVENT_EXIT, 0, "",
				 &err));
	check(trace_writer_stats(out, START_NS + 12000000, counters, 3, &err));
	end_trace(120);
}

/* --- hostile -------------------------------------------------------------- */

static const struct { const char *bytes; size_t len;
} hostile[] = {
#define NAME(s) { s, sizeof(s) - 1 }
	NAME("a;b"),
	NAME("a\nb 7"),
	NAME("ends in digits 12"),
	NAME("\x1b[31mred\x1b[0m"),
	NAME("nul\0inside"),
	NAME("bad \xff\xfe utf"),
	NAME("\xed\xa0\x80 surrogate"),
	NAME("\xe2\x80\xae"
	     "evil.py"),
	NAME("</script><script>alert(1)</script>"),
	NAME("\"quoted\" \\ `back`"),
	NAME("]]>"),
	NAME(""),
	NAME("   "),
	NAME("%s%n"),
	NAME("\xe2\x80\xa8line separator"),
	NAME("tab\tcarriage\rreturn"),
	NAME("\xf0\x9f\x90\x8d snake"),
	NAME("../../etc/passwd"),
#undef NAME
};

static void write_hostile(void)
{
	size_t n = sizeof(hostile) / sizeof(*hostile);
	static const int32_t late[1];
	uint32_t stack = 0;
	char *giant = mem_alloc(100001, 1);

	start_trace(1);
	for (size_t i = 0; i < n; i++) {
		uint32_t s = string(hostile[i].bytes, hostile[i].len);
		const struct trace_thread t = {
			.id = 1, .process = 1, .tid = 4242, .name = hostile[i].bytes,
			.name_len = hostile[i].len, .is_main = true,
		};
		struct trace_run run = { 1, 0, 0 };
		const struct trace_group group = { 1, 0, 1, &run };
		const struct trace_block b = {
			.process = 1, .start_ns = START_NS + i * INTERVAL_NS,
			.interval_ns = INTERVAL_NS, .nticks = 1, .offset_us = late,
			.ngroups = 1, .groups = &group,
		};

		stack = frame(stack, trace_writer_function(out, s, s, (int32_t)i), -1);
		run.stack = stack;
		check(trace_writer_thread(out, &t, &err));
		check(trace_writer_block(out, &b, &err));
	}
	memset(giant, 'g', 100000);
	function(giant, giant, 1);
	free(giant);
	end_trace(n);
}

static void write_quiet(void)
{
	start_trace(1);
	end_trace(0);
}

int main(int argc, char **argv)
{
	static const struct opt options[] = {
		{ "ticks", 0, "N", "ticks to write", 1, 0 },
		{ "depth", 0, "D", "frames in each stack", 2, 0 },
		{ "threads", 0, "T", "threads", 3, 0 },
		{ "change", 0, "N", "ticks that a stack lasts, on average", 4, 0 },
		{ "kind", 0, "KIND", "plain, known, hostile or quiet", 5, 0 },
		{ 0 },
	};
	struct settings s = { .ticks = 1000, .depth = 10, .threads = 1, .change = 4,
			      .kind = "plain" };
	uint64_t *const numbers[] = { NULL, &s.ticks, &s.depth, &s.threads, &s.change };
	struct opt_scan scan;
	int id;

	opt_init(&scan, options, argc - 1, argv + 1, OPT_PERMUTE, 0);
	while ((id = opt_next(&scan, &err)) > 0) {
		if (id == 5)
			s.kind = scan.value;
		else
			check(unit_parse_count(scan.value, 1 << 30, numbers[id], &err));
	}
	check(id);
	out = trace_writer_new(STDOUT_FILENO, 3, &err);
	if (!out)
		check(-1);
	if (strcmp(s.kind, "known") == 0)
		write_known();
	else if (strcmp(s.kind, "hostile") == 0)
		write_hostile();
	else if (strcmp(s.kind, "quiet") == 0)
		write_quiet();
	else
		write_plain(&s);
	trace_writer_free(out);
	return 0;
}
