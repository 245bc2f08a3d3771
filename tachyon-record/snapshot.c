/* SPDX-License-Identifier: MIT */
#include "tachyon-record/snapshot.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

void snapshot_release(struct snapshot *s)
{
	free(s->ranges);
	free(s->at);
	free(s->copy);
	*s = (struct snapshot){ 0 };
}

void snapshot_reset(struct snapshot *s)
{
	s->n = 0;
	s->len = 0;
	s->got = 0;
}

unsigned snapshot_add(struct snapshot *s, raddr from, size_t len)
{
	if (s->n == s->room) {
		/* Happens while a target grows, not from tick to tick. */
		s->room = s->room ? 2 * s->room : 64;
		s->ranges = mem_resize(s->ranges, s->room, sizeof(*s->ranges));
		s->at = mem_resize(s->at, s->room, sizeof(*s->at));
	}
	s->ranges[s->n] = (struct iovec){ (void *)(uintptr_t)from, len };
	s->at[s->n] = s->len;
	s->len += len;
	return s->n++;
}

enum read_status snapshot_read(struct snapshot *s, struct remote *r)
{
	enum read_status st;
	uint64_t began;

	if (s->len > s->size) {
		s->size = s->len + s->len / 2;
		s->copy = mem_resize(s->copy, s->size, 1);
	}
	began = clock_now();
	s->got = remote_readv(r, s->ranges, s->n, s->copy, s->len, &st);
	s->took_ns = clock_now() - began;
	return st;
}
