/* SPDX-License-Identifier: MIT */
/*
 * totals.c - one pass over the sites, two over the tree of stacks.
 *
 * Nothing recurses: a stack may be a million frames deep.
 */
#include "profile/totals.h"

#include <stdlib.h>

#include "base/mem.h"
#include "profile/profile.h"

/* A stack with what was sampled in it and above it. */
struct node {
	uint32_t parent, function;
	uint32_t child, sibling;        /* first child, next sibling; 0: none */
	uint64_t samples, ns;           /* its own, then those of its subtree */
};

static struct node *make_nodes(const struct profile *p, uint32_t n)
{
	struct node *nodes = mem_alloc((size_t)n + 1, sizeof(*nodes));

	for (uint32_t id = 1; id <= n; id++) {
		struct trace_stack s = symbols_stack(&p->symbols, id);

		nodes[id].parent = s.parent;
		nodes[id].function = symbols_location(&p->symbols, s.location).function;
	}
	for (size_t i = 0; i < p->nsites; i++) {
		nodes[p->sites[i].stack].samples += p->sites[i].samples;
		nodes[p->sites[i].stack].ns += p->sites[i].ns;
	}
	return nodes;
}

static void add_self(struct totals *t, struct total *by_function,
		     const struct node *nodes, uint32_t n)
{
	for (uint32_t id = 1; id <= n; id++) {
		struct total *f = &by_function[nodes[id].function];

		f->self += nodes[id].samples;
		f->self_ns += nodes[id].ns;
		t->samples += nodes[id].samples;
		t->ns += nodes[id].ns;
	}
}

/* Sums subtrees into their roots and links children; children have larger ids. */
static void sum_subtrees(struct node *nodes, uint32_t n)
{
	for (uint32_t id = n; id >= 1; id--) {
		struct node *node = &nodes[id], *parent = &nodes[node->parent];

		if (!node->samples)
			continue;
		parent->samples += node->samples;
		parent->ns += node->ns;
		node->sibling = parent->child;
		parent->child = id;
	}
}

/* A function's subtree counts where no caller is the same function. */
static void add_total(struct total *by_function, const struct node *nodes,
		      uint32_t n_functions)
{
	uint32_t *active = mem_alloc((size_t)n_functions + 1, sizeof(*active));
	uint32_t id = nodes[0].child;

	while (id) {
		const struct node *node = &nodes[id];

		if (active[node->function]++ == 0) {
			by_function[node->function].total += node->samples;
			by_function[node->function].total_ns += node->ns;
		}
		if (node->child) {
			id = node->child;
			continue;
		}
		/* Leave this node, and every caller whose last callee it was. */
		while (id) {
			active[nodes[id].function]--;
			if (nodes[id].sibling) {
				id = nodes[id].sibling;
				break;
			}
			id = nodes[id].parent;
		}
	}
	free(active);
}

void totals_init(struct totals *t, const struct profile *p)
{
	uint32_t nstacks = p->symbols.stacks.count;
	uint32_t nfunctions = p->symbols.functions.count;
	struct node *nodes = make_nodes(p, nstacks);
	struct total *by_function = mem_alloc((size_t)nfunctions + 1,
					      sizeof(*by_function));

	*t = (struct totals){ .rows = by_function };
	add_self(t, by_function, nodes, nstacks);
	sum_subtrees(nodes, nstacks);
	add_total(by_function, nodes, nfunctions);
	free(nodes);

	for (uint32_t id = 0; id <= nfunctions; id++) {
		if (!by_function[id].total)
			continue;
		by_function[id].function = id;
		t->rows[t->n++] = by_function[id];
	}
}

void totals_release(struct totals *t)
{
	free(t->rows);
	*t = (struct totals){ 0 };
}
