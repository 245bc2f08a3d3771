/* SPDX-License-Identifier: MIT */
#include "tachyon-record/runtime_scan.h"

#include <string.h>

#include "tachyon-record/cpython/layout.h"

enum {
	CHUNK = 64 << 10,
	/* Of one segment; a Python's own has less than a tenth of it. */
	MAX_SCAN = 64 << 20,
	WORD = 8,
};

raddr runtime_scan(struct remote *r, raddr from, uint64_t len)
{
	char bytes[CHUNK];
	const raddr end = from + (len < MAX_SCAN ? len : MAX_SCAN);

	/* The structure is aligned like the words in it. */
	for (raddr at = (from + WORD - 1) & ~(raddr)(WORD - 1); at < end; at += CHUNK) {
		const size_t n = end - at < CHUNK ? (size_t)(end - at) : CHUNK;

		if (remote_read(r, at, bytes, n) != READ_OK)
			continue;
		for (size_t i = 0; i + WORD <= n; i += WORD)
			if (memcmp(bytes + i, layout_cookie, WORD) == 0 &&
			    layout_described_version(r, at + i))
				return at + i;
	}
	return 0;
}
