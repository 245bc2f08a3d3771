/* SPDX-License-Identifier: MIT */
#include "tachyon-record/cpython/opcodes.h"

#include <stddef.h>

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
