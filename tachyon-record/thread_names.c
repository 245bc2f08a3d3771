/* SPDX-License-Identifier: MIT */
#include "tachyon-record/thread_names.h"

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

static bool is_thread(struct thread_names *n, struct target *t, raddr thread, uint64_t tid)
{
	struct remote *r = &t->remote;
	const struct layout *l = &t->layout;
	raddr id = object_attribute(r, l, thread, "_native_id", &n->native_id);
	uint64_t native;

	return object_uint(r, l, id, &native) && native == tid;
}

/* The dict is made once, when the module is imported, and never replaced. */
static raddr find_active(struct target *t, raddr interp)
{
	struct remote *r = &t->remote;
	const struct layout *l = &t->layout;
	raddr modules = remote_ptr(r, interp + (raddr)OFF(l, interp_modules));
	raddr module = modules ? object_dict_get(r, l, modules, "threading") : 0;
	raddr dict = module ? remote_ptr(r, module + (raddr)OFF(l, module_dict)) : 0;

	return dict ? object_dict_get(r, l, dict, "_active") : 0;
}

ptrdiff_t thread_name_read(struct thread_names *n, struct target *t, raddr interp,
			   uint64_t ident, uint64_t tid, char name[THREAD_NAME_MAX])
{
	struct remote *r = &t->remote;
	const struct layout *l = &t->layout;
	struct search s = { t, ident, 0 };
	ptrdiff_t len;

	if (n->interp != interp || !n->active) {
		n->active = find_active(t, interp);
		n->interp = interp;
	}
	if (!n->active || !object_dict_each(r, l, n->active, match_ident, &s) ||
	    !is_thread(n, t, s.thread, tid))
		return -1;
	len = object_str(r, l, object_attribute(r, l, s.thread, "_name", &n->name), name,
			 THREAD_NAME_MAX);
	/* The object may have been freed and given to another Thread meanwhile. */
	return is_thread(n, t, s.thread, tid) ? len : -1;
}
