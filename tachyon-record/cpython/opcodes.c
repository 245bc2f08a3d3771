/* SPDX-License-Identifier: MIT */
#include "tachyon-record/cpython/opcodes.h"

#include <stddef.h>
#include <string.h>

static const struct {
	uint32_t version;
	struct opcode ops[OPCODES];
} versions[] = {
#include "tachyon-record/cpython/opcode_rows.inc"
};

const struct opcode *opcodes_of(uint32_t version)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (versions[i].version == version)
			return versions[i].ops;
	return NULL;
}

/* True if other forms of the instruction leave nothing but native code to the general one. */
static bool has_own_forms(const struct opcode *ops, const struct opcode *op)
{
	for (int i = 0; i < OPCODES; i++)
		if (ops[i].name && ops[i].native == OPCODE_INTERPRETER &&
		    strcmp(ops[i].base, op->base) == 0)
			return true;
	return false;
}

static bool is_general(const struct opcode *op)
{
	const size_t n = strlen(op->base);

	/* BINARY_OP and INSTRUMENTED_BINARY_OP, but not BINARY_OP_EXTEND. */
	return strncmp(op->name, op->base, n) != 0 || !op->name[n];
}

void opcodes_native(uint32_t version, bool specialises, enum opcode_native native[OPCODES])
{
	const struct opcode *ops = opcodes_of(version);

	for (int i = 0; i < OPCODES; i++) {
		native[i] = ops ? ops[i].native : OPCODE_ANY;
		if (!specialises && ops && ops[i].name && native[i] == OPCODE_NATIVE &&
		    is_general(&ops[i]) && has_own_forms(ops, &ops[i]))
			native[i] = OPCODE_ANY;
	}
}
