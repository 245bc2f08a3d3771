/* SPDX-License-Identifier: MIT */
/*
 * _PyRuntime is exported by every usual build; a stripped static one still
 * has the section .PyRuntime, which holds nothing else (Python/pylifecycle.c
 * and Include/internal/pycore_debug_offsets.h, GENERATE_DEBUG_SECTION).
 * _Py_NegativeRefcount exists with Py_REF_DEBUG, which Py_DEBUG switches on
 * (Include/object.h and Include/pyport.h).
 */
#include "tachyon-record/elf_symbols.h"

#include <gelf.h>
#include <string.h>

#include "tachyon-record/cpython/layout.h"
#include "tachyon-record/elf_dynamic.h"

static const uint64_t page_mask = ~UINT64_C(0xfff);

static void note_api(const char *name, struct elf_symbols *s)
{
	const struct layout_symbol *symbol = layout_symbol(name);

	if (symbol && symbol->version > s->api) {
		s->api = symbol->version;
		s->api_symbol = symbol->name;
	}
}

static void take_symbol(struct elf_symbols *s, const char *name, const GElf_Sym *sym,
			const char *how)
{
	if (!s->runtime && strcmp(name, "_PyRuntime") == 0) {
		s->runtime = sym->st_value;
		s->how = how;
	} else if (!s->version && strcmp(name, "Py_Version") == 0) {
		s->version = sym->st_value;
	} else if (!s->none && strcmp(name, "_Py_NoneStruct") == 0) {
		s->none = sym->st_value;
	} else if (strcmp(name, "_Py_NegativeRefcount") == 0) {
		s->debug = true;
	} else {
		note_api(name, s);
	}
}

static void take_dynamic(void *s, const char *name, const GElf_Sym *sym)
{
	take_symbol(s, name, sym, "dynamic symbol");
}

static void search_symbols(Elf *elf, Elf_Scn *scn, const GElf_Shdr *shdr, const char *how,
			   struct elf_symbols *s)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	size_t n = data && shdr->sh_entsize ? data->d_size / shdr->sh_entsize : 0;

	for (size_t i = 0; i < n; i++) {
		GElf_Sym sym;
		const char *name;

		if (!gelf_getsym(data, (int)i, &sym) || sym.st_shndx == SHN_UNDEF)
			continue;
		name = elf_strptr(elf, shdr->sh_link, sym.st_name);
		if (name)
			take_symbol(s, name, &sym, how);
	}
}

/* The address of a section as linked, 0: there is none. */
static uint64_t section_address(Elf *elf, const char *wanted)
{
	GElf_Shdr shdr;
	size_t names;

	if (elf_getshdrstrndx(elf, &names) != 0)
		return 0;
	for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn)) {
		const char *name;

		if (!gelf_getshdr(scn, &shdr))
			continue;
		name = elf_strptr(elf, names, shdr.sh_name);
		if (name && strcmp(name, wanted) == 0)
			return shdr.sh_addr;
	}
	return 0;
}

static void search_sections(Elf *elf, struct elf_symbols *s)
{
	static const struct {
		GElf_Word type;
		const char *how;
	} tables[] = {
		{ SHT_DYNSYM, "dynamic symbol" },
		{ SHT_SYMTAB, "symbol table" },
	};
	bool found_table = false;
	Elf_Scn *scn;
	GElf_Shdr shdr;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) &&
	     !(s->runtime && s->version); i++)
		for (scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn))
			if (gelf_getshdr(scn, &shdr) && shdr.sh_type == tables[i].type) {
				search_symbols(elf, scn, &shdr, tables[i].how, s);
				found_table = true;
			}
	if (!found_table)
		elf_dynamic_each(elf, take_dynamic, s);
	s->has_symbols = s->runtime != 0;
	if (s->runtime)
		return;
	s->runtime = section_address(elf, ".PyRuntime");
	s->how = "section .PyRuntime";
}

static bool find_segments(Elf *elf, struct elf_symbols *s)
{
	bool found = false;
	size_t n;

	if (elf_getphdrnum(elf, &n) != 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr phdr;

		if (!gelf_getphdr(elf, (int)i, &phdr) || phdr.p_type != PT_LOAD)
			continue;
		if (!found && !(phdr.p_offset & page_mask)) {
			s->first_vaddr = phdr.p_vaddr & page_mask;
			found = true;
		}
		if (phdr.p_flags & PF_W && s->ndata < ELF_DATA_MAX)
			s->data[s->ndata++] = (struct elf_data){ phdr.p_vaddr, phdr.p_filesz };
	}
	return found;
}

/* Not mapped: a file that shrinks must not end us with SIGBUS. */
static Elf *open_elf(int fd)
{
	Elf *elf = elf_version(EV_CURRENT) == EV_NONE ? NULL : elf_begin(fd, ELF_C_READ, NULL);

	if (elf && elf_kind(elf) == ELF_K_ELF && gelf_getclass(elf) == ELFCLASS64)
		return elf;
	elf_end(elf);
	return NULL;
}

int elf_symbols_find(int fd, struct elf_symbols *s)
{
	Elf *elf = open_elf(fd);

	*s = (struct elf_symbols){ 0 };
	if (elf && find_segments(elf, s))
		search_sections(elf, s);
	elf_end(elf);
	return s->runtime != 0;
}

uint64_t elf_section_find(int fd, const char *name)
{
	Elf *elf = open_elf(fd);
	struct elf_symbols s = { 0 };
	uint64_t at = 0;

	if (elf && find_segments(elf, &s))
		at = section_address(elf, name);
	elf_end(elf);
	return at > s.first_vaddr ? at - s.first_vaddr : 0;
}
