/* SPDX-License-Identifier: MIT */
/*
 * intern.c - open addressing with linear probing; a slot holds the upper half
 * of the hash beside the id, so that most misses never touch the key.
 */
#include "base/intern.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/mem.h"

enum { FIRST_SLOTS = 64 };

static uint64_t mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 wide = (unsigned __int128)a * b;

	return (uint64_t)wide ^ (uint64_t)(wide >> 64);
}

/* Multiply-and-fold over eight bytes at a time. */
static uint64_t hash_bytes(const void *key, size_t len, uint64_t seed)
{
	const unsigned char *p = key;
	uint64_t h = seed ^ len, word;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&word, p, 8);
		h = mix(h ^ word, 0x9e3779b97f4a7c15u);
	}
	if (len) {
		word = 0;
		memcpy(&word, p, len);
		h = mix(h ^ word, 0xd6e8feb86659fd93u);
	}
	return mix(h, 0xa0761d6478bd642fu);
}

/* The kernel gives every process 16 random bytes (getauxval(3)). */
static uint64_t random_seed(void)
{
	uint64_t seed = 0x2545f4914f6cdd1du;
	const void *bytes = (const void *)getauxval(AT_RANDOM);

	if (bytes)
		memcpy(&seed, bytes, sizeof(seed));
	return seed;
}

void intern_init(struct intern *t, size_t width, uint32_t limit)
{
	*t = (struct intern){ .width = width, .limit = limit, .seed = random_seed() };
}

void intern_release(struct intern *t)
{
	buf_release(&t->keys);
	free(t->ends);
	free(t->slots);
	intern_init(t, t->width, t->limit);
}

const void *intern_get(const struct intern *t, uint32_t id, size_t *len)
{
	size_t start, end;

	if (t->width) {
		start = (id - 1) * t->width;
		end = start + t->width;
	} else {
		start = id > 1 ? t->ends[id - 2] : 0;
		end = t->ends[id - 1];
	}
	if (len)
		*len = end - start;
	/* No key was added before the first one that has bytes. */
	return t->keys.data ? t->keys.data + start : "";
}

static uint64_t *empty_slot(uint64_t *slots, size_t nslots, uint64_t hash)
{
	size_t i = hash & (nslots - 1);

	while (slots[i])
		i = (i + 1) & (nslots - 1);
	return &slots[i];
}

static uint64_t slot_value(uint64_t hash, uint32_t id)
{
	return (hash & 0xffffffff00000000u) | id;
}

static void grow_slots(struct intern *t)
{
	size_t nslots = t->nslots ? t->nslots * 2 : FIRST_SLOTS;
	uint64_t *slots = mem_alloc(nslots, sizeof(*slots));

	for (uint32_t id = 1; id <= t->count; id++) {
		size_t len;
		const void *key = intern_get(t, id, &len);
		uint64_t hash = hash_bytes(key, len, t->seed);

		*empty_slot(slots, nslots, hash) = slot_value(hash, id);
	}
	free(t->slots);
	t->slots = slots;
	t->nslots = nslots;
}

static bool is_key(const struct intern *t, uint32_t id, const void *key, size_t len)
{
	size_t held_len;
	const void *held = intern_get(t, id, &held_len);

	return held_len == len && (len == 0 || memcmp(held, key, len) == 0);
}

uint32_t intern_add(struct intern *t, const void *key, size_t len)
{
	uint64_t hash = hash_bytes(key, len, t->seed);

	if (t->nslots) {
		size_t i = hash & (t->nslots - 1);

		for (; t->slots[i]; i = (i + 1) & (t->nslots - 1)) {
			uint32_t id = (uint32_t)t->slots[i];

			if (t->slots[i] == slot_value(hash, id) &&
			    is_key(t, id, key, len))
				return id;
		}
	}
	if (t->count >= t->limit)
		return 0;
	/* At most two thirds full, or the runs of used slots become long. */
	if (((size_t)t->count + 1) * 3 > t->nslots * 2)
		grow_slots(t);

	buf_add(&t->keys, key, len);
	t->count++;
	if (!t->width) {
		t->ends = mem_grow(t->ends, &t->ends_cap, t->count, sizeof(*t->ends));
		t->ends[t->count - 1] = t->keys.len;
	}
	*empty_slot(t->slots, t->nslots, hash) = slot_value(hash, t->count);
	return t->count;
}

size_t intern_memory(const struct intern *t)
{
	return t->keys.cap + t->ends_cap * sizeof(*t->ends) +
	       t->nslots * sizeof(*t->slots);
}
