/* SPDX-License-Identifier: MIT */
/*
 * asyncio_layout.h - where the module _asyncio keeps what the recorder reads.
 *
 * From 3.14 on the module describes itself in a section of its own, in the
 * file that holds it: the interpreter or _asyncio.*.so.  Earlier ones are
 * rows, made by tools/asyncio_layouts.py from the debugging information of
 * each version, because TaskObj is private to Modules/_asynciomodule.c.
 */
#ifndef CPYTHON_ASYNCIO_LAYOUT_H
#define CPYTHON_ASYNCIO_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "tachyon-record/cpython/layout.h"

enum {
	/* Buffers for a task object hold so many bytes. */
	ASYNCIO_MAX_TASK = 512,
};

/* Bytes, or ABSENT. */
struct asyncio_layout {
	uint32_t version;               /* of a row: major << 8 | minor */
	/* TaskObj, which begins as a FutureObj does */
	int32_t task_size;
	int32_t task_loop;              /* of rows only */
	int32_t task_callback0, task_callbacks; /* of rows only */
	int32_t task_state;             /* of rows only: 0 while it is pending */
	int32_t task_coro, task_name;
	int32_t task_awaited_by;        /* a future, or a set of them */
	int32_t task_awaited_by_is_set; /* char */
	int32_t task_is_task;           /* char */
	int32_t task_node;              /* in the list of a thread or interpreter */
	/* PyThreadState, PyInterpreterState */
	int32_t thread_running_task, thread_tasks_head;
	int32_t interp_tasks_head;
};

/* The row of a version that does not describe itself, or NULL. */
const struct asyncio_layout *asyncio_layout_row(uint32_t version);

/*
 * Takes the description at an address of the target.  False if it makes no
 * sense.
 */
bool asyncio_layout_describe(struct remote *r, raddr description, struct asyncio_layout *l);

#endif
