/* SPDX-License-Identifier: MIT */
/* unit.c - parse and print quantities. */
#include "base/unit.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"

struct suffix {
	const char *name;       /* lower case; the row with "" is the default */
	double factor;
};

static const struct suffix durations[] = {
	{ "", 1e9 }, { "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 }, { "ns", 1 },
	{ "m", 60e9 }, { "min", 60e9 }, { "h", 3600e9 }, { NULL, 0 },
};

static const struct suffix intervals[] = {
	{ "", 1e3 }, { "us", 1e3 }, { "\xc2\xb5s", 1e3 }, { "\xce\xbcs", 1e3 },
	{ "ns", 1 }, { "ms", 1e6 }, { "s", 1e9 }, { NULL, 0 },
};

static const struct suffix rates[] = {
	{ "", 1 }, { "hz", 1 }, { "k", 1e3 }, { "khz", 1e3 }, { "mhz", 1e6 },
	{ NULL, 0 },
};

static const struct suffix sizes[] = {
	{ "", 1 }, { "b", 1 }, { "k", 1024.0 }, { "kb", 1024.0 }, { "kib", 1024.0 },
	{ "m", 1048576.0 }, { "mb", 1048576.0 }, { "mib", 1048576.0 },
	{ "g", 1073741824.0 }, { "gb", 1073741824.0 }, { "gib", 1073741824.0 },
	{ NULL, 0 },
};

/*
 * Reads digits with at most one point.  strtod(3) will not do: it follows the
 * locale and takes "inf", "nan", hexadecimal digits and signs.
 */
static const char *parse_number(const char *text, double *number)
{
	double value = 0, scale = 1;
	size_t digits = 0;

	for (; isdigit((unsigned char)*text); text++, digits++)
		value = value * 10 + (*text - '0');
	if (*text == '.') {
		text++;
		for (; isdigit((unsigned char)*text); text++, digits++) {
			scale /= 10;
			value += (*text - '0') * scale;
		}
	}
	if (!digits)
		return NULL;
	*number = value;
	return text;
}

static int parse(const char *text, const struct suffix *suffixes, const char *expected,
		 double *value, struct err *err)
{
	double number;
	const char *rest = parse_number(text, &number);

	for (const struct suffix *s = suffixes; rest && s->name; s++) {
		if (strcasecmp(s->name, rest) == 0) {
			*value = number * s->factor;
			return 0;
		}
	}
	return err_set(err, EINVAL, "%s: not %s", text, expected);
}

int unit_parse_duration(const char *text, uint64_t *ns, struct err *err)
{
	double value;
	int rc = parse(text, durations, "a duration; give seconds, such as 10 or 0.5, "
		       "or a number with ms, s, m or h", &value, err);

	if (rc < 0)
		return rc;
	/* A century keeps sums of any two durations and clocks within 64 bits. */
	if (value > 3.2e18)
		return err_set(err, ERANGE, "%s: too long a duration", text);
	/* 0 may have a meaning of its own; a little is not 0. */
	if (value > 0 && value < 1)
		return err_set(err, ERANGE, "%s: too short a duration; give at least 1 ns",
			       text);
	*ns = (uint64_t)(value + 0.5);
	return 0;
}

int unit_parse_interval(const char *text, uint64_t *ns, struct err *err)
{
	double value;
	int rc = parse(text, intervals, "an interval; give microseconds, such as 100, "
		       "or a number with us, ms or s", &value, err);

	if (rc < 0)
		return rc;
	if (value < 1e3 || value > 3600e9)
		return err_set(err, ERANGE,
			       "%s: interval out of range; give 1 us to 1 h", text);
	*ns = (uint64_t)(value + 0.5);
	return 0;
}

int unit_parse_rate(const char *text, uint64_t *period_ns, struct err *err)
{
	double hz;
	int rc = parse(text, rates,
		       "a rate; give samples a second, such as 1000 or 10khz", &hz,
		       err);

	if (rc < 0)
		return rc;
	if (hz < 1.0 / 3600 || hz > 1e6)
		return err_set(err, ERANGE, "%s: rate out of range; give more than 0 "
			       "and at most 1mhz", text);
	*period_ns = (uint64_t)(1e9 / hz + 0.5);
	return 0;
}

int unit_parse_bytes(const char *text, uint64_t *bytes, struct err *err)
{
	double value;
	int rc = parse(text, sizes, "a size; give bytes, or a number with k, m or g",
		       &value, err);

	if (rc < 0)
		return rc;
	if (value > 1e18)
		return err_set(err, ERANGE, "%s: too large a size", text);
	*bytes = (uint64_t)(value + 0.5);
	return 0;
}

int unit_parse_count(const char *text, uint64_t max, uint64_t *count, struct err *err)
{
	uint64_t value = 0;

	for (const char *p = text; *p || p == text; p++) {
		if (!isdigit((unsigned char)*p))
			return err_set(err, EINVAL, "%s: not a whole number", text);
		unsigned digit = (unsigned)(*p - '0');

		if (value > max / 10 || value * 10 > max - digit)
			return err_set(err, ERANGE, "%s: too large; at most %llu", text,
				       (unsigned long long)max);
		value = value * 10 + digit;
	}
	*count = value;
	return 0;
}

/* Three or four digits that count, as people write a measured value. */
static struct unit_text scaled(double value, const char *unit)
{
	struct unit_text t;
	int decimals = value >= 100 ? 1 : value >= 10 ? 2 : 3;

	snprintf(t.s, sizeof(t.s), "%.*f %s", decimals, value, unit);
	return t;
}

struct unit_text unit_duration(uint64_t ns)
{
	struct unit_text t;

	if (ns < 1000) {
		snprintf(t.s, sizeof(t.s), "%u ns", (unsigned)ns);
		return t;
	}
	if (ns < 1000000)
		return scaled((double)ns / 1e3, "us");
	if (ns < 1000000000)
		return scaled((double)ns / 1e6, "ms");
	if (ns < 600u * UINT64_C(1000000000))
		return scaled((double)ns / 1e9, "s");

	uint64_t seconds = ns / 1000000000;

	if (seconds < 3600)
		snprintf(t.s, sizeof(t.s), "%u m %02u s", (unsigned)(seconds / 60),
			 (unsigned)(seconds % 60));
	else
		snprintf(t.s, sizeof(t.s), "%llu h %02u m",
			 (unsigned long long)(seconds / 3600),
			 (unsigned)(seconds % 3600 / 60));
	return t;
}

struct unit_text unit_rate(double hz)
{
	if (!(hz >= 1000))
		return scaled(hz, "Hz");
	return hz < 1e6 ? scaled(hz / 1e3, "kHz") : scaled(hz / 1e6, "MHz");
}

struct unit_text unit_bytes(uint64_t bytes)
{
	static const char *const names[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes / 1024;
	size_t i = 0;
	struct unit_text t;

	if (bytes < 1024) {
		snprintf(t.s, sizeof(t.s), "%u B", (unsigned)bytes);
		return t;
	}
	for (; value >= 1024 && i + 1 < sizeof(names) / sizeof(*names); i++)
		value /= 1024;
	snprintf(t.s, sizeof(t.s), "%.1f %s", value, names[i]);
	return t;
}

struct unit_text unit_percent(double part, double whole)
{
	struct unit_text t;
	double percent = whole > 0 ? part * 100 / whole : 0;

	/* A small share is shown small, not as nothing. */
	snprintf(t.s, sizeof(t.s), percent > 0 && percent < 0.1 ? "%.3f %%" : "%.1f %%",
		 percent);
	if (percent <= 0)
		snprintf(t.s, sizeof(t.s), "0 %%");
	return t;
}
