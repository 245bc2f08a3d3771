/* SPDX-License-Identifier: MIT */
/*
 * elf_symbols.h - where an ELF file keeps CPython's runtime.
 *
 * The file is the target's and untrusted; libelf checks its structure.
 */
#ifndef RECORD_ELF_SYMBOLS_H
#define RECORD_ELF_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

enum { ELF_DATA_MAX = 8 };

struct elf_symbols {
	uint64_t runtime;       /* address of _PyRuntime as linked, 0: none */
	uint64_t version;       /* address of Py_Version (3.11 and later), 0: none */
	uint64_t none;          /* address of None, 0: none */
	uint32_t api;           /* version that brought the newest function known to us, 0: none */
	bool has_symbols;       /* the functions that it exports are known */
	bool debug;             /* one of them is of a Py_DEBUG build only */
	uint64_t first_vaddr;   /* page-aligned address of the segment at file offset 0 */
	const char *api_symbol; /* that function */
	const char *how;        /* "dynamic symbol", "symbol table" or "section .PyRuntime" */
	struct elf_data {
		uint64_t vaddr, len;    /* as linked */
	} data[ELF_DATA_MAX];   /* initialised memory that may be written to */
	unsigned ndata;
};

/*
 * Returns 1 when a runtime is defined in the file, 0 when not or not ELF.
 * Segments are filled in for every ELF file.
 */
int elf_symbols_find(int fd, struct elf_symbols *s);

/*
 * Where a section lies, from the beginning of the mapping at file offset 0
 * on; 0: there is none, or not ELF.
 */
uint64_t elf_section_find(int fd, const char *name);

#endif
