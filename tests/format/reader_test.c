/* SPDX-License-Identifier: MIT */
/* reader_test - what the reader hands out, and what it does with hostile bytes. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zstd.h>

#include "base/mem.h"
#include "format/reader.h"
#include "tests/fixture.h"

static void check_header(const struct trace_header *h)
{
	struct trace_text t;

	assert_int_equal(h->mono_ns, 1000);
	assert_int_equal(trace_info_num(h->info, "interval_ns", 0), 1000000);
	assert_int_equal(trace_info_num(h->info, "absent", -3), -3);
	assert_true(trace_info_text(h->info, "host", &t));
	assert_memory_equal(t.bytes, "h", 1);
	assert_true(trace_info_item(h->info, "argv", 1, &t));
	assert_memory_equal(t.bytes, "a.py", 4);
	assert_false(trace_info_item(h->info, "argv", 2, &t));
}

static void check_samples(const struct trace_samples *s)
{
	const struct trace_group *g = s->block.groups;

	assert_int_equal(s->at_ns[0], 10000000);
	assert_int_equal(s->at_ns[1], 11005000);
	assert_int_equal(s->at_ns[2], 14999000);
	assert_int_equal(s->at_ns[3], 16700000);
	assert_int_equal(g->nruns, 3);
	assert_int_equal(g->runs[0].stack, 2);
	assert_int_equal(g->runs[2].flags & TRACE_FAILED, TRACE_FAILED);
}

static void check_logical(const struct trace_logical *l)
{
	const struct trace_task_group *g = l->groups;

	assert_int_equal(l->nticks, 4);
	assert_int_equal(l->lists[0].n, 2);
	assert_int_equal(l->lists[0].tasks[1], 2);
	assert_int_equal(g->task, 2);
	assert_int_equal(g->first, 1);
	assert_int_equal(g->nruns, 2);
	assert_int_equal(g->runs[0].stack, 2);
	assert_int_equal(g->runs[0].awaiters, 1);
	assert_int_equal(g->runs[1].flags, TRACE_TASK_RUNNING);
	assert_int_equal(g->runs[1].base, 1);
}

static void check_object(const struct trace_object *o)
{
	switch (o->type) {
	case TRACE_HEADER:
		check_header(&o->u.header);
		break;
	case TRACE_STRINGS:
		assert_int_equal(o->u.strings.n, 4);
		assert_memory_equal(o->u.strings.texts[1].bytes, "/x/\xff.py", 7);
		break;
	case TRACE_OPCODES:
		assert_int_equal(o->u.opcodes.n, 1);
		assert_int_equal(o->u.opcodes.items[0].name, 4);
		assert_int_equal(o->u.opcodes.items[0].base, 3);
		break;
	case TRACE_LOCATIONS:
		assert_int_equal(o->u.locations.items[0].opcode, -1);
		assert_int_equal(o->u.locations.items[1].opcode, 1);
		assert_int_equal(o->u.locations.items[1].col, -1);
		break;
	case TRACE_STACKS:
		assert_int_equal(o->u.stacks.items[0].parent, 0);
		assert_int_equal(o->u.stacks.items[1].parent, 1);
		break;
	case TRACE_SAMPLES:
		check_samples(&o->u.samples);
		break;
	case TRACE_TASKS:
		assert_int_equal(o->u.tasks.first, 1);
		assert_int_equal(o->u.tasks.n, 2);
		assert_int_equal(o->u.tasks.items[0].thread, 1);
		assert_int_equal(o->u.tasks.items[1].name, 2);
		break;
	case TRACE_LOGICAL:
		check_logical(&o->u.logical);
		break;
	case TRACE_EVENT:
		assert_int_equal(o->u.event.value, -1);
		break;
	default:
		break;
	}
}

static void reads_what_was_written(void **state)
{
	struct buf trace = fixture_trace();
	int fd = fixture_file(trace.data, trace.len);
	struct err err;
	struct trace_reader *r = trace_reader_new(fd, "t", &err);
	struct trace_object o;
	size_t seen = 0;

	(void)state;
	while (trace_reader_next(r, &o, &err) > 0) {
		seen |= (size_t)1 << o.type;
		check_object(&o);
	}
	/* All that the writer makes: no marks and no sources. */
	assert_int_equal(seen, 0x3f3ff);
	assert_int_equal(trace_reader_bytes(r), trace.len);
	trace_reader_free(r);
	close(fd);
	buf_release(&trace);
}

static void concatenation_resets_ids(void **state)
{
	struct buf trace = fixture_trace();
	size_t len = trace.len;
	char *copy = mem_copy(trace.data, len);
	struct fixture_result once = fixture_walk(trace.data, len, NULL);

	(void)state;
	buf_add(&trace, copy, len);

	struct fixture_result twice = fixture_walk(trace.data, trace.len, NULL);

	assert_int_equal(twice.rc, 0);
	assert_int_equal(twice.objects, 2 * once.objects);
	free(copy);
	buf_release(&trace);
}

static void every_cut_is_reported(void **state)
{
	struct buf trace = fixture_trace();

	(void)state;
	for (size_t len = 0; len < trace.len; len++) {
		struct fixture_result r = fixture_walk(trace.data, len, NULL);

		if (r.rc != (len < 4 ? -EINVAL : -ENODATA))
			fail_msg("%zu bytes: %d, %s", len, r.rc, r.err.text);
	}
	assert_int_equal(fixture_walk(trace.data, trace.len, NULL).rc, 0);
	buf_release(&trace);
}

static void objects_come_before_the_frame_ends(void **state)
{
	struct buf trace;
	int fds[2];
	struct err err;
	struct trace_object o;
	char *text = mem_alloc(1 << 20, 1);

	(void)state;
	raw_header();
	/* Incompressible bytes make zstd emit blocks long before the frame ends. */
	raw_array(3);
	raw_int(99);
	raw_int(0);
	for (size_t i = 0, x = 1; i < 1 << 20; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		text[i] = (char)(x >> 56);
	}
	raw_bytes("\xc6\x00\x10\x00\x00", 5);
	raw_bytes(text, 1 << 20);
	trace = fixture_compress(fixture_raw.data, fixture_raw.len);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	assert_true(fcntl(fds[1], F_SETPIPE_SZ, 1 << 20) > 0);

	struct trace_reader *r = trace_reader_new(fds[0], "pipe", &err);

	assert_int_equal(trace_reader_next(r, &o, &err), -EAGAIN);
	assert_int_equal(write(fds[1], trace.data, 300000), 300000);
	assert_int_equal(trace_reader_next(r, &o, &err), 1);
	assert_int_equal(o.type, TRACE_HEADER);
	assert_int_equal(trace_reader_next(r, &o, &err), -EAGAIN);
	close(fds[1]);
	assert_int_equal(trace_reader_next(r, &o, &err), -ENODATA);
	trace_reader_free(r);
	close(fds[0]);
	free(text);
	raw_reset();
	buf_release(&trace);
}

static void a_growing_file_goes_on(void **state)
{
	struct buf trace = fixture_trace();
	int fd = fixture_file(trace.data, trace.len);
	struct err err;
	struct trace_object o;
	struct trace_reader *r = trace_reader_new(fd, "t", &err);
	size_t n = 0;

	(void)state;
	while (trace_reader_next(r, &o, &err) > 0)
		n++;
	assert_int_equal(pwrite(fd, trace.data, trace.len, (off_t)trace.len),
			 trace.len);
	while (trace_reader_next(r, &o, &err) > 0)
		n++;
	assert_int_equal(n, 2 * fixture_walk(trace.data, trace.len, NULL).objects);
	trace_reader_free(r);
	close(fd);
	buf_release(&trace);
}

static void unknown_types_and_extra_fields_are_skipped(void **state)
{
	(void)state;
	raw_array(8);
	raw_int(TRACE_HEADER);
	raw_str(TRACE_MAGIC);
	raw_int(TRACE_MAJOR);
	raw_int(TRACE_MINOR + 7);
	raw_int(1);
	raw_int(2);
	raw_map(0);
	raw_str("of a later version");
	raw_array(2);
	raw_int(1000);
	raw_map(0);
	raw_array(4);
	raw_int(TRACE_MARK + 0);
	raw_int(5);
	raw_int(0);
	raw_str("mark");

	struct fixture_result r = fixture_walk_raw(fixture_raw.data, fixture_raw.len);

	assert_int_equal(r.rc, 0);
	assert_int_equal(r.objects, 2);
	raw_reset();
}

/* --- hostile ------------------------------------------------------------------ */

static void every_raw_cut_is_refused(void **state)
{
	struct buf trace = fixture_trace(), raw = fixture_decompress(&trace);
	size_t whole = 0;

	(void)state;
	for (size_t len = 1; len <= raw.len; len++) {
		struct fixture_result r = fixture_walk_raw(raw.data, len);

		assert_true(r.rc == 0 || r.rc == -EBADMSG);
		whole += r.rc == 0;
	}
	/* Exactly at the ends of objects the trace is a valid prefix. */
	assert_int_equal(whole, fixture_walk_raw(raw.data, raw.len).objects);
	buf_release(&trace);
	buf_release(&raw);
}

static void flipped_raw_bits_do_no_harm(void **state)
{
	struct buf trace = fixture_trace(), raw = fixture_decompress(&trace);

	(void)state;
	for (size_t bit = 0; bit < raw.len * 8; bit++) {
		raw.data[bit / 8] ^= (char)(1 << bit % 8);
		fixture_walk_raw(raw.data, raw.len);
		raw.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	buf_release(&trace);
	buf_release(&raw);
}

static void flipped_bits_are_noticed(void **state)
{
	struct buf trace = fixture_trace(), raw = fixture_decompress(&trace);

	(void)state;
	for (size_t bit = 0; bit < trace.len * 8; bit++) {
		trace.data[bit / 8] ^= (char)(1 << bit % 8);
		/* A few bits of a frame have no meaning; then nothing has changed. */
		if (fixture_walk(trace.data, trace.len, NULL).rc == 0) {
			struct buf same = fixture_decompress(&trace);

			assert_int_equal(same.len, raw.len);
			assert_memory_equal(same.data, raw.data, raw.len);
			buf_release(&same);
		}
		trace.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	buf_release(&trace);
	buf_release(&raw);
}

/* A header, then these bytes: refused, with the words in the message. */
static void assert_refused(const char *bytes, size_t len, const char *words)
{
	raw_reset();
	raw_header();
	raw_bytes(bytes, len);

	struct fixture_result r = fixture_walk_raw(fixture_raw.data, fixture_raw.len);

	assert_int_equal(r.rc, -EBADMSG);
	assert_int_equal(r.objects, 1);
	if (!strstr(r.err.text, words))
		fail_msg("\"%s\" is not in \"%s\"", words, r.err.text);
	raw_reset();
}

#define REFUSED(bytes, words) assert_refused(bytes, sizeof(bytes) - 1, words)

static void opcodes_are_defined(void **state)
{
	(void)state;
	/* A string, an opcode of it, a location with that opcode. */
	REFUSED("\x94\x10\x01\x91\x01\x91\x00", "string that is not defined");
	REFUSED("\x94\x10\x02\x90\x90", "out of order");
	REFUSED("\x98\x03\x01\x91\x00\x91\x01\x91\x01\x91\x01\x91\x01\x91\x01",
		"opcode that is not defined");
}

static void forged_counts_are_refused(void **state)
{
	(void)state;
	REFUSED("\xdd\xff\xff\xff\xff", "above the limit");
	REFUSED("\xdf\xff\xff\xff\xff", "above the limit");
	REFUSED("\x93\x01\x01\xdd\x00\xff\x00\x00", "end with its frame");
	REFUSED("\x93\x01\x01\xdd\x10\x00\x00\x00", "above the limit");
	REFUSED("\x92\x0c\xdb\xff\xff\xff\xff", "above the limit");
	REFUSED("\x92\x0c\xc6\xff\xff\xff\xff", "above the limit");
	REFUSED("\x92\x0c\xc9\xff\xff\xff\xff\x01", "above the limit");
	REFUSED("\x92\x0c\xc1", "does not define");
	REFUSED("\x07", "begins with its type");
	REFUSED("\x90", "begins with its type");
	REFUSED("\x91\xa1" "a", "begins with its type");
}

static void deep_nesting_is_refused(void **state)
{
	char deep[200];

	(void)state;
	memset(deep, '\x91', sizeof(deep));
	assert_refused(deep, sizeof(deep), "nested");
}

static void ids_out_of_range_are_refused(void **state)
{
	(void)state;
	REFUSED("\x93\x01\x02\x91\xa1"
		"a",
		"out of order"); /* first is 2 */
	REFUSED("\x93\x01\x01\x91\x05", "no string");
	REFUSED("\x95\x02\x01\x91\x01\x91\x00\x91\x07", "string that is not defined");
	REFUSED("\x97\x03\x01\x91\x01\x91\x01\x91\x01\x91\x01\x91\x01", "not defined");
	REFUSED("\x97\x03\x01\x91\x00\x91\x01\x91\x01\x92\x01\x01\x91\x01",
		"no position");
	REFUSED("\x94\x04\x01\x91\x00\x91\x00", "not defined"); /* distance 0 */
	REFUSED("\x94\x04\x01\x91\x02\x91\x00", "parent");	/* below 0 */
	REFUSED("\x94\x04\x01\x91\x01\x91\x01", "location that is not defined");
	REFUSED("\x98\x06\x01\x01\x01\x01\xa0\x00\x01", "process that is not defined");
	REFUSED("\x98\x07\x01\x00\x01\x00\x91\x00\x90\x90",
		"process that is not defined");
	REFUSED("\x99\x05\x02\x01\x01\x01\x90\xa0\x00\x80", "process is out of order");
	REFUSED("\x95\x11\x01\x09\x90\x90", "account of CPU time");
	REFUSED("\x99\x05\x01\x01\x01\x01\xdc\xff\xff", "end with its frame");
}

#define PROCESS "\x99\x05\x01\x01\x01\x01\x90\xa0\x00\x80"
#define THREAD "\x98\x06\x01\x01\x01\x01\xa0\x00\x01"

/* Bytes behind a process, a thread and others: refused with these words; NULL: taken. */
static void assert_behind(const char *others, size_t others_len, const char *bytes, size_t len,
			  const char *words)
{
	raw_header();
	raw_bytes(PROCESS THREAD, sizeof(PROCESS THREAD) - 1);
	raw_bytes(others, others_len);
	raw_bytes(bytes, len);

	struct fixture_result r = fixture_walk_raw(fixture_raw.data, fixture_raw.len);

	assert_int_equal(r.rc, words ? -EBADMSG : 0);
	if (words && !strstr(r.err.text, words))
		fail_msg("\"%s\" is not in \"%s\"", words, r.err.text);
	raw_reset();
}

#define BEHIND(others, bytes, words) \
	assert_behind(others, sizeof(others) - 1, bytes, sizeof(bytes) - 1, words)

/* One group of a block of two ticks. */
#define GROUP(bytes, words) BEHIND("\x98\x07\x01\x05\x01\x00\x92\x00\x00\x90\x91", bytes, words)

static void runs_stay_inside_their_block(void **state)
{
	(void)state;
	GROUP("\x95\x01\x00\x91\x02\x91\x00\x91\x00", NULL);
	GROUP("\x95\x01\x00\x91\x03\x91\x00\x91\x00", "");
	GROUP("\x95\x01\x01\x91\x02\x91\x00\x91\x00", "beyond the ticks");
	GROUP("\x95\x01\x00\x91\x00\x91\x00\x91\x00", "");
	GROUP("\x95\x02\x00\x91\x01\x91\x00\x91\x00", "thread that is not defined");
	GROUP("\x95\x01\x00\x91\x01\x91\x01\x91\x00", "stack that is not defined");
	GROUP("\x95\x01\x00\x92\x01\x01\x91\x00\x91\x00", "");
	GROUP("\x95\x00\x00\x91\x01\x91\x00\x91\x00", "has no thread");
	GROUP("\x95\x00\x00\x91\x01\x91\x00\x91\xcc\x80", NULL);
	GROUP("\x94\x01\x00\x91\x01\x91\x00", "");
}

static void cpu_times_belong_to_threads(void **state)
{
	(void)state;
	BEHIND("", "\x95\x11\x01\x09\x91\x01\x91\x05", NULL);
	BEHIND("", "\x95\x11\x01\x09\x91\x02\x91\x05", "");
	BEHIND("", "\x95\x11\x01\x09\x91\x01\x92\x05\x05", "");
	BEHIND("", "\x95\x11\x01\x09\x91\x01\x91\xff", "");
}

/* What task 1 did in two ticks. */
#define TASKS(bytes, words) BEHIND("\x95\x0e\x01\x01\x91\x01\x91\x00", bytes, words)
#define TWO_TICKS "\x95\x0f\x01\x02"
#define RUN(task, first, len, stack, flags, list) \
	"\x91\x98" task first "\x91" len "\x91" stack "\x91" flags "\x91\x00\x91\x00\x91" list

static void tasks_stay_inside_their_block(void **state)
{
	(void)state;
	TASKS(TWO_TICKS "\x90" RUN("\x01", "\x00", "\x02", "\x00", "\x00", "\x00"), NULL);
	TASKS(TWO_TICKS "\x91\x91\x01" RUN("\x01", "\x00", "\x02", "\x00", "\x00", "\x01"),
	      NULL);
	TASKS("\x95\x0f\x02\x02\x90\x90", "not complete");
	TASKS("\x95\x0f\x01\x00\x90\x90", "not complete");
	TASKS(TWO_TICKS "\x90" RUN("\x02", "\x00", "\x02", "\x00", "\x00", "\x00"), "not defined");
	TASKS(TWO_TICKS "\x90" RUN("\x01", "\x01", "\x02", "\x00", "\x00", "\x00"), "beyond");
	TASKS(TWO_TICKS "\x90" RUN("\x01", "\x00", "\x00", "\x00", "\x00", "\x00"), "not defined");
	TASKS(TWO_TICKS "\x90" RUN("\x01", "\x00", "\x02", "\x01", "\x00", "\x00"), "not defined");
	TASKS(TWO_TICKS "\x90" RUN("\x01", "\x00", "\x02", "\x00", "\x00", "\x01"), "not defined");
	TASKS(TWO_TICKS "\x91\x91\x02\x90", "awaited by one that is not defined");
	TASKS("\x95\x0e\x01\x03\x91\x01\x91\x00", "out of order");
	TASKS("\x95\x0e\x01\x02\x91\x02\x91\x00", "thread or a name");
	TASKS("\x95\x0e\x01\x02\x91\x01\x91\x01", "thread or a name");
	/* The block that follows has one tick more. */
	TASKS(TWO_TICKS "\x90\x90" "\x98\x07\x01\x05\x01\x00\x93\x00\x00\x00\x90\x90",
	      "other ticks");
}

static void times_cannot_overflow(void **state)
{
	(void)state;
	raw_header();
	raw_bytes("\x99\x05\x01\x01\x01\x01\x90\xa0\x00\x80", 10);
	raw_bytes("\x98\x07\x01\xcf\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x91\x00\x90"
		  "\x90",
		  18);

	struct fixture_result r = fixture_walk_raw(fixture_raw.data, fixture_raw.len);

	assert_int_equal(r.rc, -EBADMSG);
	assert_non_null(strstr(r.err.text, "times"));
	raw_reset();
}

static void a_bomb_stays_small(void **state)
{
	/* 64 MiB of an unknown object and zeros; the walk must end at the limit. */
	size_t len = 64 << 20;
	char *zeros = mem_alloc(len, 1);
	struct buf bomb;

	(void)state;
	raw_header();
	raw_array((16 << 20) - 100);
	raw_int(999);
	raw_bytes(zeros, len);
	bomb = fixture_compress(fixture_raw.data, fixture_raw.len);
	assert_true(bomb.len < 20000);

	struct fixture_result r = fixture_walk(bomb.data, bomb.len, NULL);

	assert_int_equal(r.rc, -EBADMSG);
	assert_int_equal(r.objects, 1);
	buf_release(&bomb);
	free(zeros);
	raw_reset();
}

static void a_large_window_is_refused(void **state)
{
	size_t len = 40 << 20;
	char *raw = mem_alloc(len, 1);
	struct buf out = { 0 };
	ZSTD_CCtx *zstd = ZSTD_createCCtx();

	(void)state;
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, TRACE_MAX_WINDOW_LOG + 1);
	out.len = ZSTD_compress2(zstd, buf_reserve(&out, len), len, raw, len);
	assert_int_equal(fixture_walk(out.data, out.len, NULL).rc, -EBADMSG);
	ZSTD_freeCCtx(zstd);
	buf_release(&out);
	free(raw);
}

static void long_strings_are_refused(void **state)
{
	size_t len = TRACE_MAX_STRING + 1;
	char *text = mem_alloc(len, 1);

	(void)state;
	raw_header();
	raw_bytes("\x93\x01\x01\x91\xdb\x00\x10\x00\x01", 9);
	raw_bytes(text, len);
	assert_int_equal(fixture_walk_raw(fixture_raw.data, fixture_raw.len).rc,
			 -EBADMSG);
	free(text);
	raw_reset();
}

static void deep_stacks_end_at_the_limit(void **state)
{
	(void)state;
	raw_header();
	raw_bytes("\x93\x01\x01\x91\xa1" "f", 6);
	raw_bytes("\x95\x02\x01\x91\x01\x91\x01\x91\x01", 9);
	raw_bytes("\x97\x03\x01\x91\x01\x91\x01\x91\x01\x91\x01\x91\x01", 13);
	for (uint32_t first = 1, n = 1 << 17; first <= TRACE_MAX_DEPTH; first += n) {
		raw_array(4);
		raw_int(TRACE_STACKS);
		raw_int(first);
		raw_array(n);
		for (uint32_t i = 0; i < n; i++)
			raw_int(1);
		raw_array(n);
		for (uint32_t i = 0; i < n; i++)
			raw_int(1);
	}
	assert_int_equal(fixture_walk_raw(fixture_raw.data, fixture_raw.len).rc, 0);
	raw_array(4);
	raw_int(TRACE_STACKS);
	raw_int(TRACE_MAX_DEPTH + 1);
	raw_bytes("\x91\x01\x91\x01", 4);
	assert_int_equal(fixture_walk_raw(fixture_raw.data, fixture_raw.len).rc,
			 -EBADMSG);
	raw_reset();
}

static void another_version_says_so(void **state)
{
	(void)state;
	raw_bytes("\x97\x00\xa7" "tachyon\x63\x00\x01\x02\x80", 15);

	struct fixture_result r = fixture_walk_raw(fixture_raw.data, fixture_raw.len);

	assert_int_equal(r.rc, -ENOTSUP);
	assert_non_null(strstr(r.err.text, "version 99"));
	raw_reset();
}

static void foreign_files_are_named(void **state)
{
	static const struct { const char *bytes, *words; size_t len; } files[] = {
#define FILE_OF(bytes, words) { bytes, words, sizeof(bytes) - 1 }
		FILE_OF("", "is empty"),
		FILE_OF("\x1f\x8b\x08", "gzip"),
		FILE_OF("{\"a\": 1, \"b\": [1, 2, 3]}", "JSON"),
		FILE_OF("PERFILE2........", "perf"),
		FILE_OF("\x7f" "ELF\x02\x01\x01", "a program"),
		FILE_OF("HCAT\x01\x00\x00\x00", "profiling.sampling"),
		FILE_OF("#!/usr/bin/python3\nprint()\n", "script"),
		FILE_OF("import sys\nprint(sys.argv)\n", "text"),
		FILE_OF("\x97\x00\xa7" "tachyon", "not compressed"),
		FILE_OF("\x28\xb5\x2f", "cut"),
		FILE_OF("\x01\x02\x03\x04", "not a tachyon trace"),
#undef FILE_OF
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct fixture_result r = fixture_walk(files[i].bytes, files[i].len,
						       NULL);

		assert_int_equal(r.rc, -EINVAL);
		if (!strstr(r.err.text, files[i].words))
			fail_msg("\"%s\" is not in \"%s\"", files[i].words, r.err.text);
	}
	raw_array(2);
	raw_int(1);
	raw_int(2);
	assert_int_equal(fixture_walk_raw(fixture_raw.data, fixture_raw.len).rc,
			 -EINVAL);
	raw_reset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_was_written),
		cmocka_unit_test(concatenation_resets_ids),
		cmocka_unit_test(every_cut_is_reported),
		cmocka_unit_test(objects_come_before_the_frame_ends),
		cmocka_unit_test(a_growing_file_goes_on),
		cmocka_unit_test(unknown_types_and_extra_fields_are_skipped),
		cmocka_unit_test(every_raw_cut_is_refused),
		cmocka_unit_test(flipped_raw_bits_do_no_harm),
		cmocka_unit_test(flipped_bits_are_noticed),
		cmocka_unit_test(opcodes_are_defined),
		cmocka_unit_test(forged_counts_are_refused),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(ids_out_of_range_are_refused),
		cmocka_unit_test(runs_stay_inside_their_block),
		cmocka_unit_test(cpu_times_belong_to_threads),
		cmocka_unit_test(tasks_stay_inside_their_block),
		cmocka_unit_test(times_cannot_overflow),
		cmocka_unit_test(a_bomb_stays_small),
		cmocka_unit_test(a_large_window_is_refused),
		cmocka_unit_test(long_strings_are_refused),
		cmocka_unit_test(deep_stacks_end_at_the_limit),
		cmocka_unit_test(another_version_says_so),
		cmocka_unit_test(foreign_files_are_named),
	};

	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
