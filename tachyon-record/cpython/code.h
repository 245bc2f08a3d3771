/* SPDX-License-Identifier: MIT */
/*
 * code.h - read code objects: names, file, line table.
 */
#ifndef CPYTHON_CODE_H
#define CPYTHON_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tachyon-record/cpython/layout.h"

enum {
	/* Bytes of each part; longer ones are cut. */
	CODE_MAX_NAME = 256 << 10,
	CODE_MAX_FILE = 64 << 10,
	CODE_MAX_TABLE = 1 << 20,
	/* Room for the fixed part of the object in any version. */
	CODE_HEAD = 256,
};

/* What a code object is, as its fixed part tells; equal for the same object. */
struct code_head {
	raddr filename, qualname, linetable;
	raddr bytecode;                 /* bytes object of the instructions, 0: they are here */
	uint32_t bytes;                 /* of instructions, 0 if they are elsewhere */
	int32_t first_line;
	int32_t nlocalsplus;            /* 0 where it is not known */
	uint32_t version;               /* never given twice; 0: not known */
	bool shim;                      /* the interpreter's own: no source at all */
};

/* A code object's parts, copied into text one after the other. */
struct code_text {
	uint32_t name_len, file_len, table_len;
	char text[CODE_MAX_NAME + CODE_MAX_FILE + CODE_MAX_TABLE];
};

/* Bytes to read at the object's address for code_head_decode(). */
size_t code_head_size(const struct layout *l);
void code_head_decode(const struct layout *l, const void *bytes, struct code_head *head);

/* Bytes of the instructions, wherever they are. */
uint32_t code_bytes(struct remote *r, const struct layout *l, const struct code_head *head);

/* True if the object at address is of the type code. */
bool code_is_code(struct remote *r, const struct layout *l, raddr address);

/* Reads the parts; the object is one whose head was just read. */
enum read_status code_read_text(struct remote *r, const struct layout *l,
				const struct code_head *head, struct code_text *t);

#endif
