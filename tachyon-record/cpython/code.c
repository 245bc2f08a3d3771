/* SPDX-License-Identifier: MIT */
#include "tachyon-record/cpython/code.h"

#include <string.h>

#include "tachyon-record/cpython/object.h"

/* Bytes of a _Py_CODEUNIT (Include/cpython/code.h). */
enum { CODE_UNIT = 2 };

size_t code_head_size(const struct layout *l)
{
	size_t size = (size_t)OFF(l, code_adaptive);

	return size < CODE_HEAD ? size : CODE_HEAD;
}

void code_head_decode(const struct layout *l, const void *bytes, struct code_head *head)
{
	const char *b = bytes;
	uint64_t units;
	int32_t first;

	memcpy(&head->filename, b + OFF(l, code_filename), sizeof(head->filename));
	memcpy(&head->qualname, b + OFF(l, code_qualname), sizeof(head->qualname));
	memcpy(&head->linetable, b + OFF(l, code_linetable), sizeof(head->linetable));
	memcpy(&head->first_line, b + OFF(l, code_firstlineno), sizeof(head->first_line));
	memcpy(&units, b + OFF(l, code_units), sizeof(units));
	/* As _Py_InitCleanup (Python/specialize.c), which runs __init__() methods. */
	memcpy(&first, b + OFF(l, code_firsttraceable), sizeof(first));
	head->shim = first >= 0 && (uint64_t)first >= units;
	head->version = 0;
	if (OFF(l, code_version) != ABSENT)
		memcpy(&head->version, b + OFF(l, code_version), sizeof(head->version));
	head->bytes = units < INT32_MAX / CODE_UNIT ? (uint32_t)units * CODE_UNIT : 0;
}

bool code_is_code(struct remote *r, const struct layout *l, raddr address)
{
	raddr type = remote_ptr(r, address + (raddr)OFF(l, object_type));
	raddr name = type ? remote_ptr(r, type + (raddr)OFF(l, type_name)) : 0;
	char text[5];

	return name && remote_read(r, name, text, sizeof(text)) == READ_OK &&
	       memcmp(text, "code", sizeof(text)) == 0;
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
