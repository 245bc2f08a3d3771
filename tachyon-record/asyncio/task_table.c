/* SPDX-License-Identifier: MIT */
#include "tachyon-record/asyncio/task_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tachyon-record/asyncio/task_modules.h"

enum {
	/* Bytes between two pieces that cost less than a range of their own. */
	MERGE_GAP = 512,
	LIST_TRIES = 3,
	/* Bytes of the image that are compared with those before as one. */
	BLOCK = 256,
};

struct task *task_table_get(struct tasks *t, raddr address)
{
	uint32_t i = address_map_get(&t->by_address, address);
	struct task *task;

	if (i)
		return t->v[i - 1];
	task = mem_alloc(1, sizeof(*task));
	task->address = address;
	t->v = mem_grow(t->v, &t->room, t->n + 1, sizeof(*t->v));
	t->v[t->n++] = task;
	address_map_set(&t->by_address, address, (uint32_t)t->n);
	return task;
}

void task_table_set_coro(struct tasks *t, struct task *task, raddr coro)
{
	uint32_t i = address_map_get(&t->by_address, task->address);

	/* Another task may have taken the address over. */
	if (task->facts.coro && address_map_get(&t->by_coro, task->facts.coro) == i)
		address_map_remove(&t->by_coro, task->facts.coro);
	if (coro)
		address_map_set(&t->by_coro, coro, i);
}

void task_table_drop(struct tasks *t, struct task *task)
{
	uint32_t i = address_map_get(&t->by_address, task->address);
	struct task *last = t->v[t->n - 1];

	task_table_set_coro(t, task, 0);
	address_map_remove(&t->by_address, task->address);
	t->v[i - 1] = last;
	t->n--;
	if (last != task) {
		address_map_set(&t->by_address, last->address, i);
		if (last->facts.coro &&
		    address_map_get(&t->by_coro, last->facts.coro) == t->n + 1)
			address_map_set(&t->by_coro, last->facts.coro, i);
	}
	task_facts_release(&task->facts);
	free(task->pieces.v);
	free(task->sent_awaiters);
	free(task);
}

/* --- the image ---------------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
	const struct task_piece *x = *(struct task_piece *const *)a;
	const struct task_piece *y = *(struct task_piece *const *)b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* Neighbours become one range; the pages between them are read anyway. */
static void merge(struct snapshot *image, struct task_piece **pieces, size_t n)
{
	for (size_t i = 0, end; i < n; i = end) {
		const raddr from = pieces[i]->at;
		raddr to = from + pieces[i]->len;

		for (end = i + 1; end < n && pieces[end]->at <= to + MERGE_GAP; end++)
			if (pieces[end]->at + pieces[end]->len > to)
				to = pieces[end]->at + pieces[end]->len;
		for (size_t k = i; k < end; k++)
			pieces[k]->offset = (uint32_t)(image->len + (pieces[k]->at - from));
		snapshot_add(image, from, to - from);
	}
}

static void plan_image(struct tasks *t, struct task_owner *o)
{
	struct task_piece **pieces = NULL;
	size_t n = 0, room = 0;

	for (size_t i = 0; i < t->n; i++) {
		struct task *task = t->v[i];

		if (task->state != o->state)
			continue;
		pieces = mem_grow(pieces, &room, n + task->pieces.n, sizeof(struct task_piece *));
		for (size_t k = 0; k < task->pieces.n; k++)
			pieces[n++] = &task->pieces.v[k];
		task->pieces.planned = true;
	}
	if (n)
		qsort(pieces, n, sizeof(struct task_piece *), by_address);
	snapshot_reset(&o->image);
	merge(&o->image, pieces, n);
	free(pieces);
	o->planned = true;
	o->comparable = false;
	o->moved = mem_grow(o->moved, &o->moved_room, o->image.len / BLOCK + 1,
			    sizeof(*o->moved));
}

/* Which blocks are not what they were? */
static void compare_image(struct task_owner *o)
{
	const struct snapshot *s = &o->image;

	for (size_t at = 0, i = 0; at < s->len; at += BLOCK, i++)
		o->moved[i] = memcmp(s->copy + at, o->before + at,
				     s->len - at < BLOCK ? s->len - at : BLOCK) != 0;
}

static bool has_moved(const struct task_owner *o, const struct task_piece *p)
{
	for (size_t k = p->offset / BLOCK; k <= (p->offset + p->len - 1) / BLOCK; k++)
		if (o->moved[k])
			return memcmp(o->image.copy + p->offset, o->before + p->offset,
				      p->len) != 0;
	return false;
}

bool task_image_is_quiet(const struct task_owner *o, const struct task *task)
{
	if (!o->comparable || !task->known || !task->settled || !task->pieces.planned)
		return false;
	for (size_t i = 0; i < task->pieces.n; i++)
		if (has_moved(o, &task->pieces.v[i]))
			return false;
	return true;
}

void task_owner_release(struct task_owner *o)
{
	snapshot_release(&o->image);
	free(o->before);
	free(o->moved);
}

void task_image_read(struct tasks *t, struct task_owner *o)
{
	struct snapshot *s = &o->image;
	const bool was_whole = s->len && s->got == s->len;
	char *copy = s->copy;
	size_t size = s->size;

	if (!o->planned)
		plan_image(t, o);
	else
		o->comparable = was_whole;
	s->copy = o->before;
	s->size = o->before_size;
	o->before = copy;
	o->before_size = size;
	snapshot_read(s, &t->target->remote);
	o->comparable &= s->got == s->len;
	if (o->comparable)
		compare_image(o);
	t->reader.image = &o->image;
	t->reader.moved = false;
}

/* --- the list of a thread's tasks ------------------------------------------------ */

void task_list_add(struct tasks *t, raddr address)
{
	t->listed = mem_grow(t->listed, &t->listed_room, t->nlisted + 1, sizeof(*t->listed));
	t->listed[t->nlisted++] = address;
}

/* The two words of a list's node, from the image if that has them. */
static bool read_node(struct tasks *t, raddr node, bool fresh, char words[16])
{
	const raddr address = node - (raddr)t->asyncio.task_node;
	uint32_t i = fresh ? 0 : address_map_get(&t->by_address, address);
	const struct task_pieces *p = i ? &t->v[i - 1]->pieces : NULL;
	const struct snapshot *image = t->reader.image;

	/* The first piece of a task is the object itself. */
	if (p && p->planned && p->n && p->v[0].at == address &&
	    p->v[0].offset + (size_t)p->v[0].len <= image->got) {
		memcpy(words, image->copy + p->v[0].offset + t->asyncio.task_node, 16);
		return true;
	}
	return remote_read(&t->target->remote, node, words, 16) == READ_OK;
}

/* Walks the circle; false if it is broken, because it changed or is no circle. */
static bool walk_list(struct tasks *t, raddr head, bool fresh)
{
	const struct layout *l = &t->target->layout;
	raddr before = head, node;
	char words[16];

	t->nlisted = 0;
	if (remote_read(&t->target->remote, head, words, sizeof(words)) != READ_OK)
		return false;
	for (node = word_at(words, OFF(l, llist_next)); node != head;
	     node = word_at(words, OFF(l, llist_next))) {
		if (!node || t->nlisted == TASKS_MAX || !read_node(t, node, fresh, words) ||
		    word_at(words, OFF(l, llist_prev)) != before)
			return false;
		task_list_add(t, node - (raddr)t->asyncio.task_node);
		before = node;
	}
	return true;
}

bool task_list(struct tasks *t, const struct task_owner *o, uint64_t now_ns)
{
	if (t->asyncio.task_node == ABSENT)
		return task_modules_list(t, o, now_ns);
	for (int i = 0; i < LIST_TRIES; i++)
		if (walk_list(t, o->head, i > 0))
			return true;
	return false;
}
