/* SPDX-License-Identifier: MIT */
#include "tachyon-record/thread_names.h"

#include "tachyon-record/cpython/object.h"

struct search {
	struct target *target;
	uint64_t ident;
	raddr thread;
};

static bool match_ident(void *arg, raddr key, raddr value)
{
	struct search *s = arg;
	uint64_t ident;

	if (!object_uint(&s->target->remote, &s->target->layout, key, &ident) ||
	    ident != s->ident)
		return false;
	s->thread = value;
	return true;
}

ptrdiff_t thread_name_read(struct target *t, raddr interp, uint64_t ident,
			   uint64_t tid, char name[THREAD_NAME_MAX])
{
	struct remote *r = &t->remote;
	const struct layout *l = &t->layout;
	raddr modules = remote_ptr(r, interp + (raddr)OFF(l, interp_modules));
	raddr module = modules ? object_dict_get(r, l, modules, "threading") : 0;
	raddr dict = module ? remote_ptr(r, module + (raddr)OFF(l, module_dict)) : 0;
	raddr active = dict ? object_dict_get(r, l, dict, "_active") : 0;
	struct search s = { t, ident, 0 };
	uint64_t native;

	if (!active || !object_dict_each(r, l, active, match_ident, &s))
		return -1;
	if (!object_uint(r, l, object_attribute(r, l, s.thread, "_native_id"), &native) ||
	    native != tid)
		return -1;
	return object_str(r, l, object_attribute(r, l, s.thread, "_name"), name,
			  THREAD_NAME_MAX);
}
