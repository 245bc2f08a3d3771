/* SPDX-License-Identifier: MIT */
#include "format/mode.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/opt.h"

const struct trace_mode trace_modes[] = {
	{ "wall", 0, NULL },
	{ "cpu", TRACE_ON_CPU, "whether threads were on a CPU" },
	{ "gil", TRACE_HOLDS_GIL, "who held the GIL" },
	{ "exception", TRACE_EXCEPTION, "whether exceptions were being handled" },
	{ NULL, 0, NULL },
};

enum { NMODES = sizeof(trace_modes) / sizeof(*trace_modes) - 1 };

int trace_mode_parse(const char *name, const struct trace_mode **mode, struct err *err)
{
	const char *names[NMODES + 1] = { 0 }, *meant;

	for (size_t i = 0; i < NMODES; i++) {
		names[i] = trace_modes[i].name;
		if (strcmp(names[i], name) == 0) {
			*mode = &trace_modes[i];
			return 0;
		}
	}
	meant = opt_closest(name, names);
	if (meant)
		return err_set(err, EINVAL, "--mode %s: no such mode; did you mean %s?",
			       name, meant);
	return err_set(err, EINVAL,
		       "--mode %s: no such mode; give wall, cpu, gil or exception", name);
}
