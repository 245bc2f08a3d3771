/* SPDX-License-Identifier: MIT */
/*
 * The System V ABI's dynamic section, and the GNU hash table that says how
 * many symbols there are.  Addresses in it are those of the linked file; the
 * PT_LOAD segments say where in the file they stand.
 */
#include "tachyon-record/elf_dynamic.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
	MAX_SYMBOLS = 1 << 20,
	MAX_STRINGS = 1 << 26,
	MAX_DYNAMIC = 1 << 16,
};

struct tables {
	uint64_t symbols, strings, strings_len, hash, gnu_hash;
};

/* The bytes at an address of the linked file; NULL if the file has none there. */
static Elf_Data *bytes_at(Elf *elf, uint64_t address, uint64_t len, Elf_Type type)
{
	size_t n;

	if (!len || elf_getphdrnum(elf, &n) != 0)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr p;

		if (gelf_getphdr(elf, (int)i, &p) && p.p_type == PT_LOAD &&
		    address - p.p_vaddr < p.p_filesz &&
		    len <= p.p_filesz - (address - p.p_vaddr)) {
			Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)(p.p_offset +
						address - p.p_vaddr), len, type);

			return data && data->d_size == len ? data : NULL;
		}
	}
	return NULL;
}

static uint32_t word_at(Elf *elf, uint64_t address)
{
	Elf_Data *data = bytes_at(elf, address, sizeof(uint32_t), ELF_T_WORD);
	uint32_t word = 0;

	if (data)
		memcpy(&word, data->d_buf, sizeof(word));
	return word;
}

static bool find_tables(Elf *elf, struct tables *t)
{
	Elf_Data *data = NULL;
	GElf_Dyn dyn;
	size_t n;

	if (elf_getphdrnum(elf, &n) != 0)
		return false;
	for (size_t i = 0; i < n && !data; i++) {
		GElf_Phdr p;

		if (gelf_getphdr(elf, (int)i, &p) && p.p_type == PT_DYNAMIC &&
		    p.p_filesz <= MAX_DYNAMIC)
			data = elf_getdata_rawchunk(elf, (int64_t)p.p_offset, p.p_filesz,
						    ELF_T_DYN);
	}
	for (int i = 0; data && gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++) {
		uint64_t *to = dyn.d_tag == DT_SYMTAB ? &t->symbols :
			       dyn.d_tag == DT_STRTAB ? &t->strings :
			       dyn.d_tag == DT_STRSZ ? &t->strings_len :
			       dyn.d_tag == DT_HASH ? &t->hash :
			       dyn.d_tag == DT_GNU_HASH ? &t->gnu_hash : NULL;

		if (to)
			*to = dyn.d_un.d_val;
	}
	return t->symbols && t->strings && t->strings_len <= MAX_STRINGS;
}

/*
 * The GNU table lists symbols by bucket, in their order: the last chain ends
 * with the last symbol, which has bit 0 set.
 */
static uint32_t gnu_symbols(Elf *elf, uint64_t at)
{
	const uint32_t buckets = word_at(elf, at), first = word_at(elf, at + 4);
	const uint64_t words = word_at(elf, at + 8);
	const uint64_t bucket = at + 16 + 8 * words, chain = bucket + 4 * (uint64_t)buckets;
	Elf_Data *data = bytes_at(elf, bucket, 4 * (uint64_t)buckets, ELF_T_WORD);
	uint32_t last = 0;

	for (uint32_t i = 0; data && i < buckets; i++) {
		uint32_t symbol;

		memcpy(&symbol, (char *)data->d_buf + 4 * (size_t)i, sizeof(symbol));
		last = symbol > last ? symbol : last;
	}
	if (last < first)
		return 0;
	while (last < MAX_SYMBOLS && !(word_at(elf, chain + 4 * (uint64_t)(last - first)) & 1))
		last++;
	return last + 1;
}

void elf_dynamic_each(Elf *elf, elf_symbol_fn *fn, void *arg)
{
	const size_t size = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
	struct tables t = { 0 };
	Elf_Data *symbols, *strings;
	uint32_t n;
	GElf_Sym sym;

	if (!find_tables(elf, &t))
		return;
	n = t.hash ? word_at(elf, t.hash + 4) : t.gnu_hash ? gnu_symbols(elf, t.gnu_hash) : 0;
	if (!n || n > MAX_SYMBOLS)
		return;
	symbols = bytes_at(elf, t.symbols, n * size, ELF_T_SYM);
	strings = bytes_at(elf, t.strings, t.strings_len, ELF_T_BYTE);
	if (!symbols || !strings || ((char *)strings->d_buf)[t.strings_len - 1])
		return;
	for (uint32_t i = 0; i < n && gelf_getsym(symbols, (int)i, &sym); i++)
		if (sym.st_shndx != SHN_UNDEF && sym.st_name < t.strings_len)
			fn(arg, (char *)strings->d_buf + sym.st_name, &sym);
}
