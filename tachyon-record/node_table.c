/* SPDX-License-Identifier: MIT */
/*
 * Entries are only ever removed in the reverse order of their arrival, which
 * leaves no holes in a probe sequence.
 */
#include "tachyon-record/node_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"
#include "base/slots.h"

struct node_table {
	struct node *nodes;     /* [NODE_CAPACITY + 1], 0 unused */
	struct node_site *sites;        /* of the same */
	struct slots slots;
	uint32_t n;
	size_t last_slot;
};

static const size_t nodes_size = (NODE_CAPACITY + 1) * sizeof(struct node);
static const size_t sites_size = (NODE_CAPACITY + 1) * sizeof(struct node_site);

struct node_table *node_table_new(void)
{
	struct node_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->nodes = mem_reserve(nodes_size);
	t->sites = mem_reserve(sites_size);
	if (!slots_init(&t->slots) || !t->nodes || !t->sites) {
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
	mem_unreserve(t->sites, sites_size);
	slots_release(&t->slots);
	free(t);
}

void node_table_clear(struct node_table *t)
{
	/* Gives the pages back instead of writing zeros into them. */
	madvise(t->nodes, nodes_size, MADV_DONTNEED);
	madvise(t->sites, sites_size, MADV_DONTNEED);
	madvise(t->slots.v, t->slots.n * sizeof(*t->slots.v), MADV_DONTNEED);
	t->n = 0;
}

static uint64_t hash(const struct node *n)
{
	uint64_t h = ((uint64_t)n->parent << 32 | n->code) * UINT64_C(0x9e3779b97f4a7c15);

	h ^= ((uint64_t)n->opcode << 32 | (uint32_t)n->lasti) * UINT64_C(0xc2b2ae3d27d4eb4f);
	h = (h ^ h >> 32) * UINT64_C(0x85ebca6bc2b2ae35);
	return h >> 33;
}

static uint64_t hash_of(const void *arg, uint32_t i)
{
	const struct node_table *t = arg;

	return hash(&t->nodes[i]);
}

uint32_t node_table_get(struct node_table *t, const struct node *n, bool *is_new)
{
	size_t slot;

	*is_new = false;
	if (!slots_make_room(&t->slots, t->n + 1, hash_of, t))
		return 0;
	slot = slots_first(&t->slots, hash(n));
	for (; t->slots.v[slot]; slot = slots_next(&t->slots, slot)) {
		const struct node *have = &t->nodes[t->slots.v[slot]];

		if (have->parent == n->parent && have->code == n->code &&
		    have->lasti == n->lasti && have->opcode == n->opcode)
			return t->slots.v[slot];
	}
	if (t->n == NODE_CAPACITY)
		return 0;
	t->nodes[++t->n] = *n;
	t->sites[t->n] = (struct node_site){ 0 };
	t->slots.v[slot] = t->n;
	t->last_slot = slot;
	*is_new = true;
	return t->n;
}

const struct node *node_table_at(const struct node_table *t, uint32_t number)
{
	return &t->nodes[number];
}

struct node_site *node_table_site(struct node_table *t, uint32_t node)
{
	return &t->sites[node];
}

void node_table_undo(struct node_table *t)
{
	t->slots.v[t->last_slot] = 0;
	t->n--;
}

uint32_t node_table_parent(const struct node_table *t, uint32_t node)
{
	return node && node <= t->n ? t->nodes[node].parent : 0;
}

uint32_t node_table_count(const struct node_table *t)
{
	return t->n;
}
