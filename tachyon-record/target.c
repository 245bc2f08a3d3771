/* SPDX-License-Identifier: MIT */
#include "tachyon-record/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "tachyon-record/cpython/fit.h"
#include "tachyon-record/elf_symbols.h"
#include "tachyon-record/procfs.h"
#include "tachyon-record/runtime_scan.h"

static int denied(pid_t pid, struct err *err)
{
	return err_set(err, EPERM, "process %d: no permission to look at it; run as root or "
		       "as its user with CAP_SYS_PTRACE", (int)pid);
}

static int gone(pid_t pid, struct err *err)
{
	return err_set(err, ESRCH, "process %d: no such process", (int)pid);
}

/* Files that are likely to hold the runtime are looked at first; none is left out. */
static int likelihood(const struct mapped_file *file, const char *exe)
{
	const char *base = strrchr(file->path, '/') + 1;

	if (strcmp(file->path, exe) == 0)
		return 0;
	return strstr(base, "python") ? 1 : 2;
}

static bool look_into(struct target *t, const struct mapped_file *file,
		      struct layout_hint *hint)
{
	struct elf_symbols s;
	int fd = procfs_open_mapped(t->pid, file);
	int found;

	if (fd < 0)
		return false;
	found = elf_symbols_find(fd, &s);
	close(fd);
	if (!found)
		return false;
	t->runtime = s.runtime - s.first_vaddr + file->start;
	t->none = s.none ? s.none - s.first_vaddr + file->start : 0;
	*hint = (struct layout_hint){ 0 };
	if (s.has_symbols)
		hint->build = s.debug ? BUILD_DEBUG : BUILD_RELEASE;
	if (s.version) {
		uint64_t hex;
		raddr at = s.version - s.first_vaddr + file->start;

		if (remote_read(&t->remote, at, &hex, sizeof(hex)) == READ_OK) {
			t->python = (uint32_t)hex;
			hint->version = (uint32_t)hex >> 16;
		}
	}
	snprintf(t->found, sizeof(t->found), "%s in %s", s.how, file->path);
	if (!hint->version && s.api) {
		hint->version = s.api;
		hint->guessed = true;
		snprintf(t->found, sizeof(t->found), "%s in %s, which exports %s", s.how,
			 file->path, s.api_symbol);
	}
	return true;
}

static int know_layout(struct target *t, const struct layout_hint *hint, struct err *err)
{
	struct err why;
	int ret = layout_detect(&t->remote, t->runtime, hint, &t->layout, &why);

	if (ret)
		err_set(err, -ret, "process %d: %s (%s)", (int)t->pid, why.text, t->found);
	return ret;
}

/* The last resort: a runtime that describes itself, in the file's data. */
static bool scan(struct target *t, const struct mapped_file *file)
{
	struct elf_symbols s;
	int fd = procfs_open_mapped(t->pid, file);

	if (fd < 0)
		return false;
	elf_symbols_find(fd, &s);
	close(fd);
	for (unsigned i = 0; i < s.ndata && !t->runtime; i++)
		t->runtime = runtime_scan(&t->remote, s.data[i].vaddr - s.first_vaddr +
					  file->start, s.data[i].len);
	if (t->runtime)
		snprintf(t->found, sizeof(t->found), "its own description in %s", file->path);
	return t->runtime != 0;
}

static int find_runtime(struct target *t, const struct mapped_files *files, struct err *err)
{
	struct layout_hint hint = { 0 };

	for (int pass = 0; pass < 3; pass++)
		for (size_t i = 0; i < files->n; i++)
			if (likelihood(&files->v[i], t->exe) == pass &&
			    look_into(t, &files->v[i], &hint))
				return know_layout(t, &hint, err);
	for (size_t i = 0; i < files->n; i++)
		if (scan(t, &files->v[i]))
			return know_layout(t, &hint, err);
	return err_set(err, ENOEXEC, "process %d: not a Python (%s); none of its %zu mapped "
		       "files defines _PyRuntime", (int)t->pid, t->exe, files->n);
}

static int identify(struct target *t, struct err *err)
{
	struct proc_stat stat;
	int ret = procfs_stat(t->pid, 0, &stat);
	uint64_t age;

	if (ret == -ESRCH || (ret == 0 && stat.state == 'Z'))
		return gone(t->pid, err);
	if (ret)
		return denied(t->pid, err);
	t->ppid = stat.ppid;
	t->stack_at = stat.stack_at;
	/* What the machine slept through counts in one clock only. */
	age = clock_ns(CLOCK_BOOTTIME) - stat.start_ns;
	t->start_ns = age < clock_now() ? clock_now() - age : 0;
	t->own_pid = procfs_namespace_pid(t->pid);
	t->argv = procfs_argv(t->pid);
	procfs_exe(t->pid, t->exe, sizeof(t->exe));
	return 0;
}

int target_open(struct target *t, pid_t pid, struct err *err)
{
	struct mapped_files files = { 0 };
	int ret;

	memset(t, 0, sizeof(*t));
	t->pid = pid = procfs_process_of(pid);
	t->remote.mem_fd = -1;
	t->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	ret = identify(t, err);
	if (ret)
		goto out;
	ret = procfs_mapped_files(pid, &files);
	if (ret) {
		ret = ret == -ESRCH ? gone(pid, err) : denied(pid, err);
		goto out;
	}
	if (!files.n) {
		ret = err_set(err, ENOEXEC, "process %d: not a Python; it has no mapped files "
			      "(a kernel thread, or ending)", (int)pid);
		goto out;
	}
	ret = remote_open(&t->remote, pid, files.v[0].start, err);
	if (!ret)
		ret = find_runtime(t, &files, err);
	if (!ret && !remote_ptr(&t->remote, t->runtime +
				(raddr)OFF(&t->layout, runtime_interpreters_head)))
		ret = err_set(err, EAGAIN, "process %d: its Python has not started yet",
			      (int)pid);
	if (!ret && !t->python)
		t->python = layout_described_version(&t->remote, t->runtime);
	if (!ret && !t->python)
		t->python = layout_hexversion(&t->remote, t->runtime, &t->layout);
	if (!ret && !t->python)
		t->python = t->layout.version << 16;
out:
	procfs_mapped_files_free(&files);
	if (ret)
		target_close(t);
	return ret;
}

void target_close(struct target *t)
{
	remote_close(&t->remote);
	if (t->pidfd >= 0)
		close(t->pidfd);
	t->pidfd = -1;
	free(t->argv);
	t->argv = NULL;
}

void target_python(const struct target *t, char *text, size_t size)
{
	snprintf(text, size, "%u.%u.%u", t->python >> 24, t->python >> 16 & 0xff,
		 t->python >> 8 & 0xff);
}

bool target_is_same(const struct target *t)
{
	struct proc_stat stat;

	return procfs_stat(t->pid, 0, &stat) != 0 || !t->stack_at || !stat.stack_at ||
	       stat.stack_at == t->stack_at;
}
