/* SPDX-License-Identifier: MIT */
#include "tachyon-record/output.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "format/writer.h"
#include "tachyon-record/definitions.h"
#include "tachyon-record/records.h"
#include "tachyon-record/runs.h"
#include "tachyon-record/target.h"
#include "tachyon-record/asyncio/task_runs.h"
#include "tachyon-record/thread_names.h"

enum {
	/* How long the ring may wait while there is nothing to do. */
	POLL_NS = 10000000,
	/* A frame is given to the kernel at least so often: what SIGKILL costs. */
	FRAME_NS = 1000000000,
	/* zstd level: higher ones save little on such data and cost a core. */
	LEVEL = 3,
	/*
	 * Tables beyond this call for a new segment, so that memory stays flat; or
	 * beyond twice what a segment's first frame took, if that is more.
	 */
	MAX_TABLES = 24 << 20,
	MAX_THREAD_IDS = 1 << 15,
	MAX_TASK_IDS = 1 << 19,
	MAX_TASK_RUNS = 1 << 17,        /* in one block */
	/* A name that cannot be found is asked for so often, once a frame. */
	NAME_TRIES = 10,
	/* Looking for names may take one part of the time in so many. */
	NAMES_SHARE = 10,
};

/* A thread as the sampler numbered it. */
struct output_thread {
	struct record_thread record;
	uint32_t id;                    /* in this segment, 0: not defined yet */
	uint32_t process;               /* index of the target it belongs to */
	unsigned name_tries;
	size_t name_len;
	char *name;                     /* NULL: not known */
	bool gone;
};

struct output {
	struct ring *ring;
	struct output_options options;
	struct trace_writer *writer;
	pthread_t thread;
	struct err err;
	int failed;                     /* -errno of the first failure */
	atomic_bool has_failed, wants_segment;
	bool asked;                     /* for a segment that has not begun yet */

	struct target *target;          /* the present one */
	uint32_t targets;               /* so far: the index of the present one */
	uint32_t process;               /* its id in this segment */
	bool ended;
	struct definitions definitions;
	struct runs runs;
	struct task_runs tasks;
	struct buf task_changes;        /* words of struct record_tasks, for the next tick */
	uint32_t ntask_changes;
	struct output_thread *threads;  /* by the sampler's number */
	size_t nthreads, thread_room;
	uint32_t thread_ids;            /* given in this segment */
	struct thread_names names;
	size_t first_tables;            /* bytes after this segment's first frame; 0 before */
	bool unnamed;                   /* threads have come that have no name yet */
	uint64_t names_after_ns;        /* not to be asked for before */
	uint64_t frame_began_ns;
	uint64_t ticks, lost;
};

static void check(struct output *o, int ret)
{
	if (ret >= 0 || o->failed)
		return;
	o->failed = ret;
	atomic_store(&o->has_failed, true);
}

/* Asks the sampler once for a new segment, until it comes. */
static void want_segment(struct output *o)
{
	if (!o->asked)
		atomic_store(&o->wants_segment, true);
	o->asked = true;
}

/* continued: the same recording goes on with new ids. */
static void write_header(struct output *o, bool continued)
{
	struct utsname host = { 0 };
	char os[sizeof(host.sysname) + sizeof(host.release) + sizeof(host.machine)];

	uname(&host);
	snprintf(os, sizeof(os), "%s %s %s", host.sysname, host.release, host.machine);
	const struct trace_info info[] = {
		{ .key = "recorder", .str = "tachyon-record " TACHYON_VERSION },
		{ .key = "argv", .list = o->options.argv },
		{ .key = "host", .str = host.nodename },
		{ .key = "os", .str = os },
		{ .key = "clock", .str = "CLOCK_MONOTONIC" },
		{ .key = "interval_ns", .num = (int64_t)o->options.interval_ns },
		{ .key = "duration_ns", .num = (int64_t)o->options.duration_ns },
		{ .key = "all_threads", .num = o->options.all_threads },
		{ .key = "mode", .str = o->options.mode },
		{ .key = "no_gc", .num = o->options.no_gc },
		{ .key = "native", .num = o->options.native },
		{ .key = "opcodes", .num = o->options.opcodes },
		{ .key = "target", .str = o->options.blocking ? "stopped" : "running" },
		{ .key = "memory", .str = remote_method(&o->target->remote) },
		{ .key = "continued", .num = continued },
		{ .key = "async", .str = o->options.async },
	};
	/* The last one is there only if it says something. */
	const size_t ninfo = sizeof(info) / sizeof(info[0]) - !o->options.async;

	check(o, trace_writer_header(o->writer, clock_now(),
				     clock_ns(CLOCK_REALTIME), info, ninfo, &o->err));
}

static void write_process(struct output *o)
{
	static const char *const none[] = { NULL };
	const struct target *t = o->target;
	const char *build = layout_build_name(t->layout.build);
	const struct trace_info info[] = {
		{ .key = "found", .str = t->found },
		{ .key = "own_pid", .num = t->own_pid },
		{ .key = "free_threaded", .num = t->layout.free_threaded },
		/* The last one, as it is not always known. */
		{ .key = "build", .str = build },
	};
	const struct trace_process p = {
		.id = o->process,
		.pid = (uint32_t)t->pid,
		.ppid = (uint32_t)t->ppid,
		.start_ns = t->start_ns,
		.argv = t->argv ? (const char *const *)t->argv : none,
		.exe = t->exe,
		.python = t->python,
		.info = info,
		.ninfo = sizeof(info) / sizeof(info[0]) - !*build,
	};

	check(o, trace_writer_process(o->writer, &p, &o->err));
}

static void write_thread(struct output *o, const struct output_thread *t)
{
	const struct trace_thread thread = {
		.id = t->id,
		.process = o->process,
		.tid = t->record.tid,
		.python_id = t->record.ident,
		.name = t->name ? t->name : "",
		.name_len = t->name_len,
		.interpreter = t->record.interpreter,
		.is_main = t->record.is_main,
	};

	check(o, trace_writer_thread(o->writer, &thread, &o->err));
}

static bool wants_name(const struct output *o, const struct output_thread *t)
{
	return t->id && !t->name && !t->gone && t->process == o->targets &&
	       t->name_tries < NAME_TRIES;
}

static void learn_name(struct output *o, struct output_thread *t)
{
	char name[THREAD_NAME_MAX];
	ptrdiff_t len;

	t->name_tries++;
	len = thread_names_get(&o->names, o->target, t->record.ident, t->record.tid, name);
	if (len < 0)
		return;
	t->name = mem_copy(name, (size_t)len);
	t->name_len = (size_t)len;
	write_thread(o, t);
}

/* Looks the names up that are missing, interpreter by interpreter. */
static void learn_names(struct output *o)
{
	const uint64_t began = clock_now();
	raddr interp = 0;

	for (size_t i = 1; i < o->nthreads; i++) {
		struct output_thread *t = &o->threads[i];

		if (!wants_name(o, t))
			continue;
		if (t->record.interp_state != interp) {
			interp = t->record.interp_state;
			thread_names_load(&o->names, o->target, interp);
		}
		learn_name(o, t);
	}
	o->unnamed = false;
	/* Many threads make it expensive: it may take a part of the time only. */
	o->names_after_ns = clock_now() + (clock_now() - began) * NAMES_SHARE;
}

/* The trace's id of the sampler's thread, which is defined when first used. */
static uint32_t thread_id(struct output *o, uint32_t number)
{
	struct output_thread *t;

	if (!number || number >= o->nthreads)
		return 0;
	t = &o->threads[number];
	if (!t->id) {
		t->id = ++o->thread_ids;
		o->unnamed = true;
		write_thread(o, t);
	}
	return t->id;
}

static void write_block(struct output *o)
{
	struct trace_block block = {
		.process = o->process,
		.interval_ns = o->options.interval_ns,
		.known = o->options.known,
	};

	struct trace_logical tasks = { .process = o->process };

	if (!o->runs.nticks)
		return;
	if (task_runs_finish(&o->tasks, (uint32_t)o->runs.nticks, &tasks))
		check(o, trace_writer_logical(o->writer, &tasks, &o->err));
	task_runs_restart(&o->tasks);
	runs_finish(&o->runs, &block);
	check(o, trace_writer_block(o->writer, &block, &o->err));
	runs_restart(&o->runs);
}

static void write_stats(struct output *o, uint64_t at_ns)
{
	const struct remote *r = &o->target->remote;
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	const struct trace_info info[] = {
		{ .key = "cpu_ns", .num = (int64_t)clock_ns(CLOCK_PROCESS_CPUTIME_ID) },
		{ .key = "memory_bytes", .num = (int64_t)usage.ru_maxrss * 1024 },
		{ .key = "reads", .num = (int64_t)atomic_load(&r->calls) },
		{ .key = "bytes_read", .num = (int64_t)atomic_load(&r->bytes) },
		{ .key = "ticks", .num = (int64_t)o->ticks },
		{ .key = "lost", .num = (int64_t)o->lost },
	};

	check(o, trace_writer_stats(o->writer, at_ns, info, sizeof(info) / sizeof(info[0]),
				    &o->err));
}

/* Ends the frame: what was seen so far survives whatever comes. */
static void end_frame(struct output *o, uint64_t at_ns)
{
	size_t tables;

	learn_names(o);
	write_block(o);
	write_stats(o, at_ns);
	check(o, trace_writer_flush(o->writer, &o->err));
	tables = trace_writer_memory(o->writer) + definitions_memory(&o->definitions);
	if ((tables > MAX_TABLES && o->first_tables && tables / 2 > o->first_tables) ||
	    o->thread_ids > MAX_THREAD_IDS || o->tasks.ids > MAX_TASK_IDS)
		want_segment(o);
	if (!o->first_tables)
		o->first_tables = tables;
	o->frame_began_ns = at_ns;
}

static void on_segment(struct output *o)
{
	write_block(o);
	write_header(o, true);
	definitions_clear(&o->definitions);
	runs_forget(&o->runs);
	task_runs_forget(&o->tasks);
	o->process = 1;
	o->thread_ids = 0;
	o->first_tables = 0;
	write_process(o);
	for (size_t i = 1; i < o->nthreads; i++)
		o->threads[i].id = 0;
	o->asked = false;
}

static void on_target(struct output *o, const struct record_target *record)
{
	bool first = !o->target;

	if (!first) {
		write_block(o);
		runs_forget(&o->runs);
		task_runs_release(&o->tasks);
		task_runs_init(&o->tasks);
		o->task_changes.len = 0;
		o->ntask_changes = 0;
		definitions_clear(&o->definitions);
	}
	o->target = record->target;
	o->definitions.opcodes = opcodes_of(o->target->layout.version);
	thread_names_release(&o->names);
	o->targets++;
	if (first) {
		write_header(o, false);
		o->frame_began_ns = record->at_ns;
	}
	o->process++;
	write_process(o);
	o->runs.began = false;
	check(o, trace_writer_event(o->writer, record->at_ns, o->process,
				    record->is_exec ? TRACE_EVENT_EXEC : TRACE_EVENT_ATTACH, 0, "",
				    &o->err));
	/* Whoever reads along sees at once what is recorded. */
	check(o, trace_writer_flush(o->writer, &o->err));
}

static void on_thread(struct output *o, const struct record_thread *record)
{
	const uint32_t number = record->number;

	if (number >= o->nthreads) {
		o->threads = mem_grow(o->threads, &o->thread_room, number + 1,
				      sizeof(*o->threads));
		memset(o->threads + o->nthreads, 0,
		       (number + 1 - o->nthreads) * sizeof(*o->threads));
		o->nthreads = number + 1;
	}
	free(o->threads[number].name);
	o->threads[number] = (struct output_thread){
		.record = *record, .process = o->targets };
}

/* The trace's id of the sampler's task, which is defined when first used. */
static void define_task(struct output *o, uint32_t number)
{
	struct task_runs_task *t = &o->tasks.tasks[number];
	struct trace_task task = { .thread = thread_id(o, t->thread) };
	const struct trace_tasks batch = {
		.process = o->process, .first = o->tasks.ids + 1, .n = 1, .items = &task };

	if (t->id)
		return;
	task.name = trace_writer_string(o->writer, t->name, t->name_len);
	t->id = ++o->tasks.ids;
	check(o, trace_writer_tasks(o->writer, &batch, &o->err));
}

static void apply_task_change(struct output *o, const struct record_task_change *c)
{
	const uint32_t tick = (uint32_t)o->runs.nticks - 1;

	if (c->node == RECORD_ABSENT) {
		task_runs_remove(&o->tasks, c->task, tick);
		return;
	}
	define_task(o, c->task);
	for (uint32_t i = 0; i < c->nawaiters; i++)
		define_task(o, c->awaiters[i]);
	task_runs_set(&o->tasks, c, definitions_stack(&o->definitions, c->node), tick);
}

/* The changes came in front of the tick. */
static void apply_task_changes(struct output *o)
{
	const uint32_t *words = (const uint32_t *)(const void *)o->task_changes.data;
	const size_t head = sizeof(struct record_task_change) / sizeof(uint32_t);

	for (uint32_t i = 0; i < o->ntask_changes; i++) {
		const struct record_task_change *c = (const void *)words;

		apply_task_change(o, c);
		words += head + c->nawaiters;
	}
	o->task_changes.len = 0;
	o->ntask_changes = 0;
}

static void on_tasks(struct output *o, const struct record_tasks *record)
{
	buf_add(&o->task_changes, record->words, record->nwords * sizeof(*record->words));
	o->ntask_changes += record->n;
}

static void on_tick(struct output *o, const struct record_tick *tick)
{
	runs_tick(&o->runs, tick->at_ns, tick->slot_ns, tick->slot);
	o->ticks++;
	if (tick->complete) {
		runs_remove_all(&o->runs);
		task_runs_remove_all(&o->tasks, (uint32_t)o->runs.nticks - 1);
	}
	for (uint32_t i = 0; i < tick->nchanges; i++) {
		const struct record_change *c = &tick->changes[i];
		uint32_t id = thread_id(o, c->thread);

		if (c->node != RECORD_ABSENT) {
			runs_set(&o->runs, id, definitions_stack(&o->definitions, c->node),
				 c->flags);
			continue;
		}
		runs_remove(&o->runs, id);
		if (c->thread)
			o->threads[c->thread].gone = true;
	}
	apply_task_changes(o);
	if (runs_is_full(&o->runs) || o->tasks.total_runs > MAX_TASK_RUNS)
		write_block(o);
	/* Signed: a frame may have begun after the tick was taken. */
	if ((int64_t)(tick->at_ns - o->frame_began_ns) >= FRAME_NS)
		end_frame(o, tick->at_ns);
}

/* Samples that the times are about come first, in a block that ends here. */
static void on_cpu(struct output *o, const struct record_cpu *record)
{
	struct trace_cpu_time *items = mem_alloc(record->n + 1, sizeof(*items));
	struct trace_cpu cpu = { .process = o->process, .at_ns = record->at_ns,
				 .items = items };

	write_block(o);
	for (uint32_t i = 0; i < record->n; i++) {
		uint32_t id = thread_id(o, record->times[i].thread);

		if (id)
			items[cpu.n++] = (struct trace_cpu_time){ id, record->times[i].ns };
	}
	if (cpu.n)
		check(o, trace_writer_cpu(o->writer, &cpu, &o->err));
	free(items);
}

static void on_lost(struct output *o, const struct record_lost *lost)
{
	o->lost += lost->ticks;
	write_block(o);
	check(o, trace_writer_lost(o->writer, o->process, lost->from_ns, lost->to_ns,
				   lost->ticks, TRACE_LOST_OUTPUT, &o->err));
}

static void on_end(struct output *o, const struct record_end *end)
{
	const struct trace_info totals[] = {
		{ .key = "ticks", .num = (int64_t)o->ticks },
		{ .key = "lost", .num = (int64_t)o->lost },
	};

	o->ended = true;
	if (o->target)
		end_frame(o, end->at_ns);
	if (o->target && end->reason == TRACE_END_TARGET)
		check(o, trace_writer_event(o->writer, end->at_ns, o->process,
					    TRACE_EVENT_EXIT, end->status, "", &o->err));
	if (o->target)
		check(o, trace_writer_end(o->writer, end->at_ns,
					  (enum trace_end_reason)end->reason, "", totals,
					  sizeof(totals) / sizeof(totals[0]), &o->err));
	check(o, trace_writer_flush(o->writer, &o->err));
}

static void take(struct output *o, const struct ring_record *r)
{
	switch ((enum record_type)r->type) {
	case RECORD_TARGET:
		on_target(o, (const struct record_target *)r->data);
		break;
	case RECORD_SEGMENT:
		on_segment(o);
		break;
	case RECORD_CODE:
		if (definitions_code(&o->definitions, (const struct record_code *)r->data))
			want_segment(o);
		break;
	case RECORD_NODE:
		if (definitions_node(&o->definitions, (const struct record_node *)r->data))
			want_segment(o);
		break;
	case RECORD_THREAD:
		on_thread(o, (const struct record_thread *)r->data);
		break;
	case RECORD_TASK:
		task_runs_define(&o->tasks, (const struct record_task *)r->data);
		break;
	case RECORD_TASKS:
		on_tasks(o, (const struct record_tasks *)r->data);
		break;
	case RECORD_TICK:
		on_tick(o, (const struct record_tick *)r->data);
		break;
	case RECORD_CPU:
		on_cpu(o, (const struct record_cpu *)r->data);
		break;
	case RECORD_LOST:
		on_lost(o, (const struct record_lost *)r->data);
		break;
	case RECORD_END:
		on_end(o, (const struct record_end *)r->data);
		break;
	}
}

static void *run(void *arg)
{
	const struct timespec nap = { 0, POLL_NS };
	struct output *o = arg;

	prctl(PR_SET_NAME, "writer");
	while (!o->ended) {
		const struct ring_record *r = ring_peek(o->ring);

		if (!r) {
			/* A slow rate must not keep a frame open for long. */
			uint64_t now = clock_now();

			if (o->target && o->runs.nticks && now - o->frame_began_ns >= FRAME_NS)
				end_frame(o, now);
			if (o->target && o->unnamed && now >= o->names_after_ns)
				learn_names(o);
			nanosleep(&nap, NULL);
			continue;
		}
		if (!o->failed || r->type == RECORD_END)
			take(o, r);
		ring_release(o->ring, r);
	}
	return NULL;
}

struct output *output_start(struct ring *ring, const struct output_options *options,
			    struct err *err)
{
	struct output *o = mem_alloc(1, sizeof(*o));
	int ret;

	o->ring = ring;
	o->options = *options;
	o->runs.interval_ns = options->interval_ns;
	o->writer = trace_writer_new(options->fd, LEVEL, err);
	if (!o->writer) {
		free(o);
		return NULL;
	}
	definitions_init(&o->definitions, o->writer);
	task_runs_init(&o->tasks);
	ret = pthread_create(&o->thread, NULL, run, o);
	if (ret) {
		err_set(err, ret, "the writer thread: %s", strerror(ret));
		trace_writer_free(o->writer);
		definitions_release(&o->definitions);
		free(o);
		return NULL;
	}
	return o;
}

bool output_failed(const struct output *o)
{
	return atomic_load(&o->has_failed);
}

bool output_wants_segment(struct output *o)
{
	return atomic_exchange(&o->wants_segment, false);
}

int output_finish(struct output *o, uint64_t *total, struct err *err)
{
	int ret;

	pthread_join(o->thread, NULL);
	*total = trace_writer_bytes(o->writer);
	ret = o->failed;
	if (ret)
		*err = o->err;
	for (size_t i = 0; i < o->nthreads; i++)
		free(o->threads[i].name);
	free(o->threads);
	thread_names_release(&o->names);
	runs_release(&o->runs);
	task_runs_release(&o->tasks);
	buf_release(&o->task_changes);
	definitions_release(&o->definitions);
	trace_writer_free(o->writer);
	free(o);
	return ret;
}
