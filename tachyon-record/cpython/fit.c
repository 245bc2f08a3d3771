/* SPDX-License-Identifier: MIT */
#include "tachyon-record/cpython/fit.h"

#include "tachyon-record/cpython/object.h"

enum { MAX_INTERPRETERS = 4096 };

/* The interpreter that has the number 0, which is the oldest; 0 if there is none. */
static raddr main_interp(struct remote *r, raddr runtime, const struct layout *l)
{
	raddr at = remote_ptr(r, runtime + (raddr)OFF(l, runtime_interpreters_head));
	uint64_t id;

	for (unsigned n = 0; at && n < MAX_INTERPRETERS; n++) {
		if (remote_read(r, at + (raddr)OFF(l, interp_id), &id, sizeof(id)) != READ_OK)
			return 0;
		if (id == 0)
			return at;
		at = remote_ptr(r, at + (raddr)OFF(l, interp_next));
	}
	return 0;
}

static uint32_t hexversion(struct remote *r, const struct layout *l, raddr interp)
{
	raddr modules = remote_ptr(r, interp + (raddr)OFF(l, interp_modules));
	raddr sys = modules ? object_dict_get(r, l, modules, "sys") : 0;
	raddr dict = sys ? remote_ptr(r, sys + (raddr)OFF(l, module_dict)) : 0;
	raddr version = dict ? object_dict_get(r, l, dict, "hexversion") : 0;
	uint64_t value;

	return object_uint(r, l, version, &value) && value <= UINT32_MAX ? (uint32_t)value : 0;
}

uint32_t layout_hexversion(struct remote *r, raddr runtime, const struct layout *l)
{
	raddr interp = main_interp(r, runtime, l);
	uint32_t version = interp ? hexversion(r, l, interp) : 0;

	return version >> 16 == l->version ? version : 0;
}

enum fit layout_fit(struct remote *r, raddr runtime, const struct layout *l)
{
	raddr interp, thread;
	uint32_t version;

	if (!remote_ptr(r, runtime + (raddr)OFF(l, runtime_interpreters_head)))
		return FIT_NOT_YET;
	interp = main_interp(r, runtime, l);
	if (!interp)
		return FIT_NO;
	thread = remote_ptr(r, interp + (raddr)OFF(l, interp_threads_head));
	if (thread && remote_ptr(r, thread + (raddr)OFF(l, thread_interp)) != interp)
		return FIT_NO;
	version = hexversion(r, l, interp);
	if (version)
		return version >> 16 == l->version ? FIT_YES : FIT_NO;
	if (!thread || OFF(l, thread_current_frame) == ABSENT)
		return FIT_NOT_YET;
	return remote_ptr(r, thread + (raddr)OFF(l, thread_current_frame)) ? FIT_MAYBE
									   : FIT_NOT_YET;
}
