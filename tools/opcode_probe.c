/* SPDX-License-Identifier: MIT */
/*
 * Compiled against the headers of one CPython, prints that version's row of
 * tachyon-record/cpython/opcodes.c.  opcode_names.inc and opcode_native.inc
 * are made by tools/opcodes.sh: N(name) for each instruction of the headers,
 * C(name, first version) for each line of tools/opcode_native.txt.
 */
#define Py_BUILD_CORE 1
#define NEED_OPCODE_TABLES 1
#define NEED_OPCODE_METADATA 1
#include <Python.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <opcode.h>
#if PY_VERSION_HEX >= 0x030d0000
#include <internal/pycore_opcode_metadata.h>
#elif PY_VERSION_HEX >= 0x030b0000
#include <internal/pycore_opcode.h>
#else
static unsigned char _PyOpcode_Deopt[256];
#endif

static const char *const names[256] = {
#define N(name) [name] = #name,
#include "opcode_names.inc"
};

static const struct {
	const char *name;
	unsigned since;         /* major << 8 | minor */
} natives[] = {
#define C(name, since) { #name, since },
#include "opcode_native.inc"
};

/* The instruction that an instrumented one stands for. */
static const char *plain(const char *name)
{
	static const char prefix[] = "INSTRUMENTED_";
	const char *rest = name + strlen(prefix);

	if (strncmp(name, prefix, strlen(prefix)) != 0)
		return name;
	for (int i = 0; i < 256; i++)
		if (names[i] && strcmp(names[i], rest) == 0)
			return names[i];
	return name;
}

static const char *base_of(int op)
{
	int base = _PyOpcode_Deopt[op];

	return plain(base && names[base] ? names[base] : names[op]);
}

static const char *class_of(const char *name)
{
	for (size_t i = 0; i < sizeof(natives) / sizeof(natives[0]); i++)
		if (strcmp(natives[i].name, name) == 0)
			return PY_VERSION_HEX >> 16 >= natives[i].since ? "OPCODE_NATIVE"
									 : "OPCODE_ANY";
	return "OPCODE_INTERPRETER";
}

int main(void)
{
	printf("\t{\n\t.version = 0x%04x,\n\t.ops = {\n", (unsigned)(PY_VERSION_HEX >> 16));
	for (int i = 0; i < 256; i++)
		if (names[i])
			printf("\t\t[%d] = { \"%s\", \"%s\", %s },\n", i, names[i], base_of(i),
			       class_of(plain(names[i])));
	printf("\t},\n\t},\n");
	return 0;
}
