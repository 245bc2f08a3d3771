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
	uint32_t row;                   /* the function, or one of a function and an opcode */
	uint32_t child, sibling;        /* first child, next sibling; 0: none */
	uint64_t samples, ns;           /* its own, then those of its subtree */
};

/* Rows of functions with opcodes follow those of all functions. */
static uint32_t row_of(struct intern *pairs, const struct trace_location *l, uint32_t nfunctions)
{
	const uint32_t pair[2] = { l->function, (uint32_t)l->opcode };

	return l->opcode > 0 ? nfunctions + intern_add(pairs, pair, sizeof(pair)) : l->function;
}

static struct node *make_nodes(const struct profile *p, uint32_t n, struct intern *pairs)
{
	struct node *nodes = mem_alloc((size_t)n + 1, sizeof(*nodes));

	for (uint32_t id = 1; id <= n; id++) {
		struct trace_stack s = symbols_stack(&p->symbols, id);
		struct trace_location l = symbols_location(&p->symbols, s.location);

		nodes[id].parent = s.parent;
		nodes[id].function = l.function;
		nodes[id].row = row_of(pairs, &l, p->symbols.functions.count);
	}
	for (size_t i = 0; i < p->nsites; i++) {
		nodes[p->sites[i].stack].samples += p->sites[i].samples;
		nodes[p->sites[i].stack].ns += p->sites[i].ns;
	}
	return nodes;
}

static void add_self(struct totals *t, struct total *rows, const struct node *nodes,
		     uint32_t n)
{
	for (uint32_t id = 1; id <= n; id++) {
		struct total *f = &rows[nodes[id].row];

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
		/* No frame with an opcode calls another one. */
		if (node->row != node->function) {
			by_function[node->row].total += node->samples;
			by_function[node->row].total_ns += node->ns;
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
	uint32_t nfunctions = p->symbols.functions.count, nrows;
	struct intern pairs;
	struct node *nodes;
	struct total *rows;

	intern_init(&pairs, 2 * sizeof(uint32_t), UINT32_MAX - 1 - nfunctions);
	nodes = make_nodes(p, nstacks, &pairs);
	nrows = nfunctions + pairs.count;
	rows = mem_alloc((size_t)nrows + 1, sizeof(*rows));
	*t = (struct totals){ .rows = rows };
	add_self(t, rows, nodes, nstacks);
	sum_subtrees(nodes, nstacks);
	add_total(rows, nodes, nfunctions);
	free(nodes);

	for (uint32_t id = 0; id <= nrows; id++) {
		if (!rows[id].total)
			continue;
		rows[id].function = id;
		if (id > nfunctions) {
			const uint32_t *pair = intern_get(&pairs, id - nfunctions, NULL);

			rows[id].function = pair[0];
			rows[id].opcode = pair[1];
		}
		t->rows[t->n++] = rows[id];
	}
	intern_release(&pairs);
}

void totals_release(struct totals *t)
{
	free(t->rows);
	*t = (struct totals){ 0 };
}
