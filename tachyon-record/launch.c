/* SPDX-License-Identifier: MIT */
#include "tachyon-record/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

static const char interpreter[] = "python3";

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/* What python3 runs: a source file, a zip application, a package directory. */
static bool is_script(const char *target)
{
	static const char *const suffixes[] = { ".py", ".pyw", ".pyz", ".pyc" };
	struct stat st;

	if (stat(target, &st) != 0)
		return false;
	if (S_ISDIR(st.st_mode))
		return true;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (ends_with(target, suffixes[i]))
			return true;
	return strchr(target, '/') && access(target, X_OK) != 0;
}

char **launch_words(bool module, int argc, char **argv)
{
	char **words = mem_alloc((size_t)argc + 3, sizeof(*words));
	size_t n = 0;

	if (module || is_script(argv[0]))
		words[n++] = (char *)interpreter;
	if (module)
		words[n++] = (char *)"-m";
	for (int i = 0; i < argc; i++)
		words[n++] = argv[i];
	words[n] = NULL;
	return words;
}

/* In the child: waits for the gate, then becomes the program. */
static void child(int gate, int report, char **words, bool stdout_to_stderr,
		  const struct launch_signals *signals)
{
	char byte;
	int error;

	/* One byte opens the gate; end of file means that the recorder gave up. */
	if (read(gate, &byte, 1) != 1)
		_exit(0);
	if (stdout_to_stderr)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	signal(SIGPIPE, signals->pipe);
	signal(SIGXFSZ, signals->xfsz);
	signal(SIGCHLD, signals->child);
	sigprocmask(SIG_SETMASK, &signals->mask, NULL);
	execvp(words[0], words);
	error = errno;
	if (write(report, &error, sizeof(error)) < 0)
		_exit(125);
	_exit(error == ENOENT ? 127 : 126);
}

int launch_start(struct launch *l, char **words, bool stdout_to_stderr,
		 const struct launch_signals *signals, struct err *err)
{
	int gate[2], report[2];

	if (pipe2(gate, O_CLOEXEC) != 0)
		return err_set(err, errno, "a pipe: %s", strerror(errno));
	if (pipe2(report, O_CLOEXEC) != 0) {
		int ret = err_set(err, errno, "a pipe: %s", strerror(errno));

		close(gate[0]);
		close(gate[1]);
		return ret;
	}
	l->pid = fork();
	if (l->pid == 0) {
		close(gate[1]);
		close(report[0]);
		child(gate[0], report[1], words, stdout_to_stderr, signals);
	}
	close(gate[0]);
	close(report[1]);
	l->gate = gate[1];
	l->report = report[0];
	if (l->pid < 0) {
		int ret = err_set(err, errno, "a new process: %s", strerror(errno));

		close(l->gate);
		close(l->report);
		return ret;
	}
	return 0;
}

int launch_release(struct launch *l, const char *name, struct err *err)
{
	int error = 0;
	ssize_t got;

	if (write(l->gate, "", 1) != 1)
		error = errno;
	close(l->gate);
	do
		got = read(l->report, &error, sizeof(error));
	while (got < 0 && errno == EINTR);
	close(l->report);
	if (got <= 0)
		return 0;
	while (waitpid(l->pid, NULL, 0) < 0 && errno == EINTR)
		;
	return err_set(err, error, "%s: %s; %s", name,
		       error == ENOENT ? "command not found" : strerror(error),
		       error == ENOENT ? "give a script, a command or -m MODULE"
				       : "it cannot be executed");
}

void launch_abort(struct launch *l)
{
	close(l->gate);
	close(l->report);
	while (waitpid(l->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
