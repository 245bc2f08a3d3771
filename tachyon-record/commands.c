/* SPDX-License-Identifier: MIT */
#include "tachyon-record/commands.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "tachyon-record/access.h"
#include "tachyon-record/asyncio/asyncio_find.h"
#include "tachyon-record/launch.h"
#include "tachyon-record/options.h"
#include "tachyon-record/pause.h"
#include "tachyon-record/procfs.h"
#include "tachyon-record/recording.h"
#include "tachyon-record/target.h"

enum {
	START_MS = 2,                   /* between looks for a Python that starts */
	START_TRIES = 1000,             /* attach: how many of them */
	START_QUICK = 250,              /* run: so many, then rarer ones */
	START_SLOW_MS = 50,
	/* A launcher's descendants that are looked at. */
	MAX_CHILDREN = 64,
	MAX_GENERATIONS = 8,
};

void complain(const struct err *err)
{
	fprintf(stderr, "tachyon-record: %s\n", err->text);
}

void print_tree(struct cJSON *root)
{
	char *text = cJSON_Print(root);

	puts(text);
	free(text);
	cJSON_Delete(root);
}

int exit_status(int ret)
{
	switch (ret) {
	case 0:
		return EXIT_SUCCESS;
	case -EPERM:
	case -EACCES:
		return EXIT_DENIED;
	case -ENOEXEC:
	case -ENOTSUP:
	case -EAGAIN:
		return EXIT_NOT_PYTHON;
	case -ESRCH:
		return EXIT_NO_PROCESS;
	default:
		return EXIT_FAILED;
	}
}

/* Where the trace goes. */
struct sink {
	int fd;
	const char *name;
	char default_name[64];
};

static bool to_stdout(const struct options *o)
{
	return o->output ? strcmp(o->output, "-") == 0 : !isatty(STDOUT_FILENO);
}

static int open_sink(struct sink *s, const struct options *o, pid_t pid, struct err *err)
{
	if (to_stdout(o)) {
		s->name = "standard output";
		s->fd = STDOUT_FILENO;
		if (isatty(s->fd))
			return err_set(err, EINVAL, "standard output: it is a terminal, and a "
				       "trace is not text; redirect it or use -o FILE");
		return 0;
	}
	s->name = o->output;
	if (!s->name) {
		snprintf(s->default_name, sizeof(s->default_name), "profile.%d.tachyon",
			 (int)pid);
		s->name = s->default_name;
	}
	s->fd = open(s->name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
	if (s->fd < 0)
		return err_set(err, errno, "%s: %s; choose another place with -o FILE", s->name,
			       strerror(errno));
	return 0;
}

/* Signals that end a recording are read, not delivered, from here on. */
static int take_signals(struct launch_signals *before)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &before->mask);
	/* What the kernel would end us for comes back as an error instead. */
	before->pipe = signal(SIGPIPE, SIG_IGN);
	before->xfsz = signal(SIGXFSZ, SIG_IGN);
	/* If it was ignored, the kernel would throw the program's status away. */
	before->child = signal(SIGCHLD, SIG_DFL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static struct recording_options recording_options(const struct options *o, char **argv,
						  const struct sink *sink, int signal_fd,
						  pid_t child)
{
	return (struct recording_options){
		.interval_ns = o->interval_ns,
		.duration_ns = o->duration_ns,
		.all_threads = o->all_threads,
		.selection = { .mode = o->mode, .no_gc = o->no_gc },
		.native = o->native,
		.opcodes = o->opcodes,
		.async = o->async,
		.async_all = o->async_all,
		.blocking = o->blocking,
		.realtime_stats = o->realtime_stats,
		.quiet = o->quiet,
		.verbose = o->verbose,
		.argv = (const char *const *)argv,
		.child = child,
		.signal_fd = signal_fd,
		.output_fd = sink->fd,
		.output_name = sink->name,
	};
}

static void say_found(const struct options *o, const struct target *t)
{
	char python[32];

	target_python(t, python, sizeof(python));
	if (o->verbose)
		fprintf(stderr, "process %d: Python %s, _PyRuntime at 0x%llx, %s; memory "
			"by %s\n", (int)t->pid, python, (unsigned long long)t->runtime, t->found,
			remote_method(&t->remote));
}

/* Threads are recorded all the same. */
static void warn_of_async(const struct options *o, const struct target *t)
{
	struct err err;

	if (!o->async || o->quiet || asyncio_is_readable(t))
		return;
	err_set(&err, ENOTSUP, "process %d: --async-aware: tasks of %sCPython %u.%u are not "
		"read; only threads are recorded", (int)t->pid,
		t->layout.free_threaded ? "free-threaded " : "", t->layout.version >> 8,
		t->layout.version & 0xff);
	complain(&err);
}

/* Two descriptors a thread: as many as we may have.  The program keeps its own. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int record(struct target *t, const struct options *o, char **argv,
		  const struct sink *sink, int signal_fd, pid_t child,
		  struct recording_result *result)
{
	struct recording_options ro = recording_options(o, argv, sink, signal_fd, child);
	struct err err;
	int ret;

	say_found(o, t);
	warn_of_async(o, t);
	raise_descriptors();
	ret = recording_run(t, &ro, result, &err);
	if (ret)
		complain(&err);
	target_close(t);
	return ret;
}

/* A target that is to be stopped for each tick has to let itself be stopped. */
static int check_blocking(struct target *t, const struct options *o, struct err *err)
{
	int ret = o->blocking ? pause_try(t->pid, err) : 0;

	if (ret)
		target_close(t);
	return ret;
}

void explain(pid_t pid, int ret, const struct err *err)
{
	struct access a;
	struct err line;

	if ((ret != -EPERM && ret != -EACCES) || access_look(&a, pid) != 0 || !a.closed ||
	    !a.closed->remedy) {
		complain(err);
		return;
	}
	access_denied(&a, &line);
	complain(&line);
	err_set(&line, EPERM, "to open it: %s", a.closed->remedy);
	complain(&line);
}

int open_target(struct target *t, const struct options *o, struct err *err)
{
	int ret = target_open(t, o->pid, err);

	for (int i = 0; ret == -EAGAIN && i < START_TRIES; i++) {
		poll(NULL, 0, START_MS);
		ret = target_open(t, o->pid, err);
	}
	return ret ? ret : check_blocking(t, o, err);
}

int command_attach(const struct options *o, char **argv)
{
	struct recording_result result = { 0 };
	struct target target;
	struct sink sink;
	struct err err;
	struct launch_signals before;
	int signal_fd = take_signals(&before), ret = open_target(&target, o, &err);

	if (ret == 0) {
		ret = open_sink(&sink, o, o->pid, &err);
		if (ret == 0)
			return record(&target, o, argv, &sink, signal_fd, 0, &result)
				? EXIT_FAILED : EXIT_SUCCESS;
		target_close(&target);
		complain(&err);
		return EXIT_FAILED;
	}
	explain(o->pid, ret, &err);
	return exit_status(ret);
}

static int program_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The first Python that the program has started, as target_open(); -ENOEXEC: none. */
static int open_descendant(struct target *t, pid_t pid, int generations, struct err *err)
{
	pid_t children[MAX_CHILDREN];
	size_t n = procfs_children(pid, children, MAX_CHILDREN);

	for (size_t i = 0; generations && i < n; i++) {
		int ret = target_open(t, children[i], err);

		if (ret == -ENOEXEC)
			ret = open_descendant(t, children[i], generations - 1, err);
		/* Another user's is not the one that was asked for. */
		if (ret != -ENOEXEC && ret != -ESRCH && ret != -EPERM)
			return ret;
	}
	return -ENOEXEC;
}

/*
 * Waits until the program, or one that it started, is a Python with an
 * interpreter.  0, -ENOTSUP, -EPERM, or -ECHILD when it has ended (*status), as
 * err says.
 */
static int await_python(struct target *t, pid_t child, int signal_fd, int *status,
			struct err *err)
{
	struct pollfd fd = { signal_fd, POLLIN, 0 };

	/* At first a Python is likely and soon ready; later each look is rarer. */
	for (int i = 0; ; i++) {
		int ret = target_open(t, child, err);

		if (ret == -ENOEXEC)
			ret = open_descendant(t, child, MAX_GENERATIONS, err);
		if (ret == 0 || ret == -ENOTSUP || ret == -EPERM)
			return ret;
		if (recording_has_ended(child, status))
			return err_set(err, ECHILD, "the program: it ended without having been "
				       "or started a Python; is it the right command?");
		if (poll(&fd, 1, i < START_QUICK ? START_MS : START_SLOW_MS) > 0)
			recording_take_signal(signal_fd, child);
	}
}

static int record_program(const struct options *o, char **argv, struct launch *launch,
			  const struct sink *sink, int signal_fd)
{
	struct recording_result result = { 0 };
	struct target target;
	struct err err;
	int status, ret;

	ret = launch_release(launch, o->target[0], &err);
	if (ret) {
		complain(&err);
		return ret == -ENOENT ? 127 : 126;
	}
	ret = await_python(&target, launch->pid, signal_fd, &status, &err);
	if (ret == 0)
		ret = check_blocking(&target, o, &err);
	if (ret) {
		complain(&err);
		if (ret != -ECHILD)
			recording_await(launch->pid, signal_fd);
		return EXIT_OWN_FAILURE;
	}
	ret = record(&target, o, argv, sink, signal_fd, launch->pid, &result);
	close(sink->fd);
	status = result.child_reaped ? result.child_status
				     : recording_await(launch->pid, signal_fd);
	return ret ? EXIT_OWN_FAILURE : program_status(status);
}

int command_run(const struct options *o, char **argv)
{
	struct launch launch;
	struct launch_signals before;
	int signal_fd = take_signals(&before);
	char **words = launch_words(o->module, o->ntarget, o->target);
	struct sink sink;
	struct err err;
	int status;

	status = launch_start(&launch, words, to_stdout(o), &before, &err);
	free(words);
	if (status == 0 && open_sink(&sink, o, launch.pid, &err) != 0) {
		launch_abort(&launch);
		status = -EIO;
	}
	if (status) {
		complain(&err);
		return EXIT_OWN_FAILURE;
	}
	return record_program(o, argv, &launch, &sink, signal_fd);
}
