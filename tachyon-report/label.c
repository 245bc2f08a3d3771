/* SPDX-License-Identifier: MIT */
/* label.c - names of functions and threads. */
#include "tachyon-report/label.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "profile/profile.h"

static void add_text(struct buf *out, struct trace_text t, const char *if_empty)
{
	if (t.len)
		text_escape(out, t.bytes, t.len);
	else
		buf_add_str(out, if_empty);
}

static bool is_task(const struct profile *p, struct trace_function f)
{
	struct trace_text path = symbols_string(&p->symbols, f.file);

	return path.len == 6 && memcmp(path.bytes, "<task>", 6) == 0 && f.first_line == 0;
}

void label_name(struct buf *out, const struct profile *p, uint32_t function)
{
	struct trace_function f = symbols_function(&p->symbols, function);

	if (is_task(p, f))
		buf_add_str(out, "<task> ");
	add_text(out, symbols_string(&p->symbols, f.name), "<unknown>");
}

void label_file(struct buf *out, const struct profile *p, uint32_t function,
		bool whole_path)
{
	struct trace_function f = symbols_function(&p->symbols, function);
	struct trace_text path = symbols_string(&p->symbols, f.file);

	add_text(out, whole_path ? path : symbols_basename(path), "<unknown>");
}

void label_opcode(struct buf *out, const struct profile *p, uint32_t opcode)
{
	struct trace_opcode o = symbols_opcode(&p->symbols, opcode);

	buf_add_char(out, '[');
	add_text(out, symbols_string(&p->symbols, o.name), "?");
	if (o.base && o.base != o.name) {
		buf_add_str(out, " (");
		add_text(out, symbols_string(&p->symbols, o.base), "?");
		buf_add_char(out, ')');
	}
	buf_add_char(out, ']');
}

bool label_is_synthetic(const struct profile *p, uint32_t function)
{
	struct trace_function f = symbols_function(&p->symbols, function);
	struct trace_text path = symbols_string(&p->symbols, f.file);

	return (path.len == 1 && path.bytes[0] == '~' && f.first_line == 0) || is_task(p, f);
}

void label_function(struct buf *out, const struct profile *p, uint32_t function)
{
	struct trace_function f = symbols_function(&p->symbols, function);

	label_file(out, p, function, false);
	buf_printf(out, ":%d(", f.first_line);
	add_text(out, symbols_string(&p->symbols, f.name), "<unknown>");
	buf_add_char(out, ')');
}

void label_thread(struct buf *out, const struct profile *p, uint32_t thread)
{
	if (!thread) {
		buf_add_str(out, "process");
		return;
	}

	const struct profile_thread *t = &p->threads[thread - 1];
	struct trace_text name = symbols_string(&p->symbols, t->name);

	buf_printf(out, "thread (%llu)", (unsigned long long)t->tid);
	if (name.len) {
		buf_add_str(out, ": ");
		text_escape(out, name.bytes, name.len);
	}
}
