/* SPDX-License-Identifier: MIT */
#include "tachyon-record/cpython/call_sites.h"

#include <stddef.h>

struct call_site_row {
	uint32_t version;
	struct call_site sites[256];
};

static const struct call_site_row rows[] = {
#include "tachyon-record/cpython/call_site_rows.inc"
};

const struct call_site *call_sites_of(uint32_t version)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].version == version)
			return rows[i].sites;
	return NULL;
}

bool call_sites_have_units(const struct call_site *sites)
{
	for (int i = 0; i < 256; i++)
		if (sites[i].units)
			return true;
	return false;
}
