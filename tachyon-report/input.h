/* SPDX-License-Identifier: MIT */
/* input.h - one trace, from a path or standard input, into the profile. */
#ifndef REPORT_INPUT_H
#define REPORT_INPUT_H

struct err;
struct profile;
struct report;

/*
 * Reads the trace and adds its sizes to the report.  Returns 0, or what the
 * reader ended with (see format/reader.h): -ENODATA and -EBADMSG leave what
 * came before in the profile.  path "-" is standard input.
 */
int input_read(const char *path, struct profile *p, struct report *r, struct err *err);

#endif
