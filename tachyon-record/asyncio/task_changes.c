/* SPDX-License-Identifier: MIT */
#include "tachyon-record/asyncio/task_changes.h"

#include <string.h>

#include "base/mem.h"
#include "format/wire.h"
#include "tachyon-record/records.h"

enum {
	/* Words of changes in one record: a part of the smallest that always fits. */
	PART_WORDS = 1 << 16,
};

static uint32_t *add_words(struct tasks *t, size_t n)
{
	uint32_t *words;

	t->words = mem_grow(t->words, &t->word_room, t->nwords + n, sizeof(*t->words));
	words = t->words + t->nwords;
	t->nwords += n;
	return words;
}

/* Hands over the changes that were gathered. */
void task_changes_push(struct tasks *t)
{
	struct ring_record *slot;
	struct record_tasks *record;

	if (!t->nchanges)
		return;
	slot = ring_reserve(t->ring, RECORD_TASKS,
			    sizeof(*record) + t->nwords * sizeof(*t->words));
	if (!slot) {
		t->failed = true;
		return;
	}
	record = (struct record_tasks *)slot->data;
	record->n = t->nchanges;
	record->nwords = (uint32_t)t->nwords;
	memcpy(record->words, t->words, t->nwords * sizeof(*t->words));
	ring_commit(t->ring, slot);
	t->nchanges = 0;
	t->nwords = 0;
}

static void add_change(struct tasks *t, const struct record_task_change *c,
		       const uint32_t *awaiters)
{
	const size_t head = sizeof(*c) / sizeof(uint32_t);
	uint32_t *words = add_words(t, head + c->nawaiters);

	memcpy(words, c, sizeof(*c));
	if (awaiters && c->nawaiters)
		memcpy(words + head, awaiters, c->nawaiters * sizeof(*awaiters));
	t->nchanges++;
	if (t->nwords >= PART_WORDS)
		task_changes_push(t);
}

/* The task is not part of the picture any more. */
void task_withdraw(struct tasks *t, struct task *task)
{
	const struct record_task_change gone = { .task = task->number, .node = RECORD_ABSENT };

	if (task->sent)
		add_change(t, &gone, NULL);
	task->sent = false;
}

/* It is not there any more; its number is free once the writer knows. */
void task_take_back(struct tasks *t, struct task *task)
{
	task_withdraw(t, task);
	if (task->number)
		numbers_leave(&t->numbers, task->number);
	task->number = 0;
	t->renumbered = true;
}

/* Tells the writer of a task before the first change that names it. */
void task_announce(struct tasks *t, struct task *task)
{
	char name[TASK_NAME_MAX];
	ptrdiff_t len = task_name(&t->reader, &task->facts, name);
	struct ring_record *slot;
	struct record_task *record;

	/* Without a name it may have ended; if it has not, it goes without. */
	if (len < 0 && (!task_read(&t->reader, task->address, NULL, &t->second) ||
			!task_facts_equal(&task->facts, &t->second))) {
		task->known = false;
		return;
	}
	if (len < 0)
		len = 0;
	slot = ring_reserve(t->ring, RECORD_TASK, sizeof(*record) + (size_t)len);
	if (!slot) {
		t->failed = true;
		return;
	}
	t->renumbered = true;
	task->number = numbers_take(&t->numbers);
	record = (struct record_task *)slot->data;
	record->number = task->number;
	record->thread = task->thread;
	record->name_len = (uint32_t)len;
	memcpy(record->name, name, (size_t)len);
	ring_commit(t->ring, slot);
}

/* The numbers of the tasks that wait for one, of those that are there. */
static size_t awaiter_numbers(const struct tasks *t, const struct task *task,
			      uint32_t numbers[TASK_MAX_AWAITERS])
{
	size_t n = 0;

	for (size_t i = 0; i < task->facts.nawaiters; i++) {
		uint32_t index = address_map_get(&t->by_address, task->facts.awaiters[i]);
		const struct task *awaiter = index ? t->v[index - 1] : NULL;

		if (awaiter && awaiter != task && awaiter->number && !awaiter->facts.finished)
			numbers[n++] = awaiter->number;
	}
	return n;
}

void task_send(struct tasks *t, struct task *task, bool all_over)
{
	uint32_t awaiters[TASK_MAX_AWAITERS];
	const size_t n = awaiter_numbers(t, task, awaiters);
	const struct record_task_change c = {
		.task = task->number,
		.node = task->flags & TRACE_TASK_RUNNING ? NODE_ROOT : task->node,
		.flags = task->flags, .base = task->base, .chain = task->chain,
		.nawaiters = (uint32_t)n,
	};

	if (task->sent && !all_over && c.node == task->sent_node &&
	    c.flags == task->sent_flags && c.base == task->sent_base &&
	    c.chain == task->sent_chain && n == task->nsent_awaiters &&
	    (!n || memcmp(awaiters, task->sent_awaiters, n * sizeof(*awaiters)) == 0))
		return;
	task->sent = true;
	task->sent_node = c.node;
	task->sent_flags = c.flags;
	task->sent_base = c.base;
	task->sent_chain = c.chain;
	task->sent_awaiters = mem_grow(task->sent_awaiters, &task->sent_room, n,
				       sizeof(*awaiters));
	if (n)
		memcpy(task->sent_awaiters, awaiters, n * sizeof(*awaiters));
	task->nsent_awaiters = n;
	add_change(t, &c, awaiters);
}

void task_changes_clear(struct tasks *t)
{
	t->failed = false;
	t->nchanges = 0;
	t->nwords = 0;
}

void task_changes_commit(struct tasks *t)
{
	numbers_told(&t->numbers);
}
