/* SPDX-License-Identifier: MIT */
/*
 * opcodes.h - the instructions of each version: names, generic forms, and
 * whether native code runs during them (tools/opcode_native.txt).
 */
#ifndef CPYTHON_OPCODES_H
#define CPYTHON_OPCODES_H

#include <stdbool.h>
#include <stdint.h>

enum opcode_native {
	OPCODE_INTERPRETER,     /* the interpreter itself */
	OPCODE_NATIVE,          /* C functions and operations of types */
	OPCODE_ANY,             /* stands for another instruction: not known */
};

enum { OPCODES = 256 };

struct opcode {
	const char *name;       /* NULL: there is no such instruction */
	const char *base;       /* the form that it was specialised from, or itself */
	enum opcode_native native;
};

/* The OPCODES instructions of a version (major << 8 | minor), or NULL. */
const struct opcode *opcodes_of(uint32_t version);

/*
 * What each instruction of a version tells.  A build that specialises its
 * instructions in part, or not at all, leaves the general ones standing for
 * the interpreter's own types and Python functions, too: these tell nothing
 * there.
 */
void opcodes_native(uint32_t version, bool specialises, enum opcode_native native[OPCODES]);

#endif
