/* SPDX-License-Identifier: MIT */
#include "tachyon-record/asyncio/address_map.h"

#include <stdlib.h>

#include "base/mem.h"

enum { FIRST_SLOTS = 64 };

void address_map_release(struct address_map *m)
{
	free(m->slots);
	*m = (struct address_map){ 0 };
}

static size_t home(const struct address_map *m, raddr address)
{
	return (size_t)((address >> 3) * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (m->nslots - 1);
}

/* The slot of an address, or the free one where it would be. */
static size_t find(const struct address_map *m, raddr address)
{
	size_t i = home(m, address);

	while (m->slots[i].address && m->slots[i].address != address)
		i = (i + 1) & (m->nslots - 1);
	return i;
}

uint32_t address_map_get(const struct address_map *m, raddr address)
{
	return m->nslots && address ? m->slots[find(m, address)].value : 0;
}

static void grow(struct address_map *m)
{
	struct address_map old = *m;

	m->nslots = old.nslots ? 2 * old.nslots : FIRST_SLOTS;
	m->slots = mem_alloc(m->nslots, sizeof(*m->slots));
	for (size_t i = 0; i < old.nslots; i++)
		if (old.slots[i].address)
			m->slots[find(m, old.slots[i].address)] = old.slots[i];
	free(old.slots);
}

void address_map_set(struct address_map *m, raddr address, uint32_t value)
{
	size_t i;

	if (2 * (m->n + 1) > m->nslots)
		grow(m);
	i = find(m, address);
	m->n += !m->slots[i].address;
	m->slots[i] = (struct address_entry){ address, value };
}

void address_map_remove(struct address_map *m, raddr address)
{
	const size_t mask = m->nslots - 1;
	size_t hole;

	if (!m->nslots || !address)
		return;
	hole = find(m, address);
	if (!m->slots[hole].address)
		return;
	/* What follows moves up, unless that would put it in front of its home. */
	for (size_t i = (hole + 1) & mask; m->slots[i].address; i = (i + 1) & mask) {
		size_t want = home(m, m->slots[i].address);

		if (((i - want) & mask) < ((i - hole) & mask))
			continue;
		m->slots[hole] = m->slots[i];
		hole = i;
	}
	m->slots[hole] = (struct address_entry){ 0 };
	m->n--;
}
