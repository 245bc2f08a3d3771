/* SPDX-License-Identifier: MIT */
/*
 * out_collapsed.c - "root;caller;leaf COUNT", one line for each stack.
 *
 * Stacks that differ only in what the labels do not show are one line, so the
 * tree of stacks is rebuilt with labels for nodes.  It is walked by id and by
 * parent, never by recursion.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/intern.h"
#include "base/mem.h"
#include "profile/profile.h"
#include "tachyon-report/label.h"
#include "tachyon-report/output.h"
#include "tachyon-report/settings.h"

/* A stack of labels.  Parents have smaller ids than their children. */
struct node {
	uint32_t parent, label;
	uint64_t samples;
	uint32_t place;                 /* in the order of paths */
};

struct lines {
	const struct profile *p;
	const struct settings *s;
	struct intern labels;
	struct intern keys;             /* parent, label */
	struct node *nodes;             /* by id; 0 is the root of all */
	size_t nodes_cap;
	uint32_t *label_of;             /* labels by location, 0: not made yet */
};

/*
 * Makes a label safe inside a line.  Controls and bad bytes are escaped
 * already.  A blank at either end would be lost, and one in front of a number
 * at the end would make that number a count.
 */
static void protect(struct buf *out, const char *label, size_t len)
{
	size_t tail = len;

	while (tail && ((label[tail - 1] >= '0' && label[tail - 1] <= '9') ||
			label[tail - 1] == '.'))
		tail--;
	for (size_t i = 0; i < len; i++) {
		bool at_edge = i == 0 || i + 1 == len || i + 1 == tail;

		if (label[i] == ';')
			buf_add_str(out, "\\x3b");
		else if (label[i] == ' ' && at_edge)
			buf_add_str(out, "\\x20");
		else
			buf_add_char(out, label[i]);
	}
}

static uint32_t make_label(struct lines *l, struct buf *raw)
{
	struct buf safe = { 0 };

	protect(&safe, raw->data, raw->len);

	uint32_t id = intern_add(&l->labels, safe.data, safe.len);

	buf_release(&safe);
	buf_release(raw);
	return id;
}

static uint32_t label_location(struct lines *l, uint32_t location)
{
	struct trace_location at = symbols_location(&l->p->symbols, location);
	struct trace_function f = symbols_function(&l->p->symbols, at.function);
	struct buf raw = { 0 };

	if (l->label_of[location])
		return l->label_of[location];
	if (l->s->names == NAMES_FUNCTION || label_is_synthetic(l->p, at.function)) {
		label_name(&raw, l->p, at.function);
	} else {
		label_file(&raw, l->p, at.function, l->s->names == NAMES_LINE);
		buf_add_char(&raw, ':');
		label_name(&raw, l->p, at.function);
		buf_printf(&raw, ":%d",
			   l->s->names == NAMES_LINE ? at.line : f.first_line);
	}
	if (at.opcode > 0) {
		buf_add_char(&raw, ' ');
		label_opcode(&raw, l->p, (uint32_t)at.opcode);
	}
	return l->label_of[location] = make_label(l, &raw);
}

static uint32_t child(struct lines *l, uint32_t parent, uint32_t label)
{
	const uint32_t key[2] = { parent, label };
	uint32_t id = intern_add(&l->keys, key, sizeof(key));
	size_t cap = l->nodes_cap;

	l->nodes = mem_grow(l->nodes, &l->nodes_cap, (size_t)id + 1, sizeof(*l->nodes));
	if (l->nodes_cap != cap)
		memset(l->nodes + cap, 0, (l->nodes_cap - cap) * sizeof(*l->nodes));
	l->nodes[id].parent = parent;
	l->nodes[id].label = label;
	return id;
}

/* Adds the sites of one thread, or of all, below a node. */
static void add_sites(struct lines *l, const struct profile_site *sites, size_t n,
		      uint32_t root)
{
	uint32_t nstacks = l->p->symbols.stacks.count;
	uint64_t *samples = mem_alloc((size_t)nstacks + 1, sizeof(*samples));
	uint32_t *node_of = mem_alloc((size_t)nstacks + 1, sizeof(*node_of));

	/* Mark what is needed from the leaves down, then build from the roots up. */
	for (size_t i = 0; i < n; i++)
		samples[sites[i].stack] += sites[i].samples;
	for (uint32_t id = nstacks; id >= 1; id--)
		if (samples[id] || node_of[id])
			node_of[symbols_stack(&l->p->symbols, id).parent] = 1;
	node_of[0] = root;
	for (uint32_t id = 1; id <= nstacks; id++) {
		if (!samples[id] && !node_of[id])
			continue;
		struct trace_stack s = symbols_stack(&l->p->symbols, id);

		node_of[id] = child(l, node_of[s.parent],
				    label_location(l, s.location));
		l->nodes[node_of[id]].samples += samples[id];
	}
	free(samples);
	free(node_of);
}

static int by_thread(const void *a, const void *b)
{
	const struct profile_site *x = a, *y = b;

	return x->thread < y->thread ? -1 : x->thread > y->thread;
}

static void add_threads(struct lines *l)
{
	size_t n = l->p->nsites;
	struct profile_site *sites = mem_resize(NULL, n, sizeof(*sites));

	if (n)
		memcpy(sites, l->p->sites, n * sizeof(*sites));
	qsort(sites, n, sizeof(*sites), by_thread);
	for (size_t i = 0, end; i < n; i = end) {
		struct buf raw = { 0 };

		for (end = i; end < n && sites[end].thread == sites[i].thread; end++)
			;
		label_thread(&raw, l->p, sites[i].thread);
		add_sites(l, sites + i, end - i, child(l, 0, make_label(l, &raw)));
	}
	free(sites);
}

/* --- order ------------------------------------------------------------------ */

struct ranked {
	uint64_t key;
	uint32_t id;
};

static int by_key(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static int by_label(const void *a, const void *b, void *labels)
{
	size_t xlen, ylen;
	const char *x = intern_get(labels, *(const uint32_t *)a, &xlen);
	const char *y = intern_get(labels, *(const uint32_t *)b, &ylen);
	int rc = memcmp(x, y, xlen < ylen ? xlen : ylen);

	return rc ? rc : xlen < ylen ? -1 : xlen > ylen;
}

/* Where each label comes in the order of bytes. */
static uint32_t *rank_labels(struct lines *l)
{
	uint32_t n = l->labels.count;
	uint32_t *order = mem_alloc(n, sizeof(*order));
	uint32_t *rank = mem_alloc((size_t)n + 1, sizeof(*rank));

	for (uint32_t i = 0; i < n; i++)
		order[i] = i + 1;
	qsort_r(order, n, sizeof(*order), by_label, &l->labels);
	for (uint32_t i = 0; i < n; i++)
		rank[order[i]] = i;
	free(order);
	return rank;
}

/* Numbers the nodes as a walk meets them that takes children by label. */
static void place_nodes(struct lines *l)
{
	uint32_t n = l->keys.count, place = 0;
	uint32_t *rank = rank_labels(l);
	struct ranked *order = mem_alloc(n, sizeof(*order));
	uint32_t *next = mem_alloc((size_t)n + 1, sizeof(*next));  /* sibling */
	uint32_t *first = mem_alloc((size_t)n + 1, sizeof(*first)); /* child */

	for (uint32_t id = 1; id <= n; id++)
		order[id - 1] = (struct ranked){
			.key = (uint64_t)l->nodes[id].parent << 32 |
			       rank[l->nodes[id].label],
			.id = id,
		};
	qsort(order, n, sizeof(*order), by_key);
	/* Backwards, so that each list ends up in order. */
	for (uint32_t i = n; i-- > 0;) {
		uint32_t parent = l->nodes[order[i].id].parent;

		next[order[i].id] = first[parent];
		first[parent] = order[i].id;
	}
	for (uint32_t id = first[0]; id;) {
		l->nodes[id].place = place++;
		if (first[id]) {
			id = first[id];
			continue;
		}
		while (id && !next[id])
			id = l->nodes[id].parent;
		id = next[id];
	}
	free(first);
	free(next);
	free(order);
	free(rank);
}

static int by_count(const void *a, const void *b)
{
	const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;

	if (x->samples != y->samples)
		return x->samples > y->samples ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static void put_line(const struct lines *l, const struct node *node, uint32_t **path,
		     size_t *path_cap, FILE *out)
{
	size_t depth = 0;

	for (const struct node *n = node; n != l->nodes; n = &l->nodes[n->parent]) {
		*path = mem_grow(*path, path_cap, depth + 1, sizeof(**path));
		(*path)[depth++] = n->label;
	}
	while (depth) {
		size_t len;
		const char *label = intern_get(&l->labels, (*path)[--depth], &len);

		fwrite_unlocked(label, 1, len, out);
		if (depth)
			putc_unlocked(';', out);
	}
	fprintf(out, " %llu\n", (unsigned long long)node->samples);
}

static void put_lines(struct lines *l, FILE *out)
{
	const struct node **lines = mem_alloc(l->keys.count, sizeof(*lines));
	uint32_t *path = NULL;
	size_t n = 0, path_cap = 0;

	place_nodes(l);
	for (uint32_t id = 1; id <= l->keys.count; id++)
		if (l->nodes[id].samples)
			lines[n++] = &l->nodes[id];
	qsort(lines, n, sizeof(*lines), by_count);
	for (size_t i = 0; i < n && !ferror(out); i++)
		put_line(l, lines[i], &path, &path_cap, out);
	free(path);
	free(lines);
}

static void write_collapsed(const struct report *r, FILE *out)
{
	struct lines l = { .p = r->profile, .s = r->settings };

	intern_init(&l.labels, 0, UINT32_MAX - 1);
	intern_init(&l.keys, 2 * sizeof(uint32_t), UINT32_MAX - 1);
	l.label_of = mem_alloc((size_t)l.p->symbols.locations.count + 1,
			       sizeof(*l.label_of));
	if (l.s->threads)
		add_threads(&l);
	else
		add_sites(&l, l.p->sites, l.p->nsites, 0);
	put_lines(&l, out);
	intern_release(&l.labels);
	intern_release(&l.keys);
	free(l.label_of);
	free(l.nodes);
}

const struct output output_collapsed = {
	.name = "collapsed",
	.help = "one line for each stack: root;caller;leaf COUNT",
	.bit = OUTPUT_COLLAPSED,
	.write = write_collapsed,
};
