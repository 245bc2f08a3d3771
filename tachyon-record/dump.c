/* SPDX-License-Identifier: MIT */
/* dump: what every thread of a process does now, for people or as JSON. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "tachyon-record/commands.h"
#include "tachyon-record/options.h"
#include "tachyon-record/picture.h"
#include "tachyon-record/recording.h"
#include "tachyon-record/target.h"

enum {
	/* A few ticks, of which the last one counts: the first ones learn where frames are. */
	INTERVAL_NS = 2000000,
	DURATION_NS = 15000000,
	/* Longer lines of source are cut. */
	LINE_BYTES = 4096,
};

static const struct state {
	uint32_t flag;
	const char *name, *text;
} states[] = {
	{ TRACE_ON_CPU, "on_cpu", "on a CPU" },
	{ TRACE_HOLDS_GIL, "holds_gil", "holds the GIL" },
	{ TRACE_WAITS_GIL, "waits_gil", "waits for the GIL" },
	{ TRACE_GC, "gc", "collects garbage" },
	{ TRACE_NATIVE, "native", "in native code" },
	{ TRACE_EXCEPTION, "exception", "raises or handles an exception" },
};

enum { NSTATES = sizeof(states) / sizeof(states[0]) };

static bool is_text(const struct picture *p, uint32_t string, const char *text)
{
	const struct picture_text *t = &p->strings[string];

	return t->len == strlen(text) && memcmp(t->bytes, text, t->len) == 0;
}

/* <GC> and <native> are no frames of Python. */
static bool is_marker(const struct picture *p, const struct trace_function *f)
{
	return is_text(p, f->file, TRACE_MARKER_FILE);
}

static bool is_hidden(const struct picture *p, const struct trace_location *l, bool native)
{
	const struct trace_function *f = &p->functions[l->function];

	return !native && is_marker(p, f) && is_text(p, f->name, TRACE_MARKER_NATIVE);
}

/* The frames of a stack, outermost first. */
static uint32_t *frames_of(const struct picture *p, uint32_t stack, bool native, size_t *n)
{
	uint32_t *frames;
	size_t depth = 0, i;

	for (uint32_t at = stack; at; at = p->stacks[at].parent)
		depth += !is_hidden(p, &p->locations[p->stacks[at].location], native);
	frames = mem_alloc(depth + 1, sizeof(*frames));
	i = depth;
	for (uint32_t at = stack; at; at = p->stacks[at].parent)
		if (!is_hidden(p, &p->locations[p->stacks[at].location], native))
			frames[--i] = p->stacks[at].location;
	*n = depth;
	return frames;
}

/* The main thread first, the others as they were started. */
static int by_age(const void *a, const void *b)
{
	const struct picture_thread *x = a, *y = b;

	if (x->is_main != y->is_main)
		return x->is_main ? -1 : 1;
	return (x->tid > y->tid) - (x->tid < y->tid);
}

/* How the picture is shown: with lines of files as the target sees them. */
struct view {
	pid_t pid;
	bool native;                    /* with <native> */
	FILE *file;
	uint32_t name;                  /* string of the open file */
	int32_t next;                   /* the line that is read next */
	char line[LINE_BYTES];
};

/* A regular file in what the target takes for the root; NULL. */
static FILE *open_source(const struct view *v, const struct picture_text *name)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT,
	};
	char root[64], path[PATH_MAX];
	struct stat st;
	int root_fd, fd;

	if (name->len >= sizeof(path))
		return NULL;
	snprintf(root, sizeof(root), "/proc/%d/root", (int)v->pid);
	snprintf(path, sizeof(path), "%.*s", (int)name->len, name->bytes);
	root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return NULL;
	fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	close(root_fd);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fdopen(fd, "r");
	close(fd);
	return NULL;
}

/* The line without its end, or NULL if there is none. */
static const char *source_line(struct view *v, const struct picture *p, uint32_t name,
			       int32_t line)
{
	const struct picture_text *t = &p->strings[name];

	if (line < 1 || !t->len || t->bytes[0] != '/' || memchr(t->bytes, '\0', t->len))
		return NULL;
	if (!v->file || v->name != name || v->next > line) {
		if (v->file)
			fclose(v->file);
		v->file = open_source(v, t);
		v->name = name;
		v->next = 1;
	}
	while (v->file && v->next <= line) {
		size_t len;

		if (!fgets(v->line, sizeof(v->line), v->file))
			return NULL;
		len = strlen(v->line);
		if (len && v->line[len - 1] == '\n')
			v->line[len - 1] = '\0';
		else
			for (int c = 0; c != EOF && c != '\n'; )
				c = fgetc(v->file);
		v->next++;
	}
	return v->file ? v->line : NULL;
}

static void add_string(struct buf *out, const struct picture *p, uint32_t string)
{
	text_escape(out, p->strings[string].bytes, p->strings[string].len);
}

/* The columns from byte from up to byte to of the line, as wide as the text is. */
static void mark(struct buf *out, const char *line, size_t from, size_t to)
{
	struct buf before = { 0 }, marked = { 0 };

	text_escape(&before, line, from);
	text_escape(&marked, line + from, to - from);
	for (size_t n = text_width(before.data, before.len); n > 0; n--)
		buf_add_char(out, ' ');
	for (size_t n = text_width(marked.data, marked.len); n > 0; n--)
		buf_add_char(out, '^');
	buf_release(&before);
	buf_release(&marked);
}

static void add_source(struct buf *out, const char *line, const struct trace_location *l)
{
	const size_t indent = strspn(line, " \t\f"), len = strlen(line);
	size_t from = l->col < 0 ? 0 : (size_t)l->col, to;

	if (indent == len)
		return;
	buf_add_str(out, "    ");
	text_escape(out, line + indent, len - indent);
	buf_add_char(out, '\n');
	to = l->end_line == l->line && l->end_col >= 0 ? (size_t)l->end_col : len;
	/* The whole line is no news, and a changed file has other columns. */
	if (l->col < 0 || from < indent || to > len || from >= to ||
	    (from == indent && to == len))
		return;
	buf_add_str(out, "    ");
	mark(out, line + indent, from - indent, to - indent);
	buf_add_char(out, '\n');
}

static void add_frame(struct buf *out, const struct picture *p, struct view *v,
		      const struct trace_location *l)
{
	const struct trace_function *f = &p->functions[l->function];
	const char *line;

	if (is_marker(p, f)) {
		buf_add_str(out, "  ");
		add_string(out, p, f->name);
		buf_add_char(out, '\n');
		return;
	}
	buf_add_str(out, "  File \"");
	add_string(out, p, f->file);
	buf_printf(out, "\", line %d, in ", l->line > 0 ? l->line : f->first_line);
	add_string(out, p, f->name);
	buf_add_char(out, '\n');
	line = source_line(v, p, f->file, l->line);
	if (line)
		add_source(out, line, l);
}

static void add_states(struct buf *out, uint32_t flags)
{
	const char *separator = ": ";

	for (int i = 0; i < NSTATES; i++)
		if (flags & states[i].flag) {
			buf_printf(out, "%s%s", separator, states[i].text);
			separator = ", ";
		}
	if (*separator == ':')
		buf_add_str(out, ": idle");
}

static void add_thread(struct buf *out, const struct picture *p, struct view *v,
		       const struct picture_thread *t)
{
	size_t n;
	uint32_t *frames = frames_of(p, t->stack, v->native, &n);

	buf_printf(out, "Thread %llu ", (unsigned long long)t->tid);
	if (t->name.len)
		text_escape(out, t->name.bytes, t->name.len);
	else
		buf_add_str(out, "(no name)");
	if (t->is_main)
		buf_add_str(out, " (main)");
	if (t->interpreter)
		buf_printf(out, " of interpreter %llu", (unsigned long long)t->interpreter);
	add_states(out, t->flags);
	if (t->task) {
		buf_add_str(out, "; task ");
		add_string(out, p, p->tasks[t->task].name);
	}
	if (t->flags & TRACE_INEXACT)
		buf_add_str(out, "; inexact");
	buf_add_char(out, '\n');
	for (size_t i = 0; i < n; i++)
		add_frame(out, p, v, &p->locations[frames[i]]);
	if (t->flags & TRACE_FAILED)
		buf_add_str(out, "  (its stack could not be read)\n");
	else if (!n)
		buf_add_str(out, "  (no Python frame)\n");
	free(frames);
}

static void json_escaped(cJSON *object, const char *key, const char *bytes, size_t len)
{
	struct buf text = { 0 };

	if (text_is_utf8(bytes, len) && !memchr(bytes, '\0', len))
		buf_add(&text, bytes, len);
	else
		text_escape(&text, bytes, len);
	cJSON_AddStringToObject(object, key, buf_str(&text));
	buf_release(&text);
}

static void json_string(cJSON *object, const char *key, const struct picture *p, uint32_t string)
{
	json_escaped(object, key, p->strings[string].bytes, p->strings[string].len);
}

static cJSON *json_frame(const struct picture *p, struct view *v,
			 const struct trace_location *l)
{
	const struct trace_function *f = &p->functions[l->function];
	const char *line = source_line(v, p, f->file, l->line);
	cJSON *frame = cJSON_CreateObject();

	json_string(frame, "function", p, f->name);
	json_string(frame, "file", p, f->file);
	cJSON_AddNumberToObject(frame, "first_line", f->first_line);
	cJSON_AddNumberToObject(frame, "line", l->line);
	cJSON_AddNumberToObject(frame, "end_line", l->end_line);
	cJSON_AddNumberToObject(frame, "col", l->col);
	cJSON_AddNumberToObject(frame, "end_col", l->end_col);
	if (line)
		json_escaped(frame, "source", line, strlen(line));
	return frame;
}

static cJSON *json_thread(const struct picture *p, struct view *v,
			  const struct picture_thread *t)
{
	cJSON *thread = cJSON_CreateObject(), *list;
	size_t n;
	uint32_t *frames = frames_of(p, t->stack, v->native, &n);

	cJSON_AddNumberToObject(thread, "tid", (double)t->tid);
	json_escaped(thread, "name", t->name.bytes, t->name.len);
	cJSON_AddBoolToObject(thread, "main", t->is_main);
	cJSON_AddNumberToObject(thread, "interpreter", (double)t->interpreter);
	list = cJSON_AddObjectToObject(thread, "states");
	for (int i = 0; i < NSTATES; i++)
		if (t->flags & states[i].flag << TRACE_UNKNOWN_SHIFT)
			cJSON_AddNullToObject(list, states[i].name);
		else
			cJSON_AddBoolToObject(list, states[i].name, t->flags & states[i].flag);
	if (t->task)
		json_string(thread, "task", p, p->tasks[t->task].name);
	cJSON_AddBoolToObject(thread, "inexact", (t->flags & TRACE_INEXACT) != 0);
	cJSON_AddBoolToObject(thread, "failed", (t->flags & TRACE_FAILED) != 0);
	list = cJSON_AddArrayToObject(thread, "frames");
	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(list, json_frame(p, v, &p->locations[frames[i]]));
	free(frames);
	return thread;
}

static void print_json(const struct picture *p, struct view *v, const char *python)
{
	cJSON *root = cJSON_CreateObject(), *threads;

	cJSON_AddNumberToObject(root, "pid", v->pid);
	cJSON_AddStringToObject(root, "python", python);
	threads = cJSON_AddArrayToObject(root, "threads");
	for (size_t i = 1; i < p->nthreads; i++)
		if (p->threads[i].is_there)
			cJSON_AddItemToArray(threads, json_thread(p, v, &p->threads[i]));
	print_tree(root);
}

static void print_text(const struct picture *p, struct view *v, const char *python)
{
	struct buf out = { 0 };

	buf_printf(&out, "Process %d: Python %s\n", (int)v->pid, python);
	for (size_t i = 1; i < p->nthreads; i++)
		if (p->threads[i].is_there) {
			buf_add_char(&out, '\n');
			add_thread(&out, p, v, &p->threads[i]);
		}
	fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
}

/* Records some ticks into memory; the descriptor, or -errno. */
static int record_now(const struct options *o, struct target *t, char **argv, struct err *err)
{
	const struct recording_options ro = {
		.interval_ns = INTERVAL_NS,
		.duration_ns = DURATION_NS,
		.all_threads = true,
		.selection = { .mode = o->mode, .no_gc = o->no_gc },
		.async = o->async,
		.blocking = o->blocking,
		.quiet = true,
		.argv = (const char *const *)argv,
		.signal_fd = -1,
		.output_fd = memfd_create("dump", MFD_CLOEXEC),
		.output_name = "memory",
	};
	struct recording_result result = { 0 };
	int ret;

	if (ro.output_fd < 0)
		return err_set(err, errno, "memory: %s", strerror(errno));
	ret = recording_run(t, &ro, &result, err);
	if (ret == 0 && lseek(ro.output_fd, 0, SEEK_SET) == 0)
		return ro.output_fd;
	close(ro.output_fd);
	return ret ? ret : -EIO;
}

int command_dump(const struct options *o, char **argv)
{
	struct view view = { .pid = o->pid, .native = o->native };
	struct picture picture = { 0 };
	struct target target;
	struct err err;
	char python[32];
	int fd, ret = open_target(&target, o, &err);

	if (ret) {
		explain(o->pid, ret, &err);
		return exit_status(ret);
	}
	target_python(&target, python, sizeof(python));
	fd = record_now(o, &target, argv, &err);
	ret = fd < 0 ? fd : picture_take(&picture, fd, &err);
	if (ret == 0 && !picture.ticks)
		ret = err_set(&err, ESRCH, "process %d: it ended before it could be read",
			      (int)o->pid);
	if (ret == 0)
		qsort(picture.threads + 1, picture.nthreads - 1, sizeof(*picture.threads), by_age);
	if (ret == 0 && o->json)
		print_json(&picture, &view, python);
	else if (ret == 0)
		print_text(&picture, &view, python);
	else
		complain(&err);
	if (view.file)
		fclose(view.file);
	if (fd >= 0)
		close(fd);
	picture_release(&picture);
	target_close(&target);
	return ret ? exit_status(ret) : fflush(stdout) ? EXIT_FAILED : EXIT_SUCCESS;
}
