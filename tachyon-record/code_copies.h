/* SPDX-License-Identifier: MIT */
/*
 * code_copies.h - where threads' own copies of a function's bytecode are.
 *
 * Free-threaded builds from 3.14 on run each thread on its own copy, of the
 * number that the frame names (_PyCodeArray, Include/cpython/code.h); number
 * 0 stands in the code object itself.  Where a copy is does not change until
 * the interpreter gives its number to another thread, which it counts.
 */
#ifndef RECORD_CODE_COPIES_H
#define RECORD_CODE_COPIES_H

#include <stdint.h>

#include "tachyon-record/code_table.h"

struct code_copies;

struct code_copies *code_copies_new(void);      /* NULL: out of memory */
void code_copies_free(struct code_copies *c);   /* NULL is allowed */

/*
 * The first instruction of copy number index of the object's bytecode; 0 if
 * there is no such copy that holds instr.  generation is the interpreter's
 * count.
 */
raddr code_copies_find(struct code_copies *c, struct remote *r, const struct layout *l,
		       const struct code *code, uint32_t index, raddr instr,
		       uint32_t generation);

#endif
