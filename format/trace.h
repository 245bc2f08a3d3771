/* SPDX-License-Identifier: MIT */
/*
 * trace.h - the plain data of a trace: what the writer takes, and what the
 * reader gives.
 *
 * All pointers are borrowed.  All times are nanoseconds of CLOCK_MONOTONIC on
 * the machine that recorded.  tachyon-trace(5) tells what each field means.
 */
#ifndef FORMAT_TRACE_H
#define FORMAT_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/wire.h"

/* One key of an info map: exactly one of str, list and the number is used. */
struct trace_info {
	const char *key;
	const char *str;                /* NULL: not a string */
	const char *const *list;        /* NULL-terminated strings; NULL: no list */
	int64_t num;                    /* when str and list are NULL */
};

/* A source location; -1 in a position means not known. */
struct trace_location {
	uint32_t function;
	int32_t line, end_line;         /* from 1 */
	int32_t col, end_col;           /* bytes of UTF-8, from 0 */
	int32_t opcode;                 /* id of the segment, -1: not recorded */
};

/* A run of one thread: len ticks in a row with the same stack and flags. */
struct trace_run {
	uint32_t len;                   /* ticks, at least 1 */
	uint32_t stack;                 /* 0: no Python frame, or failed */
	uint32_t flags;                 /* enum trace_flag */
};

/* The runs of one thread, from tick first on without a gap. */
struct trace_group {
	uint32_t thread;
	uint32_t first;                 /* tick index in the block */
	uint32_t nruns;
	const struct trace_run *runs;
};

/* Slots of the schedule that were not used in front of a tick. */
struct trace_skip {
	uint32_t tick;                  /* index in the block */
	uint64_t slots;
};

/*
 * A block of ticks of one process.  Tick k was taken at
 * start_ns + interval_ns * (k + slots skipped up to and with k) + offset_us[k] * 1000.
 */
struct trace_block {
	uint32_t process;
	uint64_t start_ns, interval_ns; /* CLOCK_MONOTONIC of the recorder's host */
	uint32_t known;                 /* enum trace_flag that are determined */
	uint32_t nticks;
	const int32_t *offset_us;
	uint32_t nskips;
	const struct trace_skip *skips;
	uint32_t ngroups;
	const struct trace_group *groups;
};

/* A run of one task: len ticks in a row in which it stayed the same. */
struct trace_task_run {
	uint32_t len;                   /* ticks, at least 1 */
	uint32_t stack;                 /* of its own frames; 0 while it runs */
	uint32_t flags;                 /* enum trace_task_flag */
	uint32_t base;                  /* frames of the thread below it, while it runs */
	uint32_t chain;                 /* coroutines above those, while it runs */
	uint32_t awaiters;              /* list from 1; 0: nobody waits for it */
};

/* The runs of one task, from tick first on without a gap. */
struct trace_task_group {
	uint32_t task;
	uint32_t first;                 /* tick index in the block */
	uint32_t nruns;
	const struct trace_task_run *runs;
};

/* A list of tasks that wait for one. */
struct trace_awaiters {
	uint32_t n;
	const uint32_t *tasks;
};

/* What the tasks of a process did in the ticks of its next block. */
struct trace_logical {
	uint32_t process;
	uint32_t nticks;                /* of that block */
	uint32_t nlists;
	const struct trace_awaiters *lists;
	uint32_t ngroups;
	const struct trace_task_group *groups;
};

/* What the writer is told of a process. */
struct trace_process {
	uint32_t id;                    /* from 1, in order */
	uint32_t pid, ppid;
	uint64_t start_ns;              /* CLOCK_MONOTONIC when the process started */
	const char *const *argv;        /* NULL-terminated, bytes as they are */
	const char *exe;
	uint32_t python;                /* as PY_VERSION_HEX */
	const struct trace_info *info;  /* ninfo more facts */
	size_t ninfo;
};

struct trace_thread {
	uint32_t id;                    /* from 1, in order; again to change the name */
	uint32_t process;
	uint64_t tid;                   /* kernel thread id in the target's view; 0: not known */
	uint64_t python_id;             /* threading.get_ident() */
	const char *name;               /* threading.Thread.name, "" if not known */
	size_t name_len;
	uint64_t interpreter;
	bool is_main;
};

/* One task of a batch. */
struct trace_task {
	uint32_t thread;                /* that runs its loop, 0: none of those known */
	uint32_t name;                  /* string */
};

/* Tasks of one process, ids first ... first + n - 1. */
struct trace_tasks {
	uint32_t process;
	uint32_t first, n;
	const struct trace_task *items;
};

/*
 * From here on: what the reader gives.  Every id is defined, every index is
 * in range and every list as long as it says, whatever the trace contained.
 */

/* Bytes of a string: mostly UTF-8, not NUL-terminated. */
struct trace_text {
	const char *bytes;
	size_t len;
};

struct msgpack_object;                  /* an info map; see trace_info_num() ... */

struct trace_header {
	uint32_t major, minor;
	uint64_t mono_ns, wall_ns;      /* the same moment on two clocks */
	const struct msgpack_object *info;
};

struct trace_strings {
	uint32_t first, n;              /* ids first ... first + n - 1 */
	const struct trace_text *texts;
};

struct trace_opcodes {
	uint32_t first, n;
	const struct trace_opcode {
		uint32_t name, base;    /* base: the form it was specialised from */
	} *items;
};

struct trace_functions {
	uint32_t first, n;
	const struct trace_function {
		uint32_t name, file;
		int32_t first_line;
	} *items;
};

struct trace_locations {
	uint32_t first, n;
	const struct trace_location *items;
};

struct trace_stacks {
	uint32_t first, n;
	const struct trace_stack {
		uint32_t parent;        /* below the stack's own id */
		uint32_t location;
	} *items;
};

struct trace_process_info {
	uint32_t id, pid, ppid;
	uint64_t start_ns;
	const struct trace_text *argv;
	uint32_t argc;
	struct trace_text exe;
	uint32_t python;                /* as PY_VERSION_HEX */
	const struct msgpack_object *info;
};

struct trace_samples {
	struct trace_block block;
	const uint64_t *at_ns;          /* when each tick was taken */
};

struct trace_lost {
	uint32_t process;
	uint64_t from_ns, to_ns, ticks;
	uint32_t reason;                /* enum trace_lost_reason or a later one */
};

struct trace_event {
	uint64_t at_ns;
	uint32_t process;
	uint32_t kind;                  /* enum trace_event_kind or a later one */
	int64_t value;
	struct trace_text text;
};

struct trace_mark {
	uint64_t at_ns;
	uint32_t process;
	struct trace_text text;
};

struct trace_source {
	uint32_t file;                  /* string id */
	int64_t mtime_ns;
	uint64_t size;
	uint32_t flags;                 /* enum trace_source_flag */
	struct trace_text text;
};

/* How long threads were on a CPU since the account before, by the kernel. */
struct trace_cpu {
	uint32_t process;
	uint64_t at_ns;
	uint32_t n;
	const struct trace_cpu_time {
		uint32_t thread;
		uint64_t ns;
	} *items;
};

struct trace_stats {
	uint64_t at_ns;
	const struct msgpack_object *info;
};

struct trace_end {
	uint64_t at_ns;
	uint32_t reason;                /* enum trace_end_reason or a later one */
	struct trace_text text;
	const struct msgpack_object *totals;
};

/* One object; type says which member holds it. */
struct trace_object {
	enum trace_type type;
	union {
		struct trace_header header;
		struct trace_strings strings;
		struct trace_functions functions;
		struct trace_opcodes opcodes;
		struct trace_locations locations;
		struct trace_stacks stacks;
		struct trace_process_info process;
		struct trace_thread thread;
		struct trace_samples samples;
		struct trace_lost lost;
		struct trace_event event;
		struct trace_mark mark;
		struct trace_source source;
		struct trace_cpu cpu;
		struct trace_stats stats;
		struct trace_end end;
		struct trace_tasks tasks;
		struct trace_logical logical;
	} u;
};

#endif
