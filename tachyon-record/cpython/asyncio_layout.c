/* SPDX-License-Identifier: MIT */
#include "tachyon-record/cpython/asyncio_layout.h"

#include <stddef.h>
#include <string.h>

static const struct asyncio_layout rows[] = {
#include "tachyon-record/cpython/asyncio_rows.inc"
};

/*
 * Py_AsyncioModuleDebugOffsets: words in their order, and what lies between
 * them and the end of the structure that they are offsets in.
 */
enum {
	NWORDS = 13,
	WORD = 8,
	TASK_SIZE = 0,
	INTERP_SIZE = 7,
	THREAD_SIZE = 9,
	/* No PyInterpreterState is as large; guards against garbage. */
	MAX_SIZE = 1 << 24,
};

static const struct {
	int word, size_word;
	int32_t bytes;                  /* of the field */
	size_t to;
} fields[] = {
	{ 1, TASK_SIZE, 8, offsetof(struct asyncio_layout, task_name) },
	{ 2, TASK_SIZE, 8, offsetof(struct asyncio_layout, task_awaited_by) },
	{ 3, TASK_SIZE, 1, offsetof(struct asyncio_layout, task_is_task) },
	{ 4, TASK_SIZE, 1, offsetof(struct asyncio_layout, task_awaited_by_is_set) },
	{ 5, TASK_SIZE, 8, offsetof(struct asyncio_layout, task_coro) },
	{ 6, TASK_SIZE, 16, offsetof(struct asyncio_layout, task_node) },
	{ 8, INTERP_SIZE, 16, offsetof(struct asyncio_layout, interp_tasks_head) },
	{ 11, THREAD_SIZE, 8, offsetof(struct asyncio_layout, thread_running_task) },
	{ 12, THREAD_SIZE, 16, offsetof(struct asyncio_layout, thread_tasks_head) },
};

const struct asyncio_layout *asyncio_layout_row(uint32_t version)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].version == version)
			return &rows[i];
	return NULL;
}

bool asyncio_layout_describe(struct remote *r, raddr description, struct asyncio_layout *l)
{
	uint64_t words[NWORDS];

	if (remote_read(r, description, words, sizeof(words)) != READ_OK ||
	    words[TASK_SIZE] > ASYNCIO_MAX_TASK || words[INTERP_SIZE] > MAX_SIZE ||
	    words[THREAD_SIZE] > MAX_SIZE)
		return false;
	*l = (struct asyncio_layout){
		.task_size = (int32_t)words[TASK_SIZE],
		.task_loop = ABSENT, .task_callback0 = ABSENT, .task_callbacks = ABSENT,
		.task_state = ABSENT,
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint64_t value = words[fields[i].word];
		int32_t offset = (int32_t)value;

		if (value + (uint64_t)fields[i].bytes > words[fields[i].size_word])
			return false;
		memcpy((char *)l + fields[i].to, &offset, sizeof(offset));
	}
	return true;
}
