/* SPDX-License-Identifier: MIT */
/*
 * procfs.h - the facts of a process that /proc knows (proc(5)).
 */
#ifndef RECORD_PROCFS_H
#define RECORD_PROCFS_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One file that is mapped from its beginning. */
struct mapped_file {
	uint64_t start, end;            /* of the mapping at file offset 0 */
	uint64_t device, inode;
	char path[PATH_MAX];            /* as the target sees it; may be deleted */
};

struct mapped_files {
	struct mapped_file *v;
	size_t n;
};

/* Fails with -ESRCH, -EACCES or -ENOMEM. */
int procfs_mapped_files(pid_t pid, struct mapped_files *files);
void procfs_mapped_files_free(struct mapped_files *files);

/* Opens the file behind a mapping, whatever its name says; -1 with errno. */
int procfs_open_mapped(pid_t pid, const struct mapped_file *file);

struct proc_stat {
	char state;                     /* 'R', 'S', 'D', 'T', 'Z', ... */
	pid_t ppid;
	uint64_t start_ns;              /* CLOCK_BOOTTIME when it started */
	uint64_t stack_at;              /* bottom of the stack: differs after exec */
};

/* tid 0: the process, else that thread of it.  0 or -errno. */
int procfs_stat(pid_t pid, pid_t tid, struct proc_stat *s);

/* The process that a thread belongs to; the id itself if it is not known. */
pid_t procfs_process_of(pid_t tid);

/* The innermost of the process's pids, as it sees itself; pid if unknown. */
pid_t procfs_namespace_pid(pid_t pid);

/* Up to max processes that it has started and that are there; how many. */
size_t procfs_children(pid_t pid, pid_t *children, size_t max);

/* All of /proc/PID/status with a NUL behind it; its length or -errno. */
long procfs_status(pid_t pid, char *text, size_t size);

/* How many threads it has; 0 if that is not known. */
unsigned procfs_threads(pid_t pid);

/* Who traces it, a debugger for instance; 0: nobody. */
pid_t procfs_tracer(pid_t pid);

/* The thread of pid whose innermost thread id is own_tid; 0 if there is none. */
pid_t procfs_host_tid(pid_t pid, pid_t own_tid);

/*
 * The argument vector, NULL-terminated, in one allocation to be freed with
 * free(); NULL with errno.
 */
char **procfs_argv(pid_t pid);

/* What /proc/PID/exe points to, "" if that cannot be read. */
void procfs_exe(pid_t pid, char *path, size_t size);

#endif
