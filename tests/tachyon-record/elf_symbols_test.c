/* SPDX-License-Identifier: MIT */
/*
 * elf_symbols_test - the runtime's symbols in files that have them and that
 * do not.
 *
 * The test's own file stands for a debug build of Python: it defines the symbols.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tachyon-record/elf_symbols.h"
#include "tests/fixture.h"

extern unsigned long _PyRuntime[16], Py_Version, _Py_NoneStruct;
unsigned long _PyRuntime[16] = { 1 }, Py_Version = 0x030b07f0, _Py_NoneStruct = 1;

void _Py_NegativeRefcount(void);
void _Py_NegativeRefcount(void)
{
}

void PyConfig_InitPythonConfig(void);
void PyConfig_InitPythonConfig(void)
{
}

void PyFrame_GetBack(void);
void PyFrame_GetBack(void)
{
}

static struct buf own;                  /* the bytes of the test's own file */

static int read_own(void **state)
{
	(void)state;
	own = fixture_read(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
	return own.len ? 0 : -1;
}

static int release_own(void **state)
{
	(void)state;
	buf_release(&own);
	return 0;
}

static int find(const void *bytes, size_t len, struct elf_symbols *s)
{
	int fd = fixture_file(bytes, len), found;

	memset(s, 0xff, sizeof(*s));
	found = elf_symbols_find(fd, s);
	close(fd);
	assert_int_equal(found, s->runtime != 0);
	return found;
}

/* Where the program's first segment was put: the first object listed is it. */
static int own_base(struct dl_phdr_info *info, size_t size, void *base)
{
	(void)size;
	*(uint64_t *)base = info->dlpi_addr;
	return 1;
}

static void the_own_file(void **state)
{
	struct elf_symbols s;
	uint64_t base = 0;

	(void)state;
	dl_iterate_phdr(own_base, &base);
	assert_int_equal(find(own.data, own.len, &s), 1);
	assert_true(base + s.runtime == (uintptr_t)_PyRuntime);
	assert_true(base + s.version == (uintptr_t)&Py_Version);
	assert_true(base + s.none == (uintptr_t)&_Py_NoneStruct);
	assert_true(s.has_symbols);
	assert_true(s.debug);
	assert_int_equal(s.api, 0x0309);
	assert_string_equal(s.api_symbol, "PyFrame_GetBack");
	assert_int_equal(s.first_vaddr & 0xfff, 0);
	/* The linker may have exported it as well. */
	assert_true(strcmp(s.how, "symbol table") == 0 ||
		    strcmp(s.how, "dynamic symbol") == 0);
}

static void files_without_a_runtime(void **state)
{
	static const char text[] = "#!/usr/bin/env python3\nprint('_PyRuntime')\n";
	struct elf_symbols s;
	int fd;

	(void)state;
	assert_int_equal(find("", 0, &s), 0);
	assert_int_equal(find(text, sizeof(text) - 1, &s), 0);
	assert_int_equal(find("\177ELF", 4, &s), 0);
	assert_int_equal(find("\177ELF\2\1\1", 7, &s), 0);
	assert_int_equal(find("!<arch>\n", 8, &s), 0);
	fd = open("/bin/sh", O_RDONLY | O_CLOEXEC);
	assert_int_equal(elf_symbols_find(fd, &s), 0);
	close(fd);
	assert_int_equal(elf_symbols_find(-1, &s), 0);
	fd = open("/", O_RDONLY | O_CLOEXEC);
	assert_int_equal(elf_symbols_find(fd, &s), 0);
	close(fd);
}

static void another_class_is_not_read(void **state)
{
	struct elf_symbols s;

	(void)state;
	own.data[EI_CLASS] = ELFCLASS32;
	assert_int_equal(find(own.data, own.len, &s), 0);
	own.data[EI_CLASS] = ELFCLASS64;
}

static void cut_files(void **state)
{
	struct elf_symbols s;

	(void)state;
	for (size_t len = 0; len < 256; len++)
		find(own.data, len, &s);
	for (unsigned i = 1; i < 200; i++)
		find(own.data, own.len / 200 * i, &s);
	/* Section headers stand at the end of the file. */
	assert_int_equal(find(own.data, own.len / 2, &s), 0);
}

/* A copy of the file without section headers: only what the loader needs is left. */
static char *without_sections(void)
{
	char *bytes = malloc(own.len);
	ElfW(Ehdr) header;

	assert_non_null(bytes);
	memcpy(bytes, own.data, own.len);
	memcpy(&header, bytes, sizeof(header));
	header.e_shoff = 0;
	header.e_shentsize = header.e_shnum = header.e_shstrndx = 0;
	memcpy(bytes, &header, sizeof(header));
	return bytes;
}

static void dynamic_symbols_without_sections(void **state)
{
	struct elf_symbols whole, s;
	char *bytes = without_sections();
	int found;

	(void)state;
	find(own.data, own.len, &whole);
	found = find(bytes, own.len, &s);
	assert_int_equal(found, strcmp(whole.how, "dynamic symbol") == 0);
	if (found) {
		assert_true(s.runtime == whole.runtime);
		assert_string_equal(s.how, "dynamic symbol");
	}
	assert_int_equal(s.ndata, whole.ndata);
	assert_int_equal(s.ndata, 1);
	free(bytes);
}

static void damaged_dynamic_section(void **state)
{
	char *bytes = without_sections();
	uint32_t seed = 815;

	(void)state;
	/* Headers, hash table, symbols and strings stand at the beginning. */
	for (unsigned round = 0; round < 1000; round++) {
		const size_t most = round % 2 ? own.len : 4096;
		struct elf_symbols s;
		size_t at[8];

		for (int i = 0; i < 8; i++) {
			seed = seed * 1664525 + 1013904223;
			at[i] = (seed >> 8) % most;
			bytes[at[i]] = (char)(seed >> 24);
		}
		memcpy(bytes, own.data, 0x28);
		find(bytes, own.len, &s);
		for (int i = 0; i < 8; i++)
			bytes[at[i]] = own.data[at[i]];
		memset(bytes + 0x28, 0, 8);
		memset(bytes + 0x3a, 0, 6);
	}
	free(bytes);
}

/* The headers of file, segments and sections hold anything. */
static void damaged_headers(void **state)
{
	ElfW(Ehdr) header;
	uint32_t seed = 4711;

	(void)state;
	memcpy(&header, own.data, sizeof(header));
	for (unsigned round = 0; round < 300; round++) {
		struct elf_symbols s;
		size_t at[8];
		char was[8];

		for (int i = 0; i < 8; i++) {
			seed = seed * 1664525 + 1013904223;
			at[i] = (seed >> 8) % 1024;
			if (round % 3 == 1)
				at[i] = sizeof(header) + (seed >> 8) % 512;
			else if (round % 3 == 2)
				at[i] = header.e_shoff + (seed >> 8) %
					(own.len - header.e_shoff);
			was[i] = own.data[at[i]];
			own.data[at[i]] = (char)(seed >> 24);
		}
		find(own.data, own.len, &s);
		for (int i = 8; i-- > 0; )
			own.data[at[i]] = was[i];
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_own_file),
		cmocka_unit_test(files_without_a_runtime),
		cmocka_unit_test(another_class_is_not_read),
		cmocka_unit_test(cut_files),
		cmocka_unit_test(damaged_headers),
		cmocka_unit_test(dynamic_symbols_without_sections),
		cmocka_unit_test(damaged_dynamic_section),
	};

	return cmocka_run_group_tests_name("elf_symbols", tests, read_own, release_own);
}
