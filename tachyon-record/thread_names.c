/* SPDX-License-Identifier: MIT */
#include "tachyon-record/thread_names.h"

#include <stdlib.h>

#include "base/mem.h"

struct loading {
	struct thread_names *names;
	struct target *target;
};

void thread_names_release(struct thread_names *n)
{
	free(n->threads);
	*n = (struct thread_names){ 0 };
}

static bool take_item(void *arg, raddr key, raddr value)
{
	struct loading *l = arg;
	struct thread_names *n = l->names;
	uint64_t ident;

	if (!object_uint(&l->target->remote, &l->target->layout, key, &ident))
		return false;
	n->threads = mem_grow(n->threads, &n->room, n->n + 1, sizeof(*n->threads));
	n->threads[n->n++] = (struct thread_object){ ident, value };
	return false;
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

void thread_names_load(struct thread_names *n, struct target *t, raddr interp)
{
	struct loading l = { n, t };

	if (n->interp != interp || !n->active) {
		n->active = find_active(t, interp);
		n->interp = interp;
	}
	n->n = 0;
	if (n->active)
		object_dict_each(&t->remote, &t->layout, n->active, take_item, &l);
}

static bool is_thread(struct thread_names *n, struct target *t, raddr thread, uint64_t tid)
{
	struct remote *r = &t->remote;
	const struct layout *l = &t->layout;
	raddr id = object_attribute(r, l, thread, "_native_id", &n->native_id);
	uint64_t native;

	return object_uint(r, l, id, &native) && native == tid;
}

ptrdiff_t thread_names_get(struct thread_names *n, struct target *t, uint64_t ident,
			   uint64_t tid, char name[THREAD_NAME_MAX])
{
	struct remote *r = &t->remote;
	const struct layout *l = &t->layout;
	raddr thread = 0;
	ptrdiff_t len;

	for (size_t i = 0; i < n->n && !thread; i++)
		if (n->threads[i].ident == ident)
			thread = n->threads[i].address;
	if (!thread || !is_thread(n, t, thread, tid))
		return -1;
	len = object_str(r, l, object_attribute(r, l, thread, "_name", &n->name), name,
			 THREAD_NAME_MAX);
	/* The object may have been freed and given to another Thread meanwhile. */
	return is_thread(n, t, thread, tid) ? len : -1;
}
