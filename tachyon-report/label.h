/* SPDX-License-Identifier: MIT */
/*
 * label.h - names of functions and threads as text outputs show them.
 *
 * Labels are printable (see base/text.h) whatever the trace contained, and
 * never empty.  A frame that is no Python function has the file ~ and line 0.
 */
#ifndef REPORT_LABEL_H
#define REPORT_LABEL_H

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct profile;

/* "basename:first_line(qualname)" */
void label_function(struct buf *out, const struct profile *p, uint32_t function);

/* "qualname"; "<task> NAME" for what names a task */
void label_name(struct buf *out, const struct profile *p, uint32_t function);

/* The file of a function, its whole path or the last part of it. */
void label_file(struct buf *out, const struct profile *p, uint32_t function,
		bool whole_path);

/* "[CALL_LEN (CALL)]": an opcode and the form that it was specialised from. */
void label_opcode(struct buf *out, const struct profile *p, uint32_t opcode);

/* Is it a frame such as <GC> or that of a task, which no file has? */
bool label_is_synthetic(const struct profile *p, uint32_t function);

/* "thread (4242): MainThread"; thread 0: "process". */
void label_thread(struct buf *out, const struct profile *p, uint32_t thread);

#endif
