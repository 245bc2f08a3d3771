/* SPDX-License-Identifier: MIT */
/*
 * definitions.h - the sampler's numbers to the ids of a trace.
 *
 * Codes become functions, instructions become locations by way of the line
 * table, nodes become stacks.  Nodes that differ only in instructions of the
 * same position become one stack.
 */
#ifndef RECORD_DEFINITIONS_H
#define RECORD_DEFINITIONS_H

#include <stddef.h>
#include <stdint.h>

#include "format/writer.h"
#include "tachyon-record/cpython/linetable.h"
#include "tachyon-record/cpython/opcodes.h"
#include "tachyon-record/records.h"

struct definitions_code {
	uint32_t function;
	int32_t first_line;
	enum line_form line_form;
	uint32_t table_len;
	uint8_t *table;
};

struct definitions {
	struct trace_writer *writer;
	const struct opcode *opcodes;   /* of the target's version; NULL: not known */
	struct definitions_code *codes; /* by number, 0 unused */
	size_t ncodes, code_room;
	uint32_t *stacks;               /* by node */
	size_t nstacks, stack_room;
	size_t table_bytes;
	uint32_t file;                  /* string: of the code that came last */
};

void definitions_init(struct definitions *d, struct trace_writer *writer);
void definitions_release(struct definitions *d);
/* A new segment has begun. */
void definitions_clear(struct definitions *d);

/* Both return 0, or -E2BIG when a limit of the format is reached. */
int definitions_code(struct definitions *d, const struct record_code *code);
int definitions_node(struct definitions *d, const struct record_node *node);

/* The stack of a node; 0 for the empty one and for what is not known. */
uint32_t definitions_stack(const struct definitions *d, uint32_t node);

/* Bytes that the tables take. */
size_t definitions_memory(const struct definitions *d);

#endif
