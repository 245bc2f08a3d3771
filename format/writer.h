/* SPDX-License-Identifier: MIT */
/*
 * writer.h - write a trace: pack objects, compress frames, hand them to a
 * file descriptor.
 *
 * Not thread safe; the recorder gives one thread a writer of its own.  The
 * writer assigns the ids of strings, opcodes, functions, locations and stacks; it
 * keeps pending definitions apart and puts them in front of whatever object
 * is added next, so that every definition precedes its first use.  A frame
 * ends when it holds TRACE_FRAME_BYTES of msgpack or when the caller says so
 * (trace_writer_flush); a flushed frame has been given to the kernel.
 *
 * Errors stick: after the first failing write every call returns it, and
 * what was written before stays a valid trace.
 */
#ifndef FORMAT_WRITER_H
#define FORMAT_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/trace.h"
#include "format/wire.h"

struct err;
struct trace_writer;

enum { TRACE_FRAME_BYTES = 256 << 10 };

/* Writes to fd, which stays the caller's.  level is zstd's.  NULL: err. */
struct trace_writer *trace_writer_new(int fd, int level, struct err *err);
void trace_writer_free(struct trace_writer *w); /* NULL is allowed; does not flush */

/* Starts a segment: every id given so far is void. */
int trace_writer_header(struct trace_writer *w, uint64_t mono_ns, uint64_t wall_ns,
			const struct trace_info *info, size_t ninfo, struct err *err);

/*
 * Definitions.  Equal arguments give equal ids.  They return 0 only when a
 * limit of the format is reached; the caller then starts a new segment.  The
 * exception is a stack of more than TRACE_MAX_DEPTH frames: it is refused in
 * any segment.  A string above TRACE_MAX_STRING bytes is cut.  0 stands
 * for what is not known where an id is asked for.
 */
uint32_t trace_writer_string(struct trace_writer *w, const void *bytes, size_t len);
uint32_t trace_writer_function(struct trace_writer *w, uint32_t name, uint32_t file,
			       int32_t first_line);
uint32_t trace_writer_opcode(struct trace_writer *w, uint32_t name, uint32_t base);
uint32_t trace_writer_location(struct trace_writer *w,
			       const struct trace_location *loc);
uint32_t trace_writer_stack(struct trace_writer *w, uint32_t parent, uint32_t location);

/*
 * Objects.  One that would break a rule of the format is refused with -EINVAL
 * or -E2BIG; that does not stick.  The end also ends the frame.
 */
int trace_writer_process(struct trace_writer *w, const struct trace_process *p,
			 struct err *err);
int trace_writer_thread(struct trace_writer *w, const struct trace_thread *t,
			struct err *err);
int trace_writer_block(struct trace_writer *w, const struct trace_block *b,
		       struct err *err);
int trace_writer_tasks(struct trace_writer *w, const struct trace_tasks *t,
		       struct err *err);
/* In front of the block whose ticks it is about. */
int trace_writer_logical(struct trace_writer *w, const struct trace_logical *l,
			 struct err *err);
int trace_writer_lost(struct trace_writer *w, uint32_t process, uint64_t from_ns,
		      uint64_t to_ns, uint64_t ticks, enum trace_lost_reason reason,
		      struct err *err);
int trace_writer_event(struct trace_writer *w, uint64_t at_ns, uint32_t process,
		       enum trace_event_kind kind, int64_t value, const char *text,
		       struct err *err);
int trace_writer_cpu(struct trace_writer *w, const struct trace_cpu *cpu, struct err *err);
int trace_writer_stats(struct trace_writer *w, uint64_t at_ns,
		       const struct trace_info *info, size_t ninfo, struct err *err);
int trace_writer_end(struct trace_writer *w, uint64_t at_ns,
		     enum trace_end_reason reason, const char *text,
		     const struct trace_info *totals, size_t ntotals, struct err *err);

/* Ends the frame, if it holds anything, and writes it. */
int trace_writer_flush(struct trace_writer *w, struct err *err);

/* Compressed bytes given to the kernel so far. */
uint64_t trace_writer_bytes(const struct trace_writer *w);
/* Memory that the definition tables take, so that the caller can bound it. */
size_t trace_writer_memory(const struct trace_writer *w);

#endif
