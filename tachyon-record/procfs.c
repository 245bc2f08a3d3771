/* SPDX-License-Identifier: MIT */
#include "tachyon-record/procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A command line longer than this is cut; ARG_MAX is of the same order. */
enum { MAX_CMDLINE = 2 << 20 };

static int add_mapping(struct mapped_files *files, const char *line)
{
	uint64_t start, end, offset, inode, major, minor;
	int path_at = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*4s %" SCNx64 " %" SCNx64 ":%" SCNx64 " %" SCNu64
		   " %n", &start, &end, &offset, &major, &minor, &inode, &path_at) < 6 || !path_at)
		return 0;
	if (!inode || offset || line[path_at] != '/')
		return 0;
	for (size_t i = 0; i < files->n; i++)
		if (files->v[i].inode == inode && files->v[i].device == (major << 32 | minor))
			return 0;
	if (!(files->n & (files->n + 1))) {
		size_t room = files->n ? 2 * (files->n + 1) : 2;
		void *v = realloc(files->v, room * sizeof(*files->v));

		if (!v)
			return -ENOMEM;
		files->v = v;
	}
	struct mapped_file *f = &files->v[files->n++];
	f->start = start;
	f->end = end;
	f->inode = inode;
	f->device = major << 32 | minor;
	snprintf(f->path, sizeof(f->path), "%s", line + path_at);
	f->path[strcspn(f->path, "\n")] = '\0';
	return 0;
}

int procfs_mapped_files(pid_t pid, struct mapped_files *files)
{
	char path[64], *line = NULL;
	size_t room = 0;
	int ret = 0;
	FILE *f;

	*files = (struct mapped_files){ 0 };
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? -ESRCH : -errno;
	errno = 0;
	while (ret == 0 && getline(&line, &room, f) >= 0)
		ret = add_mapping(files, line);
	if (ret == 0 && ferror(f))
		ret = errno ? -errno : -EIO;
	free(line);
	fclose(f);
	if (ret)
		procfs_mapped_files_free(files);
	return ret;
}

void procfs_mapped_files_free(struct mapped_files *files)
{
	free(files->v);
	*files = (struct mapped_files){ 0 };
}

int procfs_open_mapped(pid_t pid, const struct mapped_file *file)
{
	char path[PATH_MAX + 64];
	struct stat st;
	int fd;

	/* Needs a capability, but names the very file. */
	snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)pid,
		 file->start, file->end);
	/* To open a device may have effects: only files are. */
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (fd >= 0)
			return fd;
	}
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	for (int i = 0; i < 2; i++) {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		    st.st_ino == file->inode)
			return fd;
		if (fd >= 0)
			close(fd);
		snprintf(path, sizeof(path), "/proc/%d/root%s", (int)pid, file->path);
	}
	errno = ENOENT;
	return -1;
}

static ssize_t slurp(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	while (len < size && (got = read(fd, buf + len, size - len)) != 0) {
		if (got < 0) {
			int error = errno;

			close(fd);
			return -error;
		}
		len += (size_t)got;
	}
	close(fd);
	return (ssize_t)len;
}

int procfs_stat(pid_t pid, pid_t tid, struct proc_stat *s)
{
	char path[96], buf[1024], *after_name;
	unsigned long long start, stack_at = 0;
	ssize_t len;
	int ppid;

	if (tid)
		snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)pid, (int)tid);
	else
		snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	len = slurp(path, buf, sizeof(buf) - 1);
	if (len < 0)
		return len == -ENOENT ? -ESRCH : (int)len;
	buf[len] = '\0';
	/* The name may hold anything, also parentheses: the last one ends it. */
	after_name = strrchr(buf, ')');
	if (!after_name ||
	    sscanf(after_name + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d "
		   "%*d %*d %*d %*d %*d %llu %*u %*d %*u %*u %*u %llu", &s->state, &ppid, &start,
		   &stack_at) < 3)
		return -EIO;
	s->ppid = ppid;
	s->stack_at = stack_at;
	s->start_ns = start * (UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK));
	return 0;
}

/*
 * The last number of a line such as "NSpid:" of a status file, which is the
 * innermost one of a list; 0 if there is none.
 */
static pid_t status_number(const char *path, const char *key)
{
	char buf[8192];
	const char *line, *last;
	ssize_t len = slurp(path, buf, sizeof(buf) - 1);

	if (len < 0)
		return 0;
	buf[len] = '\0';
	line = strstr(buf, key);
	if (!line)
		return 0;
	line++;
	last = line + strcspn(line, "\n");
	while (last > line && last[-1] >= '0' && last[-1] <= '9')
		last--;
	return (pid_t)atoi(last);
}

/* The same of a process, or of a thread by its own number. */
static pid_t number_of(pid_t pid, const char *key)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	return status_number(path, key);
}

pid_t procfs_process_of(pid_t tid)
{
	pid_t pid = number_of(tid, "\nTgid:");

	return pid ? pid : tid;
}

pid_t procfs_namespace_pid(pid_t pid)
{
	pid_t own = number_of(pid, "\nNSpid:");

	return own ? own : pid;
}

/* Adds those that one thread has started: numbers with spaces between. */
static size_t add_children(const char *path, pid_t *children, size_t n, size_t max)
{
	char text[4096], *at = text, *end;
	ssize_t len = slurp(path, text, sizeof(text) - 1);

	if (len < 0)
		return n;
	text[len] = '\0';
	while (n < max) {
		long pid = strtol(at, &end, 10);

		if (end == at)
			break;
		at = end;
		if (pid > 0)
			children[n++] = (pid_t)pid;
	}
	return n;
}

size_t procfs_children(pid_t pid, pid_t *children, size_t max)
{
	char path[96];
	struct dirent *entry;
	size_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		int tid = atoi(entry->d_name);

		snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, tid);
		if (tid)
			n = add_children(path, children, n, max);
	}
	if (dir)
		closedir(dir);
	return n;
}

long procfs_status(pid_t pid, char *text, size_t size)
{
	char path[64];
	long len;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	len = slurp(path, text, size - 1);
	if (len >= 0)
		text[len] = '\0';
	return len;
}

unsigned procfs_threads(pid_t pid)
{
	return (unsigned)number_of(pid, "\nThreads:");
}

pid_t procfs_tracer(pid_t pid)
{
	return number_of(pid, "\nTracerPid:");
}

pid_t procfs_host_tid(pid_t pid, pid_t own_tid)
{
	char path[96];
	struct dirent *entry;
	pid_t found = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		pid_t tid = (pid_t)atoi(entry->d_name);

		snprintf(path, sizeof(path), "/proc/%d/task/%d/status", (int)pid, (int)tid);
		if (tid && status_number(path, "\nNSpid:") == own_tid)
			found = tid;
	}
	if (dir)
		closedir(dir);
	return found;
}

char **procfs_argv(pid_t pid)
{
	char path[64], *text, **argv;
	size_t n = 0;
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	text = malloc(MAX_CMDLINE + 1);
	if (!text)
		return NULL;
	len = slurp(path, text, MAX_CMDLINE);
	if (len < 0) {
		errno = (int)-len;
		free(text);
		return NULL;
	}
	text[len] = '\0';
	for (ssize_t i = 0; i < len; i++)
		n += text[i] == '\0';
	if (len && text[len - 1])
		n++;
	argv = malloc((n + 1) * sizeof(*argv) + (size_t)len + 1);
	if (argv) {
		char *copy = (char *)(argv + n + 1);

		memcpy(copy, text, (size_t)len + 1);
		for (size_t i = 0; i < n; i++, copy += strlen(copy) + 1)
			argv[i] = copy;
		argv[n] = NULL;
	}
	free(text);
	return argv;
}

void procfs_exe(pid_t pid, char *path, size_t size)
{
	char link[64];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	len = readlink(link, path, size - 1);
	path[len > 0 ? len : 0] = '\0';
}
