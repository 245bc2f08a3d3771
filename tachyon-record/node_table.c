/* SPDX-License-Identifier: MIT */
/*
 * Open addressing with linear probing; entries are only ever removed in the
 * reverse order of their arrival, which leaves no holes in a probe sequence.
 */
#include "tachyon-record/node_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"

enum { SLOTS = 2 * NODE_CAPACITY };     /* a power of two; half full at most */

struct node_table {
	struct node *nodes;     /* [NODE_CAPACITY + 1], 0 unused */
	uint32_t *slots;        /* node numbers, 0: free */
	uint32_t n;
	uint32_t last_slot;
};

static const size_t nodes_size = (NODE_CAPACITY + 1) * sizeof(struct node);
static const size_t slots_size = SLOTS * sizeof(uint32_t);

struct node_table *node_table_new(void)
{
	struct node_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->nodes = mem_reserve(nodes_size);
	t->slots = mem_reserve(slots_size);
	if (!t->nodes || !t->slots) {
		node_table_free(t);
		return NULL;
	}
	return t;
}

void node_table_free(struct node_table *t)
{
	if (!t)
		return;
	mem_unreserve(t->nodes, nodes_size);
	mem_unreserve(t->slots, slots_size);
	free(t);
}

void node_table_clear(struct node_table *t)
{
	/* Gives the pages back instead of writing zeros into them. */
	madvise(t->slots, slots_size, MADV_DONTNEED);
	madvise(t->nodes, nodes_size, MADV_DONTNEED);
	t->n = 0;
}

static uint32_t hash(const struct node *n)
{
	uint64_t h = ((uint64_t)n->parent << 32 | n->code) * UINT64_C(0x9e3779b97f4a7c15);

	h ^= (uint64_t)(uint32_t)n->lasti * UINT64_C(0xc2b2ae3d27d4eb4f);
	return (uint32_t)(h ^ h >> 32) * 0x85ebca6bu >> 7;
}

uint32_t node_table_get(struct node_table *t, const struct node *n, bool *is_new)
{
	uint32_t slot = hash(n) & (SLOTS - 1);

	*is_new = false;
	for (; t->slots[slot]; slot = (slot + 1) & (SLOTS - 1)) {
		const struct node *have = &t->nodes[t->slots[slot]];

		if (have->parent == n->parent && have->code == n->code &&
		    have->lasti == n->lasti)
			return t->slots[slot];
	}
	if (t->n == NODE_CAPACITY)
		return 0;
	t->nodes[++t->n] = *n;
	t->slots[slot] = t->n;
	t->last_slot = slot;
	*is_new = true;
	return t->n;
}

void node_table_undo(struct node_table *t)
{
	t->slots[t->last_slot] = 0;
	t->n--;
}

uint32_t node_table_count(const struct node_table *t)
{
	return t->n;
}
