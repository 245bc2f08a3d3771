/* SPDX-License-Identifier: MIT */
#include "tachyon-record/instruction.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/mem.h"

enum {
	SLOTS = 1 << 14,        /* a power of two; a later instruction replaces one */
	/* What was read once is believed so long, then twice as long, ... */
	TRUST_FIRST_NS = 1000000,
};

struct slot {
	raddr at;
	uint64_t read_ns;
	uint32_t code;
	uint32_t trust_ns;
	uint8_t opcode;
};

struct instructions {
	uint32_t trust_ns;
	struct slot *slots;
};

static const size_t slots_size = SLOTS * sizeof(struct slot);

struct instructions *instructions_new(uint64_t trust_ns)
{
	struct instructions *i = mem_alloc(1, sizeof(*i));

	i->trust_ns = trust_ns < UINT32_MAX / 2 ? (uint32_t)trust_ns : UINT32_MAX / 2;
	i->slots = mem_reserve(slots_size);
	if (i->slots)
		return i;
	free(i);
	return NULL;
}

void instructions_free(struct instructions *i)
{
	if (!i)
		return;
	mem_unreserve(i->slots, slots_size);
	free(i);
}

int instructions_get(struct instructions *i, struct remote *r, raddr at, uint32_t code,
		     uint64_t now_ns)
{
	/* Instructions have two bytes. */
	struct slot *s = &i->slots[(at >> 1 ^ at >> 15) & (SLOTS - 1)];
	const bool same = s->at == at && s->code == code;
	unsigned char opcode;

	if (same && now_ns - s->read_ns < s->trust_ns)
		return s->opcode;
	if (remote_read(r, at, &opcode, sizeof(opcode)) != READ_OK)
		return INSTRUCTION_UNKNOWN;
	if (same && opcode == s->opcode && s->trust_ns * UINT64_C(2) <= i->trust_ns)
		s->trust_ns *= 2;
	else if (!same || opcode != s->opcode)
		s->trust_ns = TRUST_FIRST_NS < i->trust_ns ? TRUST_FIRST_NS : i->trust_ns;
	s->at = at;
	s->code = code;
	s->opcode = opcode;
	s->read_ns = now_ns;
	return opcode;
}
