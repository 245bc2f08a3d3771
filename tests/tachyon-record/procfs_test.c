/* SPDX-License-Identifier: MIT */
/* procfs_test - what /proc says of the test's own process and of its children. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tachyon-record/procfs.h"

static const char *own_argv0;

/* Above any pid that Linux gives (PID_MAX_LIMIT). */
enum { NOBODY = 1 << 23 };

static uint64_t boot_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void own_argv(void **state)
{
	char **argv = procfs_argv(getpid());

	(void)state;
	assert_non_null(argv);
	assert_string_equal(argv[0], own_argv0);
	assert_null(argv[1]);
	free(argv);
	errno = 0;
	assert_null(procfs_argv(NOBODY));
	assert_int_equal(errno, ENOENT);
}

static void words_of_any_kind(void **state)
{
	static const char *const words[] = { "a b\n\xff", "", "99", "" };
	pid_t pid = fork();
	char **argv;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "kill -STOP $$", words[0], words[1],
		      words[2], words[3], (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, WUNTRACED);
	argv = procfs_argv(pid);
	assert_non_null(argv);
	assert_string_equal(argv[0], "sh");
	for (int i = 0; i < 4; i++)
		assert_string_equal(argv[3 + i], words[i]);
	assert_null(argv[7]);
	free(argv);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void own_stat(void **state)
{
	struct proc_stat s;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(0);
	/* A name that looks like the fields behind it. */
	prctl(PR_SET_NAME, ") Z 1 (x) 2");
	assert_int_equal(procfs_stat(getpid(), 0, &s), 0);
	assert_int_equal(s.state, 'R');
	assert_int_equal(s.ppid, getppid());
	assert_true(s.start_ns <= boot_ns());
	assert_true(s.start_ns > 0);
	assert_int_equal(procfs_stat(getpid(), getpid(), &s), 0);
	assert_int_equal(s.state, 'R');
	assert_int_equal(procfs_stat(NOBODY, 0, &s), -ESRCH);
	assert_int_equal(procfs_stat(getpid(), NOBODY, &s), -ESRCH);

	siginfo_t info;
	waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
	assert_int_equal(procfs_stat(child, 0, &s), 0);
	assert_int_equal(s.state, 'Z');
	assert_int_equal(s.ppid, getpid());
	assert_true(boot_ns() - s.start_ns < UINT64_C(10000000000));

	/* A zombie has neither words nor files. */
	struct mapped_files files;
	char **argv = procfs_argv(child);

	assert_true(!argv || !argv[0]);
	free(argv);
	if (procfs_mapped_files(child, &files) == 0) {
		assert_int_equal(files.n, 0);
		procfs_mapped_files_free(&files);
	}
	waitpid(child, NULL, 0);
}

static void own_files(void **state)
{
	struct mapped_files files;
	char exe[PATH_MAX];
	bool found = false;

	(void)state;
	procfs_exe(getpid(), exe, sizeof(exe));
	assert_int_equal(exe[0], '/');
	assert_int_equal(procfs_mapped_files(getpid(), &files), 0);
	assert_true(files.n >= 2);
	for (size_t i = 0; i < files.n; i++) {
		const struct mapped_file *f = &files.v[i];
		int fd = procfs_open_mapped(getpid(), f);
		char magic[4];
		struct stat st;

		assert_true(f->start < f->end);
		assert_int_equal(f->path[0], '/');
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(f->path, files.v[j].path);
		assert_true(fd >= 0);
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_ino, f->inode);
		if (strcmp(f->path, exe) == 0) {
			found = true;
			assert_int_equal(pread(fd, magic, 4, 0), 4);
			assert_memory_equal(magic, "\177ELF", 4);
			assert_memory_equal((void *)(uintptr_t)f->start, magic, 4);
		}
		close(fd);
	}
	assert_true(found);
	procfs_mapped_files_free(&files);
	assert_int_equal(files.n, 0);
	assert_int_equal(procfs_mapped_files(NOBODY, &files), -ESRCH);
	procfs_exe(NOBODY, exe, sizeof(exe));
	assert_string_equal(exe, "");
	/* Cut, but ended. */
	procfs_exe(getpid(), exe, 4);
	assert_int_equal(strlen(exe), 3);
}

/* --- threads ------------------------------------------------------------------ */

static pthread_barrier_t barrier;
static pid_t thread_tid;

static void *wait_twice(void *arg)
{
	(void)arg;
	thread_tid = (pid_t)syscall(SYS_gettid);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void threads_and_their_process(void **state)
{
	struct proc_stat s;
	pthread_t thread;

	(void)state;
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, wait_twice, NULL);
	pthread_barrier_wait(&barrier);

	assert_int_equal(procfs_process_of(thread_tid), getpid());
	assert_int_equal(procfs_process_of(getpid()), getpid());
	assert_int_equal(procfs_process_of(NOBODY), NOBODY);
	assert_int_equal(procfs_stat(getpid(), thread_tid, &s), 0);

	/* Numbers as the innermost namespace has them; the test may be in one. */
	const pid_t own = procfs_namespace_pid(getpid());

	assert_true(own > 0);
	assert_int_equal(procfs_host_tid(getpid(), own), getpid());
	if (own == getpid())
		assert_int_equal(procfs_host_tid(getpid(), thread_tid), thread_tid);
	assert_int_equal(procfs_host_tid(getpid(), NOBODY), 0);
	assert_int_equal(procfs_host_tid(NOBODY, 1), 0);
	assert_int_equal(procfs_namespace_pid(NOBODY), NOBODY);

	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&barrier);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_argv),
		cmocka_unit_test(words_of_any_kind),
		cmocka_unit_test(own_stat),
		cmocka_unit_test(own_files),
		cmocka_unit_test(threads_and_their_process),
	};

	(void)argc;
	own_argv0 = argv[0];
	return cmocka_run_group_tests_name("procfs", tests, NULL, NULL);
}
