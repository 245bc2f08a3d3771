/* SPDX-License-Identifier: MIT */
/* input.c - open a trace and feed the profile. */
#include "tachyon-report/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "format/reader.h"
#include "profile/profile.h"
#include "tachyon-report/output.h"

static int read_objects(struct trace_reader *reader, int fd, struct profile *p,
			struct err *err)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	struct trace_object o;
	int rc;

	while ((rc = trace_reader_next(reader, &o, err)) != 0) {
		/* Whoever shares the pipe may have made it non-blocking. */
		if (rc == -EAGAIN)
			poll(&wait, 1, -1);
		else if (rc < 0)
			return rc;
		else if ((rc = profile_add(p, &o, err)) < 0)
			return rc;
	}
	return 0;
}

int input_read(const char *path, struct profile *p, struct report *r, struct err *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set(err, errno, "%s: cannot open: %s", path,
			       strerror(errno));

	struct trace_reader *reader = trace_reader_new(
		fd, is_stdin ? "standard input" : path, err);
	int rc = -ENOMEM;

	if (reader) {
		rc = read_objects(reader, fd, p, err);
		r->bytes += trace_reader_bytes(reader);
		r->raw_bytes += trace_reader_raw_bytes(reader);
		r->frames += trace_reader_frames(reader);
	}
	trace_reader_free(reader);
	if (!is_stdin)
		close(fd);
	return rc;
}
