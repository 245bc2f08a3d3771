/* SPDX-License-Identifier: MIT */
/*
 * address_map.h - addresses of the target to numbers of ours.
 *
 * Open addressing; a removed entry leaves no mark.  Grows by itself, so that
 * a look-up takes constant time on average.
 */
#ifndef RECORD_ADDRESS_MAP_H
#define RECORD_ADDRESS_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "tachyon-record/remote.h"

struct address_map {
	struct address_entry {
		raddr address;          /* 0: free */
		uint32_t value;
	} *slots;
	size_t nslots, n;               /* nslots: a power of two, or 0 */
};

void address_map_release(struct address_map *m);

/* The value of an address; 0 if it has none. */
uint32_t address_map_get(const struct address_map *m, raddr address);

/* Values and addresses are not 0. */
void address_map_set(struct address_map *m, raddr address, uint32_t value);
void address_map_remove(struct address_map *m, raddr address);

#endif
