/* SPDX-License-Identifier: MIT */
/*
 * mem.h - allocation that cannot fail.
 *
 * Out of memory, or a size that does not fit in size_t, ends the program with
 * a sentence and exit status 1: the one permitted exit below main.c.  Callers
 * never pass a size that comes from a file and was not checked against the
 * bytes that remain of it.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* Memory for n zeroed things of size bytes each; never NULL.  free() it. */
void *mem_alloc(size_t n, size_t size);

/* Changes p to hold n things; what is added is not initialised. */
void *mem_resize(void *p, size_t n, size_t size);

/*
 * Makes p hold at least need things; *cap is what it holds.  Grows by half as
 * much again, so that adding one by one costs constant time on average.
 */
void *mem_grow(void *p, size_t *cap, size_t need, size_t size);

/*
 * Zeroed memory of which pages count only once they are used; NULL if there is
 * none.  mem_unreserve() takes the same size; NULL is allowed.
 */
void *mem_reserve(size_t size);
void mem_unreserve(void *p, size_t size);

/* A NUL-terminated copy of len bytes. */
char *mem_copy(const void *bytes, size_t len);

#endif
