/* SPDX-License-Identifier: MIT */
/* launch_test - the words of a target, and a program that waits at the gate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "tachyon-record/launch.h"

static char dir[] = "/tmp/launch_test.XXXXXX";

static int enter_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const files[] = { "a.py", "b.pyz", "plain", "runs" };

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(files[i]);
	rmdir("package.d");
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static void touch(const char *name, mode_t mode)
{
	int fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	close(fd);
}

static void assert_words(bool module, char *target, const char *expected)
{
	char *argv[] = { target, (char *)"-x", NULL }, joined[256] = "";
	char **words = launch_words(module, 2, argv);

	for (int i = 0; words[i]; i++) {
		size_t len = strlen(joined);

		snprintf(joined + len, sizeof(joined) - len, "%s%s", i ? " " : "",
			 words[i]);
	}
	assert_string_equal(joined, expected);
	free(words);
}

static void words_of_a_target(void **state)
{
	(void)state;
	touch("a.py", 0644);
	touch("b.pyz", 0755);
	touch("plain", 0644);
	touch("runs", 0755);
	assert_int_equal(mkdir("package.d", 0755), 0);
	assert_words(true, (char *)"http.server", "python3 -m http.server -x");
	assert_words(false, (char *)"a.py", "python3 a.py -x");
	assert_words(false, (char *)"./a.py", "python3 ./a.py -x");
	assert_words(false, (char *)"b.pyz", "python3 b.pyz -x");
	assert_words(false, (char *)"package.d", "python3 package.d -x");
	assert_words(false, (char *)"missing.py", "missing.py -x");
	assert_words(false, (char *)"gunicorn", "gunicorn -x");
	/* A command is looked up in PATH, even if a file has its name. */
	assert_words(false, (char *)"plain", "plain -x");
	assert_words(false, (char *)"./plain", "python3 ./plain -x");
	assert_words(false, (char *)"./runs", "./runs -x");
}

static struct launch_signals no_signals(void)
{
	struct launch_signals signals = { .pipe = SIG_DFL, .xfsz = SIG_DFL, .child = SIG_DFL };

	sigemptyset(&signals.mask);
	return signals;
}

static int status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void nothing_runs_before_the_gate_opens(void **state)
{
	char *words[] = { (char *)"sh", (char *)"-c", (char *)"exit 7", NULL };
	const struct launch_signals signals = no_signals();
	struct launch l;
	struct err err;
	char link[64], exe[256], own[256];
	ssize_t n, m;

	(void)state;
	assert_int_equal(launch_start(&l, words, false, &signals, &err), 0);
	/* It has not become another program, however long we wait. */
	usleep(20000);
	snprintf(link, sizeof(link), "/proc/%d/exe", (int)l.pid);
	n = readlink(link, exe, sizeof(exe));
	m = readlink("/proc/self/exe", own, sizeof(own));
	assert_true(n > 0 && n == m);
	assert_memory_equal(exe, own, (size_t)n);
	assert_int_equal(launch_release(&l, "sh", &err), 0);
	assert_int_equal(status_of(l.pid), 7 << 8);
}

static void a_program_that_cannot_begin(void **state)
{
	char *missing[] = { (char *)"/nowhere/at-all", NULL };
	char *plain[] = { (char *)"./plain", NULL };
	const struct launch_signals signals = no_signals();
	struct launch l;
	struct err err;

	(void)state;
	assert_int_equal(launch_start(&l, missing, false, &signals, &err), 0);
	assert_int_equal(launch_release(&l, missing[0], &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nowhere/at-all: command not found"));
	assert_int_equal(waitpid(l.pid, NULL, WNOHANG), -1);
	assert_int_equal(launch_start(&l, plain, false, &signals, &err), 0);
	assert_int_equal(launch_release(&l, plain[0], &err), -EACCES);
	assert_non_null(strstr(err.text, "Permission denied"));
}

static void giving_up_leaves_nothing(void **state)
{
	char *words[] = { (char *)"sh", (char *)"-c", (char *)"exit 7", NULL };
	const struct launch_signals signals = no_signals();
	struct launch l;
	struct err err;

	(void)state;
	assert_int_equal(launch_start(&l, words, false, &signals, &err), 0);
	launch_abort(&l);
	assert_int_equal(kill(l.pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

/* What we block and ignore ourselves is not passed on. */
static void signals_are_as_they_were(void **state)
{
	char *words[] = { (char *)"sh", (char *)"-c", (char *)"kill -PIPE $$", NULL };
	const struct launch_signals signals = no_signals();
	sigset_t all, before;
	struct launch l;
	struct err err;
	int status;

	(void)state;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(launch_start(&l, words, false, &signals, &err), 0);
	assert_int_equal(launch_release(&l, "sh", &err), 0);
	status = status_of(l.pid);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGPIPE);
}

static void output_can_go_to_standard_error(void **state)
{
	char *words[] = { (char *)"sh", (char *)"-c",
			  (char *)"echo out; echo err >&2", NULL };
	const struct launch_signals signals = no_signals();
	int ends[2], standard_error = dup(STDERR_FILENO);
	char text[256] = "";
	struct launch l;
	struct err err;
	size_t len = 0;
	ssize_t n;

	(void)state;
	fcntl(standard_error, F_SETFD, FD_CLOEXEC);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	dup2(ends[1], STDERR_FILENO);
	assert_int_equal(launch_start(&l, words, true, &signals, &err), 0);
	dup2(standard_error, STDERR_FILENO);
	close(standard_error);
	close(ends[1]);
	assert_int_equal(launch_release(&l, "sh", &err), 0);
	while ((n = read(ends[0], text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	close(ends[0]);
	assert_int_equal(status_of(l.pid), 0);
	assert_string_equal(text, "out\nerr\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_of_a_target),
		cmocka_unit_test(nothing_runs_before_the_gate_opens),
		cmocka_unit_test(a_program_that_cannot_begin),
		cmocka_unit_test(giving_up_leaves_nothing),
		cmocka_unit_test(signals_are_as_they_were),
		cmocka_unit_test(output_can_go_to_standard_error),
	};

	return cmocka_run_group_tests_name("launch", tests, enter_dir, remove_dir);
}
