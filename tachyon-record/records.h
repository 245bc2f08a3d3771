/* SPDX-License-Identifier: MIT */
/*
 * records.h - what the sampling thread tells the writer thread.
 *
 * Facts, as they were read, in the order in which they were found; names,
 * positions and runs are made of them on the other side.  A definition is
 * pushed before the tick that uses it.
 */
#ifndef RECORD_RECORDS_H
#define RECORD_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

struct target;

enum record_type {
	RECORD_TARGET,          /* struct record_target; the first one, and after exec */
	RECORD_SEGMENT,         /* no data: numbers of codes and nodes start again */
	RECORD_CODE,            /* struct record_code */
	RECORD_NODE,            /* struct record_node */
	RECORD_THREAD,          /* struct record_thread */
	RECORD_TASK,            /* struct record_task */
	RECORD_TASKS,           /* struct record_tasks; about the tick that comes next */
	RECORD_TICK,            /* struct record_tick */
	RECORD_CPU,             /* struct record_cpu */
	RECORD_LOST,            /* struct record_lost */
	RECORD_END,             /* struct record_end; the last one */
};

/* The process that everything after it is about; ends the one before. */
struct record_target {
	struct target *target;          /* valid until the writer thread ends */
	uint64_t at_ns;
	bool is_exec;                   /* the process has become it by exec */
};

struct record_code {
	int32_t first_line;
	uint32_t line_form;     /* enum line_form */
	uint32_t name_len, file_len, table_len;
	uint32_t same_file;     /* as the code before, and not repeated: file_len is 0 */
	char text[];            /* the three, one after the other */
};

/* The code of a function that was gone before it could be read. */
enum { CODE_UNKNOWN = 0 };

/*
 * What stands between Python frames: C that called back into Python, and the
 * collector of garbage with the frame that it interrupted below.
 */
enum { CODE_GC = INT32_MAX, CODE_NATIVE = INT32_MAX - 1 };

/* Numbered from 1 in order of arrival, like codes. */
struct record_node {
	uint32_t parent, code;
	int32_t lasti;
	uint32_t opcode;        /* plus 1; 0: not recorded */
};

/* A number is used again after the thread that had it was told to be absent. */
struct record_thread {
	uint32_t number;        /* from 1 */
	uint32_t is_main;
	uint64_t interp_state;  /* address of its PyInterpreterState */
	uint64_t tid, ident, interpreter;
};

/* What a thread does from this tick on. */
struct record_change {
	uint32_t thread;        /* 0: the process as a whole */
	uint32_t node;          /* RECORD_ABSENT: it is not there any more */
	uint32_t flags;         /* enum trace_flag */
};

enum { RECORD_ABSENT = UINT32_MAX };

struct record_tick {
	uint64_t at_ns;         /* CLOCK_MONOTONIC */
	uint64_t slot_ns;       /* when its slot began */
	uint64_t slot;          /* of the schedule, from 0; gaps are slots not used */
	uint32_t complete;      /* threads that are not among the changes are absent */
	uint32_t nchanges;
	struct record_change changes[];
};

/* How long threads were on a CPU since the record before, by the kernel. */
struct record_cpu {
	uint64_t at_ns;
	uint32_t n;
	struct record_cpu_time {
		uint32_t thread;
		uint64_t ns;
	} times[];
};

/* A number is used again after the task that had it was told to be absent. */
struct record_task {
	uint32_t number;        /* from 1 */
	uint32_t thread;        /* that runs its loop, 0: none that is recorded */
	uint32_t name_len;
	char name[];
};

/* What tasks do from the next tick on, one after the other. */
struct record_tasks {
	uint32_t n, nwords;
	uint32_t words[];       /* of n struct record_task_change */
};

struct record_task_change {
	uint32_t task;
	uint32_t node;          /* of its own frames; RECORD_ABSENT: it is not there any more */
	uint32_t flags;         /* enum trace_task_flag */
	uint32_t base, chain;   /* see struct trace_task_run */
	uint32_t nawaiters;
	uint32_t awaiters[];    /* numbers of tasks */
};

struct record_lost {
	uint64_t from_ns, to_ns, ticks;
};

struct record_end {
	uint64_t at_ns;
	int32_t reason;         /* enum trace_end_reason */
	int32_t status;         /* wait status of the target, -1 if not known */
};

#endif
