/* SPDX-License-Identifier: MIT */
#include "tachyon-record/cpython/code.h"

#include <string.h>

#include "tachyon-record/cpython/object.h"

/* Bytes of a _Py_CODEUNIT (Include/cpython/code.h). */
enum { CODE_UNIT = 2 };

size_t code_head_size(const struct layout *l)
{
	static const enum layout_field fields[] = {
		FIELD_code_bytecode, FIELD_code_filename, FIELD_code_qualname,
		FIELD_code_linetable, FIELD_code_firstlineno,
	};
	size_t size = 0;

	if (OFF(l, code_adaptive) != ABSENT)
		size = (size_t)OFF(l, code_adaptive);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (l->off[fields[i]] + 8 > (int32_t)size)
			size = (size_t)l->off[fields[i]] + 8;
	return size < CODE_HEAD ? size : CODE_HEAD;
}

static uint32_t bytes_of(uint64_t units)
{
	return units < INT32_MAX / CODE_UNIT ? (uint32_t)units * CODE_UNIT : 0;
}

void code_head_decode(const struct layout *l, const void *bytes, struct code_head *head)
{
	const char *b = bytes;
	uint64_t units = 0;
	int32_t first;

	memcpy(&head->filename, b + OFF(l, code_filename), sizeof(head->filename));
	memcpy(&head->qualname, b + OFF(l, code_qualname), sizeof(head->qualname));
	memcpy(&head->linetable, b + OFF(l, code_linetable), sizeof(head->linetable));
	memcpy(&head->first_line, b + OFF(l, code_firstlineno), sizeof(head->first_line));
	head->bytecode = 0;
	if (OFF(l, code_bytecode) != ABSENT)
		memcpy(&head->bytecode, b + OFF(l, code_bytecode), sizeof(head->bytecode));
	if (OFF(l, code_units) != ABSENT)
		memcpy(&units, b + OFF(l, code_units), sizeof(units));
	head->shim = false;
	if (OFF(l, code_firsttraceable) != ABSENT) {
		/* As _Py_InitCleanup (Python/specialize.c), which runs __init__() methods. */
		memcpy(&first, b + OFF(l, code_firsttraceable), sizeof(first));
		head->shim = first >= 0 && (uint64_t)first >= units;
	}
	head->nlocalsplus = 0;
	if (OFF(l, code_nlocalsplus) != ABSENT)
		memcpy(&head->nlocalsplus, b + OFF(l, code_nlocalsplus),
		       sizeof(head->nlocalsplus));
	head->version = 0;
	if (OFF(l, code_version) != ABSENT)
		memcpy(&head->version, b + OFF(l, code_version), sizeof(head->version));
	head->bytes = bytes_of(units);
}

uint32_t code_bytes(struct remote *r, const struct layout *l, const struct code_head *head)
{
	uint64_t size;

	if (!head->bytecode)
		return head->bytes;
	if (remote_read(r, head->bytecode + (raddr)OFF(l, bytes_size), &size,
			sizeof(size)) != READ_OK)
		return 0;
	return bytes_of(size / CODE_UNIT);
}

bool code_is_code(struct remote *r, const struct layout *l, raddr address)
{
	return object_type_is(r, l, address, "code");
}

enum read_status code_read_text(struct remote *r, const struct layout *l,
				const struct code_head *head, struct code_text *t)
{
	ptrdiff_t len = object_str(r, l, head->qualname, t->text, CODE_MAX_NAME);

	if (len < 0)
		return READ_FAULT;
	t->name_len = (uint32_t)len;
	len = object_str(r, l, head->filename, t->text + t->name_len, CODE_MAX_FILE);
	if (len < 0)
		return READ_FAULT;
	t->file_len = (uint32_t)len;
	len = object_bytes(r, l, head->linetable, t->text + t->name_len + t->file_len,
			   CODE_MAX_TABLE);
	if (len < 0)
		return READ_FAULT;
	t->table_len = (uint32_t)len;
	return READ_OK;
}
