/* SPDX-License-Identifier: MIT */
/*
 * node_table.h - stacks as a tree of (caller, code object, instruction).
 *
 * The capacity is fixed: when the table is full the sampler starts a new
 * segment and clears it, so memory stays bounded whatever the target does.
 * Pages that were never used cost nothing, and the index grows with its use.
 */
#ifndef RECORD_NODE_TABLE_H
#define RECORD_NODE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct node_table;

enum {
	NODE_ROOT = 0,          /* the empty stack */
	NODE_CAPACITY = 1 << 22,
	/* Frames of the deepest stack that can be recorded, as TRACE_MAX_DEPTH. */
	NODE_DEEPEST = 1 << 20,
};

struct node {
	uint32_t parent;        /* node of the caller */
	uint32_t code;          /* the sampler's number of the code object */
	int32_t lasti;          /* bytes into the code, below 0: not begun */
	uint32_t opcode;        /* of the leaf, plus 1; 0: not recorded */
};

/* What is remembered of a node's instruction; see call_site.h. */
struct node_site {
	uint8_t flags;          /* enum call_site_flag */
	uint8_t uses;           /* so often it is still believed, 0: not known */
	bool resumes;           /* a generator was seen above it in two reads */
};

struct node_table *node_table_new(void);        /* NULL: out of memory */
void node_table_free(struct node_table *t);     /* NULL is allowed */
void node_table_clear(struct node_table *t);

/*
 * The number of the node, from 1; 0 when the table is full.  *is_new tells
 * whether it was added; numbers are given in order.
 */
uint32_t node_table_get(struct node_table *t, const struct node *n, bool *is_new);

/* A node by number. */
const struct node *node_table_at(const struct node_table *t, uint32_t number);

/* Of a node, or of NODE_ROOT; all zero for one that is new. */
struct node_site *node_table_site(struct node_table *t, uint32_t node);

/* Takes back the node that was added last. */
void node_table_undo(struct node_table *t);

/* The node of its caller; 0 for the outermost one and for what is no node. */
uint32_t node_table_parent(const struct node_table *t, uint32_t node);

/* How many there are. */
uint32_t node_table_count(const struct node_table *t);

#endif
