/* SPDX-License-Identifier: MIT */
#include "tachyon-record/kernel_state.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	/* One page of records: 256 switches between two looks. */
	RECORD_BYTES = 4096,
	MAP_BYTES = 4096 + RECORD_BYTES,
};

static void open_perf(struct kernel_state *k, pid_t tid)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.context_switch = 1,
		.sample_id_all = 1,
		.sample_type = PERF_SAMPLE_TIME,
		.exclude_kernel = 1,
		.exclude_hv = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
	void *page;

	k->perf_fd = (int)syscall(SYS_perf_event_open, &attr, tid, -1, -1,
				  PERF_FLAG_FD_CLOEXEC);
	if (k->perf_fd < 0)
		return;
	page = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, k->perf_fd, 0);
	if (page == MAP_FAILED) {
		close(k->perf_fd);
		k->perf_fd = -1;
		return;
	}
	k->page = page;
}

/* Reads the /proc file once and takes over all that it says; false: nothing. */
static bool ask_proc(struct kernel_state *k)
{
	char text[256], *end;
	ssize_t len = -1;
	unsigned long long nr;
	bool running;

	if (k->syscall_fd >= 0)
		len = pread(k->syscall_fd, text, sizeof(text) - 1, 0);
	if (len <= 0) {
		k->known = k->page && k->known;
		k->futex_known = false;
		return false;
	}
	text[len] = '\0';
	running = strncmp(text, "running", 7) == 0;
	/* A thread that was woken is ready to run; it will be asked again. */
	k->futex_known = !running;
	k->futex = 0;
	if (!k->page || !k->known) {
		k->known = true;
		k->on_cpu = running;
	}
	if (running)
		return true;
	/* "202 0xaddress ..." or "-1 0xsp 0xpc": blocked outside a system call. */
	nr = strtoull(text, &end, 10);
	if (end != text && nr == SYS_futex)
		k->futex = strtoull(end, NULL, 16);
	return true;
}

/* The first number of schedstat, the time on a CPU in ns; see proc(5). */
static bool read_cpu_time(const struct kernel_state *k, uint64_t *ns)
{
	char path[64], text[64], *end;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", (int)k->pid, (int)k->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	*ns = strtoull(text, &end, 10);
	/* Zero is what a kernel without such accounts says of everyone. */
	return end != text && *ns;
}

bool kernel_state_cpu_time(struct kernel_state *k, uint64_t *ns)
{
	uint64_t now, before = k->cpu_ns;

	*ns = 0;
	if (k->page && k->known && !k->has_run && !k->on_cpu)
		return before != 0;
	if (!read_cpu_time(k, &now))
		return false;
	k->has_run = false;
	k->cpu_ns = now;
	*ns = now - before;
	return before && now >= before;
}

void kernel_state_open(struct kernel_state *k, pid_t pid, pid_t tid)
{
	char path[64];

	*k = (struct kernel_state){ .pid = pid, .tid = tid, .perf_fd = -1, .syscall_fd = -1 };
	/* Perf would take 0 for the thread that calls it. */
	if (tid <= 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", (int)pid, (int)tid);
	k->syscall_fd = open(path, O_RDONLY | O_CLOEXEC);
	open_perf(k, tid);
	ask_proc(k);
	read_cpu_time(k, &k->cpu_ns);
}

void kernel_state_close(struct kernel_state *k)
{
	if (k->page)
		munmap(k->page, MAP_BYTES);
	if (k->perf_fd >= 0)
		close(k->perf_fd);
	if (k->syscall_fd >= 0)
		close(k->syscall_fd);
	*k = (struct kernel_state){ .perf_fd = -1, .syscall_fd = -1 };
}

static void take_switch(struct kernel_state *k, unsigned misc)
{
	k->known = k->has_run = true;
	k->on_cpu = !(misc & PERF_RECORD_MISC_SWITCH_OUT);
	k->preempted = !k->on_cpu && misc & PERF_RECORD_MISC_SWITCH_OUT_PREEMPT;
	k->futex_known = false;
}

static void update_from_perf(struct kernel_state *k, uint64_t as_of_ns)
{
	const char *records = (const char *)k->page + 4096;
	/* Pairs with the kernel's barrier before it moves data_head. */
	uint64_t head = atomic_load_explicit((_Atomic uint64_t *)&k->page->data_head,
					     memory_order_acquire);
	/* A full page drops what comes next, so the last record is not the last. */
	bool lost = head - k->tail > RECORD_BYTES - 64;

	if (head == k->tail)
		return;
	while (k->tail < head) {
		struct perf_event_header h;
		uint64_t time;

		/* Records are multiples of 8 bytes, so words never wrap. */
		memcpy(&h, records + k->tail % RECORD_BYTES, sizeof(h));
		if (h.size < sizeof(h) + sizeof(time))
			break;
		/* The time stands last (struct sample_id). */
		memcpy(&time, records + (k->tail + h.size - sizeof(time)) % RECORD_BYTES,
		       sizeof(time));
		if (time > as_of_ns && !lost)
			break;
		if (h.type == PERF_RECORD_SWITCH)
			take_switch(k, h.misc);
		lost |= h.type == PERF_RECORD_LOST;
		k->tail += h.size;
	}
	if (lost) {
		k->known = false;
		ask_proc(k);
	}
	atomic_store_explicit((_Atomic uint64_t *)&k->page->data_tail, k->tail,
			      memory_order_release);
}

void kernel_state_update(struct kernel_state *k, uint64_t as_of_ns)
{
	if (as_of_ns == k->as_of_ns)
		return;
	k->as_of_ns = as_of_ns;
	if (k->page)
		update_from_perf(k, as_of_ns);
	else
		ask_proc(k);
}

bool kernel_state_futex(struct kernel_state *k, uint64_t *futex)
{
	*futex = 0;
	if (k->preempted)
		return true;
	if (!k->futex_known && !ask_proc(k))
		return false;
	*futex = k->futex;
	return true;
}

uint64_t kernel_state_asleep(const struct kernel_state *k)
{
	const char *records = (const char *)k->page + 4096;
	bool on_cpu = k->on_cpu;
	uint64_t head;

	if (!k->page || !k->known)
		return 0;
	head = atomic_load_explicit((_Atomic uint64_t *)&k->page->data_head,
				    memory_order_acquire);
	/* What did not fit is not there. */
	if (head - k->tail > RECORD_BYTES - 64)
		return 0;
	for (uint64_t at = k->tail; at < head; ) {
		struct perf_event_header h;

		memcpy(&h, records + at % RECORD_BYTES, sizeof(h));
		if (h.size < sizeof(h) || h.type == PERF_RECORD_LOST)
			return 0;
		if (h.type == PERF_RECORD_SWITCH)
			on_cpu = !(h.misc & PERF_RECORD_MISC_SWITCH_OUT);
		at += h.size;
	}
	return on_cpu ? 0 : head + 1;
}

bool kernel_state_has_ended(const struct kernel_state *k)
{
	char byte;

	return k->syscall_fd >= 0 && pread(k->syscall_fd, &byte, 1, 0) < 0 && errno == ESRCH;
}
