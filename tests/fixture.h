/* SPDX-License-Identifier: MIT */
/*
 * fixture.h - traces in memory for the unit tests.
 *
 * Packing functions append to one buffer, fixture_raw, which stands for the
 * msgpack of a trace that no writer would make.
 */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/trace.h"

struct profile;
struct trace_writer;

/* A file in memory that holds the bytes, at its start. */
int fixture_file(const void *bytes, size_t len);

/* All bytes of a file; closes it. */
struct buf fixture_read(int fd);

/* One zstd frame of the bytes, and all frames back. */
struct buf fixture_compress(const void *raw, size_t len);
struct buf fixture_decompress(const struct buf *trace);

/* What a reader makes of a trace, fed to a profile as well if p is given. */
struct fixture_result {
	int rc;                         /* what it ended with */
	struct err err;
	size_t objects;
	size_t counts[TRACE_CPU + 1];       /* by type */
};
struct fixture_result fixture_walk(const void *trace, size_t len, struct profile *p);

/* The same for raw msgpack in one frame. */
struct fixture_result fixture_walk_raw(const void *raw, size_t len);

/* A small trace with every type that the writer makes. */
struct buf fixture_trace(void);

/* A writer whose header, process 1 and thread 1 are written. */
struct trace_writer *fixture_writer(int fd);

extern struct buf fixture_raw;
void raw_array(size_t n);
void raw_map(size_t n);
void raw_int(int64_t n);
void raw_str(const char *s);
void raw_bytes(const char *bytes, size_t len);  /* as they are */
void raw_header(void);
void raw_reset(void);

#endif
