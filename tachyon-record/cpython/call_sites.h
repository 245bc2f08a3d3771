/* SPDX-License-Identifier: MIT */
/*
 * call_sites.h - what can run above a frame, by the instruction it stands at.
 *
 * A frame whose callee runs stands at the instruction that called it.  One
 * that stands elsewhere is the innermost one, whatever the memory above it
 * still looks like.
 */
#ifndef CPYTHON_CALL_SITES_H
#define CPYTHON_CALL_SITES_H

#include <stdbool.h>
#include <stdint.h>

enum call_site_flag {
	SITE_CALLS = 1,               /* goes on with a function's frame, no C between */
	SITE_RESUMES = 2,             /* the same with a generator's or coroutine's */
	SITE_SURELY = 4,              /* and hardly ever does anything else */
	SITE_QUIET = 8,               /* runs no other Python code, not even through C */
	SITE_NOT_RESUMES = 16,        /* resumes no generator through C */
	SITE_RETURNS = 32,            /* leaves its frame */
	SITE_ANYTHING = 64,           /* stands for another instruction */
	SITE_ITERATES = 128,          /* resumes a generator, through C */
};

/* 0: only C is called, which may run any Python code. */
struct call_site {
	uint8_t flags;                  /* enum call_site_flag */
	uint8_t units;                  /* that follow it; 0 where no frame stands at one */
};

enum {
	SITE_UNIT = 2,                /* bytes of a code unit; the first is the opcode */
	SITE_ANY_UNITS = 255,         /* as many as the instruction has that it stands for */
};

/* May a frame stand at the last unit of an instruction?  Else at the first only. */
bool call_sites_have_units(const struct call_site *sites);

/* Those of a version (major << 8 | minor), by opcode; NULL: not known. */
const struct call_site *call_sites_of(uint32_t version);

#endif
