/* SPDX-License-Identifier: MIT */
/* mem.c - the place where running out of memory ends the program. */
#include "base/mem.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static _Noreturn void die_no_memory(void)
{
	fprintf(stderr, "%s: out of memory\n", program_invocation_short_name);
	exit(1);
}

void *mem_alloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		die_no_memory();
	return p;
}

void *mem_resize(void *p, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		die_no_memory();

	size_t bytes = n * size;
	void *q = realloc(p, bytes ? bytes : 1);

	if (!q)
		die_no_memory();
	return q;
}

void *mem_grow(void *p, size_t *cap, size_t need, size_t size)
{
	if (need <= *cap)
		return p;

	size_t n = *cap < 16 ? 16 : *cap;

	while (n < need) {
		if (n > SIZE_MAX / 2)
			die_no_memory();
		n += n / 2;
	}
	*cap = n;
	return mem_resize(p, n, size);
}

char *mem_copy(const void *bytes, size_t len)
{
	char *p = mem_resize(NULL, len + 1, 1);

	if (len)
		memcpy(p, bytes, len);
	p[len] = '\0';
	return p;
}

void *mem_reserve(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void mem_unreserve(void *p, size_t size)
{
	if (p)
		munmap(p, size);
}
