/* SPDX-License-Identifier: MIT */
#include "tachyon-record/definitions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void definitions_init(struct definitions *d, struct trace_writer *writer)
{
	*d = (struct definitions){ .writer = writer };
	definitions_clear(d);
}

static void free_tables(struct definitions *d)
{
	for (size_t i = 1; i < d->ncodes; i++)
		free(d->codes[i].table);
	d->table_bytes = 0;
}

void definitions_release(struct definitions *d)
{
	free_tables(d);
	free(d->codes);
	free(d->stacks);
	*d = (struct definitions){ 0 };
}

void definitions_clear(struct definitions *d)
{
	free_tables(d);
	d->codes = mem_grow(d->codes, &d->code_room, 1, sizeof(*d->codes));
	d->codes[CODE_UNKNOWN] = (struct definitions_code){ .first_line = -1 };
	d->ncodes = 1;
	d->stacks = mem_grow(d->stacks, &d->stack_room, 1, sizeof(*d->stacks));
	d->stacks[0] = 0;
	d->nstacks = 1;
}

int definitions_code(struct definitions *d, const struct record_code *code)
{
	const char *name = code->text, *file = name + code->name_len;
	struct definitions_code *c;
	uint32_t name_id;

	d->codes = mem_grow(d->codes, &d->code_room, d->ncodes + 1, sizeof(*d->codes));
	c = &d->codes[d->ncodes++];
	*c = (struct definitions_code){
		.first_line = code->first_line < 0 ? -1 : code->first_line,
		.line_form = (enum line_form)code->line_form,
		.table_len = code->table_len,
		.table = mem_alloc(code->table_len + 1, 1),
	};
	memcpy(c->table, file + code->file_len, code->table_len);
	d->table_bytes += code->table_len;
	name_id = trace_writer_string(d->writer, name, code->name_len);
	if (!code->same_file)
		d->file = trace_writer_string(d->writer, file, code->file_len);
	c->function = trace_writer_function(d->writer, name_id, d->file, c->first_line);
	return c->function ? 0 : -E2BIG;
}

/* A location that is in no file. */
static struct trace_location marker(struct definitions *d, const char *name)
{
	uint32_t name_id = trace_writer_string(d->writer, name, strlen(name));
	uint32_t file_id = trace_writer_string(d->writer, TRACE_MARKER_FILE, 1);

	return (struct trace_location){
		.function = trace_writer_function(d->writer, name_id, file_id, 0),
		.line = -1, .end_line = -1, .col = -1, .end_col = -1, .opcode = -1,
	};
}

/* The trace's id of an opcode, -1 for none. */
static int32_t opcode_id(struct definitions *d, uint32_t opcode)
{
	const struct opcode *op = d->opcodes && opcode && opcode <= OPCODES
		? &d->opcodes[opcode - 1] : NULL;
	uint32_t name, base;

	if (!op || !op->name)
		return -1;
	name = trace_writer_string(d->writer, op->name, strlen(op->name));
	base = trace_writer_string(d->writer, op->base, strlen(op->base));
	return name && base ? (int32_t)trace_writer_opcode(d->writer, name, base) : -1;
}

static struct trace_location position_of(struct definitions *d,
					 const struct record_node *node)
{
	const struct definitions_code *code = &d->codes[node->code];
	struct position p = linetable_find(code->line_form, code->table, code->table_len,
					   code->first_line, node->lasti);

	return (struct trace_location){
		.function = code->function,
		.line = p.line,
		.end_line = p.end_line,
		.col = p.col,
		.end_col = p.end_col,
		.opcode = opcode_id(d, node->opcode),
	};
}

int definitions_node(struct definitions *d, const struct record_node *node)
{
	struct trace_location at = node->code == CODE_GC ? marker(d, TRACE_MARKER_GC) :
				   node->code == CODE_NATIVE ? marker(d, TRACE_MARKER_NATIVE) :
				   position_of(d, node);
	uint32_t location = trace_writer_location(d->writer, &at), stack = 0;

	if (location)
		stack = trace_writer_stack(d->writer, d->stacks[node->parent], location);
	d->stacks = mem_grow(d->stacks, &d->stack_room, d->nstacks + 1, sizeof(*d->stacks));
	d->stacks[d->nstacks++] = stack;
	return stack ? 0 : -E2BIG;
}

uint32_t definitions_stack(const struct definitions *d, uint32_t node)
{
	return node < d->nstacks ? d->stacks[node] : 0;
}

size_t definitions_memory(const struct definitions *d)
{
	return d->table_bytes + d->code_room * sizeof(*d->codes) +
	       d->stack_room * sizeof(*d->stacks);
}
