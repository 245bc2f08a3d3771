/* SPDX-License-Identifier: MIT */
/* outputs.c - the formats.  Adding one is a file and a line. */
#include "tachyon-report/output.h"

#include <string.h>

const struct output *const outputs[] = {
	&output_collapsed,
	&output_info,
	&output_pstats,
	NULL,
};

const struct output *output_find(const char *name)
{
	for (const struct output *const *o = outputs; *o; o++)
		if (strcmp((*o)->name, name) == 0)
			return *o;
	return NULL;
}
