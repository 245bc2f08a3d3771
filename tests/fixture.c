/* SPDX-License-Identifier: MIT */
/* fixture.c - traces in memory for the unit tests. */
#include "tests/fixture.h"

#include <msgpack.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include "format/reader.h"
#include "format/writer.h"
#include "profile/profile.h"
#include "profile/totals.h"

int fixture_file(const void *bytes, size_t len)
{
	int fd = memfd_create("trace", MFD_CLOEXEC);

	if (fd < 0 || (len && write(fd, bytes, len) != (ssize_t)len))
		abort();
	lseek(fd, 0, SEEK_SET);
	return fd;
}

struct buf fixture_read(int fd)
{
	struct buf b = { 0 };
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, buf_reserve(&b, 65536), 65536)) > 0)
		b.len += (size_t)n;
	close(fd);
	return b;
}

struct buf fixture_compress(const void *raw, size_t len)
{
	struct buf b = { 0 };
	size_t bound = ZSTD_compressBound(len);
	ZSTD_CCtx *zstd = ZSTD_createCCtx();

	ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, 20);
	b.len = ZSTD_compress2(zstd, buf_reserve(&b, bound), bound, raw, len);
	ZSTD_freeCCtx(zstd);
	return b;
}

struct buf fixture_decompress(const struct buf *trace)
{
	struct buf b = { 0 };
	ZSTD_DCtx *zstd = ZSTD_createDCtx();
	ZSTD_inBuffer in = { trace->data, trace->len, 0 };

	while (in.pos < in.size) {
		ZSTD_outBuffer out = { buf_reserve(&b, 65536), 65536, 0 };

		if (ZSTD_isError(ZSTD_decompressStream(zstd, &out, &in)))
			abort();
		b.len += out.pos;
	}
	ZSTD_freeDCtx(zstd);
	return b;
}

struct fixture_result fixture_walk(const void *trace, size_t len, struct profile *p)
{
	struct fixture_result r = { 0 };
	int fd = fixture_file(trace, len);
	struct trace_reader *reader = trace_reader_new(fd, "test", &r.err);
	struct trace_object o;

	while ((r.rc = trace_reader_next(reader, &o, &r.err)) > 0) {
		r.objects++;
		r.counts[o.type]++;
		if (p && profile_add(p, &o, &r.err) < 0)
			break;
	}
	trace_reader_free(reader);
	close(fd);
	return r;
}

/* Goes all the way to the totals, so that a sanitizer sees every index used. */
struct fixture_result fixture_walk_raw(const void *raw, size_t len)
{
	struct buf trace = fixture_compress(raw, len);
	struct filter everything;
	struct profile p;
	struct totals t;

	filter_init(&everything);
	everything.native = NATIVE_SHOWN;
	profile_init(&p, &everything);

	struct fixture_result r = fixture_walk(trace.data, trace.len, &p);

	profile_finish(&p);
	totals_init(&t, &p);
	totals_release(&t);
	profile_release(&p);
	buf_release(&trace);
	return r;
}

static void must(int rc, const struct err *err)
{
	if (rc < 0) {
		fprintf(stderr, "fixture: %s\n", err->text);
		abort();
	}
}

struct trace_writer *fixture_writer(int fd)
{
	static const char *const argv[] = { "python3", "a.py", NULL };
	const struct trace_info facts[] = {
		{ "host", "h", NULL, 0 }, { "interval_ns", NULL, NULL, 1000000 },
		{ "argv", NULL, argv, 0 },
	};
	const struct trace_process process = {
		.id = 1,
		.pid = 42,
		.ppid = 1,
		.start_ns = 5,
		.argv = argv,
		.exe = "/bin/py",
		.python = 0x030d01f0,
	};
	const struct trace_thread thread = {
		.id = 1, .process = 1, .tid = 42, .python_id = 77, .name = "MainThread",
		.name_len = 10, .is_main = true,
	};
	struct err err;
	struct trace_writer *w = trace_writer_new(fd, 3, &err);

	if (!w)
		abort();
	must(trace_writer_header(w, 1000, 2000, facts, 3, &err), &err);
	must(trace_writer_process(w, &process, &err), &err);
	must(trace_writer_thread(w, &thread, &err), &err);
	return w;
}

struct buf fixture_trace(void)
{
	static const int32_t late[4] = { 0, 5, -1, 700 };
	static const struct trace_skip skips[] = { { 2, 3 } };
	int fd = fixture_file(NULL, 0);
	struct trace_writer *w = fixture_writer(fd);
	struct err err;
	uint32_t name = trace_writer_string(w, "f\xc3\xbc", 3);
	uint32_t file = trace_writer_string(w, "/x/\xff.py", 7);
	uint32_t f = trace_writer_function(w, name, file, 7);
	uint32_t call = trace_writer_opcode(w, trace_writer_string(w, "CALL_LEN", 8),
					    trace_writer_string(w, "CALL", 4));
	uint32_t a = trace_writer_stack(w, 0, trace_writer_location(
		w, &(struct trace_location){ f, 8, 9, 0, 4, -1 }));
	uint32_t b = trace_writer_stack(w, a, trace_writer_location(
		w, &(struct trace_location){ f, 10, 10, -1, -1, (int32_t)call }));
	const struct trace_run runs[] = {
		{ 2, b, TRACE_ON_CPU | TRACE_GC }, { 1, a, TRACE_NATIVE },
		{ 1, 0, TRACE_FAILED | TRACE_REASON_TORN << TRACE_REASON_SHIFT },
	};
	const struct trace_group groups[] = { { 1, 0, 3, runs } };
	const struct trace_block block = {
		.process = 1,
		.start_ns = 10000000,
		.interval_ns = 1000000,
		.known = 0x3f,
		.nticks = 4,
		.offset_us = late,
		.nskips = 1,
		.skips = skips,
		.ngroups = 1,
		.groups = groups,
	};
	const struct trace_info counters[] = { { "reads", NULL, NULL, 4 } };

	const struct trace_task tasks[] = { { 1, name }, { 0, file } };
	const struct trace_tasks batch = { 1, 1, 2, tasks };
	static const uint32_t members[] = { 1, 2 };
	const struct trace_awaiters lists[] = { { 2, members } };
	const struct trace_task_run task_runs[] = {
		{ .len = 1, .stack = b, .awaiters = 1 },
		{ .len = 2, .flags = TRACE_TASK_RUNNING, .base = 1, .chain = 1 },
	};
	const struct trace_task_group task_groups[] = { { 2, 1, 2, task_runs } };
	const struct trace_logical logical = {
		.process = 1, .nticks = 4, .nlists = 1, .lists = lists, .ngroups = 1,
		.groups = task_groups,
	};

	must(trace_writer_tasks(w, &batch, &err), &err);
	must(trace_writer_logical(w, &logical, &err), &err);
	must(trace_writer_block(w, &block, &err), &err);
	const struct trace_cpu_time cpu_times[] = { { 1, UINT64_C(5000000000) } };

	must(trace_writer_cpu(w, &(struct trace_cpu){ 1, 9, 1, cpu_times }, &err), &err);
	must(trace_writer_lost(w, 1, 1, 2, 3, TRACE_LOST_OUTPUT, &err), &err);
	must(trace_writer_event(w, 9, 1, TRACE_EVENT_EXIT, -1, "gone", &err), &err);
	must(trace_writer_stats(w, 9, counters, 1, &err), &err);
	must(trace_writer_end(w, 10, TRACE_END_TARGET, "", counters, 1, &err), &err);
	trace_writer_free(w);
	return fixture_read(fd);
}

/* --- raw msgpack ------------------------------------------------------------ */

struct buf fixture_raw;

static int append(void *buf, const char *bytes, size_t len)
{
	buf_add(buf, bytes, len);
	return 0;
}

static msgpack_packer packer = { &fixture_raw, append };

void raw_array(size_t n)
{
	msgpack_pack_array(&packer, n);
}

void raw_map(size_t n)
{
	msgpack_pack_map(&packer, n);
}

void raw_int(int64_t n)
{
	msgpack_pack_int64(&packer, n);
}

void raw_str(const char *s)
{
	msgpack_pack_str_with_body(&packer, s, strlen(s));
}

void raw_bytes(const char *bytes, size_t len)
{
	buf_add(&fixture_raw, bytes, len);
}

void raw_header(void)
{
	raw_array(7);
	raw_int(TRACE_HEADER);
	raw_str(TRACE_MAGIC);
	raw_int(TRACE_MAJOR);
	raw_int(TRACE_MINOR);
	raw_int(1000);
	raw_int(2000);
	raw_map(0);
}

void raw_reset(void)
{
	buf_release(&fixture_raw);
}
