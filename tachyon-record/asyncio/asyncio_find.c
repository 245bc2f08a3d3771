/* SPDX-License-Identifier: MIT */
#include "tachyon-record/asyncio/asyncio_find.h"

#include <string.h>
#include <unistd.h>

#include "tachyon-record/elf_symbols.h"
#include "tachyon-record/procfs.h"

enum {
	/* Programs import at their beginning, or late. */
	FIRST_PAUSE_NS = 20000000,
	LAST_PAUSE_NS = 500000000,
};

/* The module is a file of its own, or part of the interpreter. */
static bool may_hold_asyncio(const struct target *t, const struct mapped_file *file)
{
	const char *base = strrchr(file->path, '/') + 1;

	return strncmp(base, "_asyncio", 8) == 0 || strstr(base, "python") ||
	       strcmp(file->path, t->exe) == 0;
}

static bool look_into(struct target *t, const struct mapped_file *file,
		      struct asyncio_layout *l)
{
	int fd = procfs_open_mapped(t->pid, file);
	uint64_t at;

	if (fd < 0)
		return false;
	at = elf_section_find(fd, ".AsyncioDebug");
	close(fd);
	return at && asyncio_layout_describe(&t->remote, file->start + at, l);
}

static bool find_description(struct target *t, struct asyncio_layout *l)
{
	struct mapped_files files = { 0 };
	bool found = false;

	if (procfs_mapped_files(t->pid, &files) != 0)
		return false;
	for (size_t i = 0; i < files.n && !found; i++)
		if (may_hold_asyncio(t, &files.v[i]))
			found = look_into(t, &files.v[i], l);
	/* An interpreter may have been embedded under any name. */
	for (size_t i = 0; i < files.n && !found; i++)
		if (!may_hold_asyncio(t, &files.v[i]))
			found = look_into(t, &files.v[i], l);
	procfs_mapped_files_free(&files);
	return found;
}

/* Free-threaded builds have other rows, which are not known. */
static const struct asyncio_layout *row_of(const struct target *t)
{
	return t->layout.free_threaded ? NULL : asyncio_layout_row(t->layout.version);
}

bool asyncio_is_readable(const struct target *t)
{
	return row_of(t) || OFF(&t->layout, llist_next) != ABSENT;
}

bool asyncio_find(struct asyncio_search *s, struct target *t, struct asyncio_layout *l,
		  uint64_t now_ns)
{
	const struct asyncio_layout *row = row_of(t);

	if (s->found || now_ns < s->next_ns || !asyncio_is_readable(t))
		return false;
	if (row)
		*l = *row;
	s->found = row || find_description(t, l);
	s->pause_ns = s->pause_ns ? 2 * s->pause_ns : FIRST_PAUSE_NS;
	if (s->pause_ns > LAST_PAUSE_NS)
		s->pause_ns = LAST_PAUSE_NS;
	s->next_ns = now_ns + s->pause_ns;
	return s->found;
}
