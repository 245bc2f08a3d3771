/* SPDX-License-Identifier: MIT */
#include "tachyon-record/code_copies.h"

#include <stdlib.h>

enum {
	SLOTS = 4096,                   /* a power of two */
	MAX_COPIES = 1 << 16,           /* of one object; guards against garbage */
	WORD = 8,
};

struct copy {
	raddr code, first_instr;
	uint32_t index, generation;
};

/* By code and index; what comes later takes the place. */
struct code_copies {
	struct copy slots[SLOTS];
};

struct code_copies *code_copies_new(void)
{
	return calloc(1, sizeof(struct code_copies));
}

void code_copies_free(struct code_copies *c)
{
	free(c);
}

/* struct _PyCodeArray: Py_ssize_t size, then as many pointers. */
static raddr read_copy(struct remote *r, const struct layout *l, raddr code, uint32_t index)
{
	raddr array = remote_ptr(r, code + (raddr)OFF(l, code_copies));
	uint64_t size = array ? remote_ptr(r, array) : 0;

	if (index >= size || index >= MAX_COPIES)
		return 0;
	return remote_ptr(r, array + WORD * (1 + (raddr)index));
}

raddr code_copies_find(struct code_copies *c, struct remote *r, const struct layout *l,
		       const struct code *code, uint32_t index, raddr instr,
		       uint32_t generation)
{
	const uint64_t key = (code->address >> 4) * 31 + index;
	struct copy *s = &c->slots[key * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (SLOTS - 1)];

	if (OFF(l, code_copies) == ABSENT)
		return 0;
	if (s->code != code->address || s->index != index || s->generation != generation ||
	    instr - s->first_instr >= code->bytes)
		*s = (struct copy){ code->address, read_copy(r, l, code->address, index),
				    index, generation };
	return s->first_instr && instr - s->first_instr < code->bytes ? s->first_instr : 0;
}
