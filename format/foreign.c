/* SPDX-License-Identifier: MIT */
/* foreign.c - recognise files by their first bytes, to say something useful. */
#include "format/foreign.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"

struct signature {
	const char *bytes;
	size_t len;
	const char *what;               /* NULL: zstd, as it should be */
};

#define SIGNATURE(bytes, what) { bytes, sizeof(bytes) - 1, what }

static const struct signature signatures[] = {
	SIGNATURE("\x28\xb5\x2f\xfd", NULL),
	SIGNATURE("\x1f\x8b", "compressed with gzip; decompress it with gzip -d first"),
	SIGNATURE("\xfd" "7zXZ", "compressed with xz; decompress it with xz -d first"),
	SIGNATURE("BZh", "compressed with bzip2; decompress it with bzip2 -d first"),
	SIGNATURE("PK\x03\x04", "a zip archive; unpack it first"),
	SIGNATURE("PERFILE2", "a file of perf, not a tachyon trace; use perf report"),
	SIGNATURE("\x7f" "ELF", "a program, not a trace; record it with "
		  "tachyon-record run"),
	SIGNATURE("HCAT", "a binary profile of Python's profiling.sampling, not a "
		  "tachyon trace; use python -m profiling.sampling replay"),
	SIGNATURE("\x97\x00\xa7tachyon", "a trace that is not compressed; compress it "
		  "with zstd first"),
	SIGNATURE("#!", "a script, not a trace; record it with tachyon-record run"),
};

/* A skippable frame begins with any of sixteen magic numbers (RFC 8878, 3.1.2). */
static bool is_skippable_frame(const unsigned char *p, size_t len)
{
	return len >= 4 && (p[0] & 0xf0) == 0x50 &&
	       memcmp(p + 1, "\x2a\x4d\x18", 3) == 0;
}

static bool is_text(const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isprint(p[i]) && !isspace(p[i]) && p[i] < 0x80)
			return false;
	return true;
}

int foreign_check(const void *bytes, size_t len, bool complete, struct err *err)
{
	static const char advice[] = "tachyon-report reads what tachyon-record writes";
	const unsigned char *p = bytes;

	if (len == 0 && complete)
		return err_set(err, EINVAL, "is empty, not a trace; was anything "
			       "recorded?");
	if (is_skippable_frame(p, len))
		return 1;
	for (size_t i = 0; i < sizeof(signatures) / sizeof(*signatures); i++) {
		const struct signature *s = &signatures[i];

		if (len < s->len || memcmp(p, s->bytes, s->len) != 0)
			continue;
		return s->what ? err_set(err, EINVAL, "%s", s->what) : 1;
	}
	if (len < FOREIGN_BYTES && !complete)
		return 0;
	if (len < signatures[0].len && memcmp(p, signatures[0].bytes, len) == 0)
		return err_set(err, EINVAL, "is cut before the first object of a "
			       "trace");
	if (*p == '{' || *p == '[')
		return err_set(err, EINVAL, "JSON, not a tachyon trace; %s", advice);
	if (is_text(p, len < FOREIGN_BYTES ? len : FOREIGN_BYTES))
		return err_set(err, EINVAL, "text, not a tachyon trace; %s", advice);
	return err_set(err, EINVAL, "not a tachyon trace; %s", advice);
}
