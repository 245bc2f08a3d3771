/* SPDX-License-Identifier: MIT */
#include "base/slots.h"

#include <string.h>

#include "base/mem.h"

enum { SLOTS_AT_FIRST = 1 << 12 };

bool slots_init(struct slots *s)
{
	*s = (struct slots){ mem_reserve(SLOTS_AT_FIRST * sizeof(*s->v)), SLOTS_AT_FIRST };
	return s->v != NULL;
}

void slots_release(struct slots *s)
{
	mem_unreserve(s->v, s->n * sizeof(*s->v));
	*s = (struct slots){ 0 };
}

void slots_clear(struct slots *s)
{
	memset(s->v, 0, s->n * sizeof(*s->v));
}

bool slots_make_room(struct slots *s, uint32_t next, slots_hash_fn *hash, const void *arg)
{
	struct slots larger = { NULL, 2 * s->n };

	if (next <= s->n / 2)
		return true;
	larger.v = mem_reserve(larger.n * sizeof(*larger.v));
	if (!larger.v)
		return false;
	for (uint32_t i = 1; i < next; i++) {
		size_t slot = slots_first(&larger, hash(arg, i));

		while (larger.v[slot])
			slot = slots_next(&larger, slot);
		larger.v[slot] = i;
	}
	slots_release(s);
	*s = larger;
	return true;
}
