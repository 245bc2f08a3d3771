/* SPDX-License-Identifier: MIT */
/*
 * instruction.h - which instruction does a leaf execute?
 *
 * The opcode stands in the target's memory and changes there: generic
 * instructions are specialised, tracers put others in their place.  What was
 * read is believed for a while, and the longer the longer it has not changed,
 * so that the sampling loop reads rarely.
 */
#ifndef RECORD_INSTRUCTION_H
#define RECORD_INSTRUCTION_H

#include <stdint.h>

#include "tachyon-record/remote.h"

struct instructions;

enum { INSTRUCTION_UNKNOWN = -1 };

/*
 * The longest time that an opcode is believed, once it has proven stable.
 * NULL: out of memory.
 */
struct instructions *instructions_new(uint64_t trust_ns);
void instructions_free(struct instructions *i); /* NULL is allowed */

/*
 * The opcode at an address, in the code object of that number; its number
 * changes when the memory is given to another one.
 */
int instructions_get(struct instructions *i, struct remote *r, raddr at, uint32_t code,
		     uint64_t now_ns);

#endif
