/* SPDX-License-Identifier: MIT */
#include "tachyon-record/numbers.h"

#include <stdlib.h>

#include "base/mem.h"

void numbers_release(struct numbers *n)
{
	free(n->free.v);
	free(n->leaving.v);
	*n = (struct numbers){ 0 };
}

static void add(struct number_list *list, uint32_t number)
{
	list->v = mem_grow(list->v, &list->room, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = number;
}

uint32_t numbers_next(const struct numbers *n)
{
	return n->free.n ? n->free.v[n->free.n - 1] : n->highest + 1;
}

uint32_t numbers_take(struct numbers *n)
{
	return n->free.n ? n->free.v[--n->free.n] : ++n->highest;
}

void numbers_leave(struct numbers *n, uint32_t number)
{
	add(&n->leaving, number);
}

void numbers_told(struct numbers *n)
{
	while (n->leaving.n)
		add(&n->free, n->leaving.v[--n->leaving.n]);
}
