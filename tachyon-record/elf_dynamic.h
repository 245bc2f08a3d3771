/* SPDX-License-Identifier: MIT */
/*
 * elf_dynamic.h - the dynamic symbols of a file without section headers.
 *
 * The loader needs none: the segment PT_DYNAMIC leads to the symbols that a
 * file exports even when everything else has been stripped away.
 */
#ifndef RECORD_ELF_DYNAMIC_H
#define RECORD_ELF_DYNAMIC_H

#include <gelf.h>

/* Called for each symbol that the file defines. */
typedef void elf_symbol_fn(void *arg, const char *name, const GElf_Sym *sym);

void elf_dynamic_each(Elf *elf, elf_symbol_fn *fn, void *arg);

#endif
