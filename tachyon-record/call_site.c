/* SPDX-License-Identifier: MIT */
#include "tachyon-record/call_site.h"

#include "tachyon-record/cpython/call_sites.h"

enum {
	/* So often an instruction is believed to be what it was. */
	USES = 64,
};

/*
 * In a call without C between, a frame of 3.11 or 3.12 may stand at the last
 * unit of the instruction; all others stand at its first one.
 */
static unsigned flags_of(const struct call_site *sites, const unsigned char *units)
{
	const unsigned char *at = units + SITE_MAX_UNITS * SITE_UNIT;

	for (unsigned back = SITE_MAX_UNITS; back > 0; back--) {
		const struct call_site *site = &sites[at[-(int)back * SITE_UNIT]];

		if (site->units == back || site->units == SITE_ANY_UNITS)
			return site->flags;
	}
	return sites[*at].flags;
}

unsigned call_site(struct unwind_context *c, const struct frame *f)
{
	struct node_site *memo = node_table_site(c->nodes, f->node);
	unsigned char units[(SITE_MAX_UNITS + 1) * SITE_UNIT];

	if (!c->sites)
		return SITE_ANYTHING;
	if (memo->uses) {
		memo->uses--;
		return memo->flags;
	}
	/* A code object's head is longer than what is read before its first unit. */
	if (remote_read(c->remote, f->instr - SITE_MAX_UNITS * SITE_UNIT, units,
			sizeof(units)) != READ_OK)
		return SITE_ANYTHING;
	memo->flags = (uint8_t)flags_of(c->sites, units);
	memo->uses = USES;
	return memo->flags;
}

bool call_site_is_inline(const struct unwind_context *c, const struct frame *caller,
			 const struct frame *callee)
{
	return c->sites && !callee->entry && !caller->is_shim &&
	       callee->owner < c->layout->first_shim_owner;
}

bool call_site_was_left(struct unwind_context *c, const struct frame *f)
{
	if (f->is_shim || f->runs)
		return false;
	if (f->is_empty && f->has_locals)
		return true;
	if (!c->layout->stack_is_index)
		return f->is_empty && call_site(c, f) & SITE_RETURNS;
	return f->has_begun && f->owner != OWNED_BY_GENERATOR &&
	       !(call_site(c, f) & (SITE_CALLS | SITE_RESUMES | SITE_ANYTHING));
}

bool call_site_holds(struct unwind_context *c, const struct frame *caller,
		     const struct frame *callee)
{
	bool resumed = callee->owner == OWNED_BY_GENERATOR;
	unsigned flags;

	if (!c->sites || caller->is_shim)
		return true;
	if (caller->number && !caller->instruction)
		return false;
	flags = call_site(c, caller);
	if (flags & SITE_ANYTHING)
		return !caller->runs || !call_site_is_inline(c, caller, callee);
	if (call_site_is_inline(c, caller, callee))
		return !caller->runs && flags & (resumed ? SITE_RESUMES : SITE_CALLS);
	return !(flags & SITE_QUIET) && !(resumed && flags & SITE_NOT_RESUMES);
}

bool call_site_is_rare(struct unwind_context *c, const struct frame *caller,
		       const struct frame *callee)
{
	return c->sites && callee->owner == OWNED_BY_GENERATOR && !caller->is_shim &&
	       !call_site_is_inline(c, caller, callee) &&
	       !(call_site(c, caller) & (SITE_ITERATES | SITE_ANYTHING)) &&
	       !node_table_site(c->nodes, caller->node)->resumes;
}

void call_site_proved(struct unwind_context *c, uint32_t node)
{
	node_table_site(c->nodes, node)->resumes = true;
}
