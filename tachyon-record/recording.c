/* SPDX-License-Identifier: MIT */
#include "tachyon-record/recording.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "format/wire.h"
#include "tachyon-record/asyncio/asyncio_find.h"
#include "tachyon-record/output.h"
#include "tachyon-record/progress.h"
#include "tachyon-record/records.h"
#include "tachyon-record/sampler.h"
#include "tachyon-record/target.h"

enum {
	/* Some seconds of samples at the highest rates. */
	RING_BYTES = 4 << 20,
	LOOK_MS = 50,
	AWAIT_MS = 2,
	/* After an exec, the new program may take a while to become Python. */
	REOPEN_MAX_MS = 64,
	REOPEN_TRIES = 40,
	/* A record that must not be lost waits for room in steps of this. */
	PUSH_NAP_NS = 1000000,
};

/* The sampling thread as the main thread sees it. */
struct sampling {
	struct sampler *sampler;
	pthread_t thread;
	int done_fd;                    /* readable when it has returned */
	enum sampler_result result;
	struct target *target;
	struct asyncio_search asyncio;
};

struct recording {
	const struct recording_options *options;
	struct recording_result *result;
	struct ring *ring;
	struct output *output;
	struct progress progress;
	uint64_t end_ns;
	uint64_t stack_at;              /* of the target before: tells an exec */
	struct target **later;          /* targets after the first, by exec */
	size_t nlater, later_room;
};

int recording_take_signal(int signal_fd, pid_t child)
{
	struct signalfd_siginfo info;

	if (read(signal_fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	if (child && info.ssi_code != SI_KERNEL)
		kill(child, (int)info.ssi_signo);
	return (int)info.ssi_signo;
}

bool recording_has_ended(pid_t child, int *status)
{
	pid_t pid = waitpid(child, status, WNOHANG);

	/* While the sampling thread traces it, its stops come here, too. */
	return pid < 0 || (pid > 0 && !WIFSTOPPED(*status));
}

int recording_await(pid_t child, int signal_fd)
{
	struct pollfd fd = { signal_fd, POLLIN, 0 };
	int status = 0;

	while (!recording_has_ended(child, &status))
		if (poll(&fd, 1, AWAIT_MS) > 0)
			recording_take_signal(signal_fd, child);
	return status;
}

/* For the few records that are pushed while no sampler runs. */
static void push_surely(struct recording *r, uint32_t type, const void *data, size_t len)
{
	const struct timespec nap = { 0, PUSH_NAP_NS };

	while (ring_push(r->ring, type, data, len) != 0)
		nanosleep(&nap, NULL);
}

static void *sampling_run(void *arg)
{
	struct sampling *s = arg;
	const uint64_t one = 1;

	s->result = sampler_run(s->sampler);
	while (write(s->done_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	return NULL;
}

static int sampling_start(struct sampling *s, struct err *err)
{
	int ret;

	s->done_fd = eventfd(0, EFD_CLOEXEC);
	if (s->done_fd < 0)
		return err_set(err, errno, "an event counter: %s", strerror(errno));
	ret = pthread_create(&s->thread, NULL, sampling_run, s);
	if (ret) {
		close(s->done_fd);
		return err_set(err, ret, "the sampling thread: %s", strerror(ret));
	}
	return 0;
}

/* The target may import asyncio at any time. */
static void look_for_asyncio(const struct recording *r, struct sampling *s)
{
	struct asyncio_layout layout;

	if (r->options->async && asyncio_find(&s->asyncio, s->target, &layout, clock_now()))
		sampler_found_asyncio(s->sampler, &layout);
}

/* Watches over the sampling thread until it returns. */
static void watch(struct recording *r, struct sampling *s, int pidfd)
{
	struct pollfd fds[] = {
		{ s->done_fd, POLLIN, 0 },
		{ r->options->signal_fd, POLLIN, 0 },
		{ pidfd, POLLIN, 0 },
	};

	for (;;) {
		poll(fds, 3, LOOK_MS);
		if (fds[0].revents)
			break;
		if (fds[2].revents) {
			/* Also when the next tick is a long time off. */
			fds[2].fd = -1;
			sampler_target_ended(s->sampler);
		}
		if (fds[1].revents) {
			int sig = recording_take_signal(r->options->signal_fd,
							r->options->child);

			if (sig && !r->result->signal) {
				r->result->signal = sig;
				sampler_stop(s->sampler);
			}
		}
		if (output_failed(r->output))
			sampler_stop(s->sampler);
		look_for_asyncio(r, s);
		if (output_wants_segment(r->output))
			sampler_want_segment(s->sampler);
		progress_update(&r->progress, sampler_counts(s->sampler), clock_now());
	}
	pthread_join(s->thread, NULL);
	close(s->done_fd);
}

static bool child_has_ended(struct recording *r)
{
	if (!r->options->child)
		return false;
	if (!r->result->child_reaped)
		r->result->child_reaped = recording_has_ended(r->options->child,
							      &r->result->child_status);
	return r->result->child_reaped;
}

/*
 * After an exec: waits for the process to be a Python again.  *result says
 * why it is not, if it is not.
 */
static struct target *reopen(struct recording *r, pid_t pid, enum sampler_result *result)
{
	struct target *t = mem_alloc(1, sizeof(*t));
	struct pollfd fd = { r->options->signal_fd, POLLIN, 0 };
	struct err err;

	*result = SAMPLER_TARGET_ENDED;
	for (int i = 0, ms = 1; r->options->child || i < REOPEN_TRIES; i++) {
		int ret = target_open(t, pid, &err);

		if (ret == 0)
			return t;
		if (ret == -ESRCH || child_has_ended(r))
			break;
		if (r->end_ns && clock_now() >= r->end_ns) {
			*result = SAMPLER_DURATION;
			break;
		}
		ms = ms < REOPEN_MAX_MS ? 2 * ms : REOPEN_MAX_MS;
		if (poll(&fd, 1, ms) > 0) {
			r->result->signal = recording_take_signal(r->options->signal_fd,
								  r->options->child);
			break;
		}
	}
	free(t);
	return NULL;
}

static enum trace_end_reason end_reason(const struct recording *r, enum sampler_result result)
{
	if (r->result->signal)
		return TRACE_END_SIGNAL;
	switch (result) {
	case SAMPLER_DURATION:
		return TRACE_END_DURATION;
	case SAMPLER_TARGET_ENDED:
	case SAMPLER_TARGET_CHANGED:
		return TRACE_END_TARGET;
	case SAMPLER_STOPPED:
		break;
	}
	return TRACE_END_ERROR;
}

static void push_target(struct recording *r, struct target *t, bool is_exec)
{
	const struct record_target record = { t, clock_now(), is_exec };

	push_surely(r, RECORD_TARGET, &record, sizeof(record));
}

static void push_lost(struct recording *r, const struct sampler *sampler)
{
	const struct record_lost *lost = sampler ? sampler_lost(sampler) : NULL;

	if (lost)
		push_surely(r, RECORD_LOST, lost, sizeof(*lost));
}

static void push_end(struct recording *r, enum sampler_result result)
{
	struct record_end end = { .at_ns = clock_now(), .reason = end_reason(r, result),
				  .status = -1 };

	/* The status of a program that was attached to is its parent's business. */
	if (end.reason == TRACE_END_TARGET && r->options->child && !r->result->child_reaped) {
		r->result->child_status = recording_await(r->options->child,
							  r->options->signal_fd);
		r->result->child_reaped = true;
	}
	if (r->result->child_reaped)
		end.status = r->result->child_status;
	push_surely(r, RECORD_END, &end, sizeof(end));
}

/* Samples one target; *sampler is the one that ran, for its counts. */
static int sample(struct recording *r, struct target *t, struct sampler **sampler,
		  enum sampler_result *result, struct err *err)
{
	const struct sampler_options options = {
		.interval_ns = r->options->interval_ns,
		.end_ns = r->end_ns,
		.all_threads = r->options->all_threads,
		.selection = r->options->selection,
		.opcodes = r->options->opcodes,
		.async = r->options->async,
		.async_all = r->options->async_all,
		.blocking = r->options->blocking,
	};
	struct sampling s = { .sampler = sampler_new(t, r->ring, &options, err), .target = t };
	int ret;

	if (!s.sampler)
		return -ENOMEM;
	if (*sampler)
		sampler_continue(s.sampler, *sampler);
	sampler_free(*sampler);
	*sampler = s.sampler;
	push_target(r, t, r->stack_at && r->stack_at != t->stack_at);
	r->stack_at = t->stack_at;
	look_for_asyncio(r, &s);
	ret = sampling_start(&s, err);
	if (ret)
		return ret;
	watch(r, &s, t->pidfd);
	*result = s.result;
	return 0;
}

/* Samples the target and what it becomes by exec. */
static int sample_all(struct recording *r, struct target *t, struct sampler **sampler,
		      struct err *err)
{
	enum sampler_result result = SAMPLER_STOPPED;
	int ret = sample(r, t, sampler, &result, err);

	while (ret == 0 && result == SAMPLER_TARGET_CHANGED && !r->result->signal &&
	       (t = reopen(r, t->pid, &result))) {
		r->later = mem_grow(r->later, &r->later_room, r->nlater + 1,
				    sizeof(struct target *));
		r->later[r->nlater++] = t;
		ret = sample(r, t, sampler, &result, err);
	}
	push_lost(r, *sampler);
	push_end(r, result);
	return ret;
}

static void begin_progress(struct recording *r)
{
	const struct recording_options *o = r->options;
	const bool terminal = isatty(STDERR_FILENO);

	r->progress = (struct progress){
		.line = terminal && !o->quiet && !o->realtime_stats,
		.statistics = o->realtime_stats,
		.summary = (terminal || o->verbose) && !o->quiet,
		.interval_ns = o->interval_ns,
		.duration_ns = o->duration_ns,
		.began_ns = clock_now(),
	};
	r->progress.statistics_ns = r->progress.shown_ns = r->progress.began_ns;
	r->end_ns = o->duration_ns ? r->progress.began_ns + o->duration_ns : 0;
}

static struct output *start_output(const struct recording *r, struct err *err)
{
	const struct recording_options *o = r->options;
	const struct output_options options = {
		.fd = o->output_fd,
		.argv = o->argv,
		.interval_ns = o->interval_ns,
		.duration_ns = o->duration_ns,
		.all_threads = o->all_threads,
		.mode = o->selection.mode->name,
		.no_gc = o->selection.no_gc,
		.native = o->native,
		.opcodes = o->opcodes,
		.blocking = o->blocking,
		.known = selection_known(&o->selection, sampler_known_flags()),
		.async = !o->async ? NULL : o->async_all ? "all" : "running",
	};

	return output_start(r->ring, &options, err);
}

int recording_run(struct target *target, const struct recording_options *options,
		  struct recording_result *result, struct err *err)
{
	struct recording r = { .options = options, .result = result };
	struct sampler *sampler = NULL;
	struct err output_err;
	uint64_t bytes, ended_ns;
	int ret, output_ret;

	r.ring = ring_new(RING_BYTES, err);
	if (!r.ring)
		return -ENOMEM;
	r.output = start_output(&r, err);
	if (!r.output) {
		ring_free(r.ring);
		return -EIO;
	}
	begin_progress(&r);
	ret = sample_all(&r, target, &sampler, err);
	ended_ns = clock_now();
	output_ret = output_finish(r.output, &bytes, &output_err);
	if (output_ret) {
		ret = err_set(err, -output_ret, "%s: %s", options->output_name,
			      output_err.text);
		progress_clear(&r.progress);
	} else if (sampler) {
		progress_summary(&r.progress, sampler_counts(sampler), ended_ns,
				 options->output_name, bytes);
	}
	if (sampler)
		result->ticks = sampler_counts(sampler)->ticks;
	sampler_free(sampler);
	for (size_t i = 0; i < r.nlater; i++) {
		target_close(r.later[i]);
		free(r.later[i]);
	}
	free(r.later);
	ring_free(r.ring);
	return ret;
}
