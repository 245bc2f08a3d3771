/* SPDX-License-Identifier: MIT */
/* snapshot_test - memory of the test's own process, by both ways of reading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "tachyon-record/snapshot.h"

static const char hello[] = "hello, world and what is in it";

static raddr address(const void *p)
{
	return (raddr)(uintptr_t)p;
}

static struct remote open_self(bool use_mem)
{
	struct remote r;
	struct err err;

	assert_int_equal(remote_open(&r, getpid(), address(hello), &err), 0);
	if (use_mem && !r.use_mem) {
		r.mem_fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
		assert_true(r.mem_fd >= 0);
		r.use_mem = true;
	}
	return r;
}

/* Two pages, of which the second one is not mapped. */
static char *half_mapped(size_t page)
{
	char *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	memset(p, 'x', page);
	munmap(p + page, page);
	return p;
}

static void check_words(bool use_mem)
{
	struct remote r = open_self(use_mem);
	const uint64_t word = UINT64_C(0x123456789abcdef0);
	char copy[sizeof(hello)];

	assert_string_equal(remote_method(&r),
			    use_mem ? "/proc/PID/mem" : "process_vm_readv");
	assert_int_equal(remote_read(&r, address(hello), copy, sizeof(copy)), READ_OK);
	assert_string_equal(copy, hello);
	assert_int_equal(remote_read(&r, 8, copy, 0), READ_OK);
	assert_true(remote_ptr(&r, address(&word)) == word);
	assert_true(remote_ptr(&r, 8) == 0);
	assert_true(remote_ptr(&r, UINT64_MAX - 3) == 0);
	assert_int_not_equal(remote_read(&r, 8, copy, 1), READ_OK);
	assert_int_not_equal(remote_read(&r, 0, copy, sizeof(copy)), READ_OK);
	assert_true(atomic_load(&r.calls) >= 3);
	assert_true(atomic_load(&r.bytes) >= sizeof(hello) + sizeof(word));
	remote_close(&r);
	remote_close(&r);
}

/* Ranges arrive in order up to the first one that faults. */
static void check_partial(bool use_mem)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct remote r = open_self(use_mem);
	struct snapshot s = { 0 };
	char *p = half_mapped(page);
	unsigned a, b, c, d;

	a = snapshot_add(&s, address(hello), sizeof(hello));
	b = snapshot_add(&s, address(p + page - 16), 16);
	c = snapshot_add(&s, address(p + page - 16), 32);
	d = snapshot_add(&s, address(hello), 5);
	assert_int_equal(snapshot_read(&s, &r), READ_FAULT);
	assert_memory_equal(snapshot_range(&s, a), hello, sizeof(hello));
	assert_memory_equal(snapshot_range(&s, b), "xxxxxxxxxxxxxxxx", 16);
	assert_null(snapshot_range(&s, c));
	assert_null(snapshot_range(&s, d));
	assert_in_range(s.got, sizeof(hello) + 16, sizeof(hello) + 32);
	assert_null(snapshot_find(&s, c, c + 1, address(p + page), 16));

	/* The same plan without the bad range is whole. */
	snapshot_reset(&s);
	assert_int_equal(s.n, 0);
	a = snapshot_add(&s, address(p + page - 16), 16);
	assert_int_equal(snapshot_read(&s, &r), READ_OK);
	assert_non_null(snapshot_range(&s, a));
	snapshot_release(&s);
	munmap(p, page);
	remote_close(&r);
}

static void words_are_read(void **state)
{
	(void)state;
	check_words(open_self(false).use_mem);
	check_words(true);
}

static void what_is_not_mapped_ends_a_read(void **state)
{
	(void)state;
	check_partial(open_self(false).use_mem);
	check_partial(true);
}

/* More ranges than one system call takes (IOV_MAX). */
static void check_many(bool use_mem)
{
	enum { RANGES = 3000 };
	struct remote r = open_self(use_mem);
	struct snapshot s = { 0 };
	uint32_t numbers[RANGES];

	for (uint32_t i = 0; i < RANGES; i++) {
		numbers[i] = i * 3;
		assert_int_equal(snapshot_add(&s, address(&numbers[i]), 4), i);
	}
	assert_int_equal(snapshot_read(&s, &r), READ_OK);
	assert_int_equal(s.got, sizeof(numbers));
	for (unsigned i = 0; i < RANGES; i++)
		assert_int_equal(int_at(snapshot_range(&s, i), 0), i * 3);

	/* A fault in the second call keeps what the first one brought. */
	snapshot_reset(&s);
	for (uint32_t i = 0; i < RANGES; i++)
		snapshot_add(&s, i == 2000 ? 8 : address(&numbers[i]), 4);
	assert_int_equal(snapshot_read(&s, &r), READ_FAULT);
	assert_int_equal(int_at(snapshot_range(&s, 1999), 0), 1999 * 3);
	assert_null(snapshot_range(&s, 2000));
	assert_null(snapshot_range(&s, RANGES - 1));
	snapshot_release(&s);
	remote_close(&r);
}

static void many_ranges_are_read(void **state)
{
	(void)state;
	check_many(open_self(false).use_mem);
	check_many(true);
}

static void addresses_are_found_in_their_ranges(void **state)
{
	struct remote r = open_self(false);
	struct snapshot s = { 0 };
	raddr at = address(hello);

	(void)state;
	snapshot_add(&s, at + 7, 5);
	snapshot_add(&s, at, 5);
	assert_null(snapshot_find(&s, 0, 2, at, 1));    /* not read yet */
	assert_int_equal(snapshot_read(&s, &r), READ_OK);
	assert_memory_equal(snapshot_find(&s, 0, 2, at, 5), "hello", 5);
	assert_memory_equal(snapshot_find(&s, 0, 2, at + 8, 4), "orld", 4);
	assert_null(snapshot_find(&s, 0, 1, at, 5));
	assert_null(snapshot_find(&s, 1, 2, at + 7, 5));
	/* A part that is missing makes all of it missing. */
	assert_null(snapshot_find(&s, 0, 2, at, 6));
	assert_null(snapshot_find(&s, 0, 2, at + 5, 1));
	assert_null(snapshot_find(&s, 0, 2, at - 1, 2));
	assert_null(snapshot_find(&s, 0, 2, at + 12, 1));
	snapshot_release(&s);
	remote_close(&r);
}

static void a_process_that_is_gone(void **state)
{
	pid_t pid = fork();
	struct remote r;
	struct err err;
	char byte;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		pause();
		_exit(0);
	}
	assert_int_equal(remote_open(&r, pid, address(hello), &err), 0);
	assert_int_equal(remote_read(&r, address(hello), &byte, 1), READ_OK);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(remote_read(&r, address(hello), &byte, 1), READ_GONE);
	remote_close(&r);
	assert_int_equal(remote_open(&r, pid, address(hello), &err), -ESRCH);
	assert_non_null(strstr(err.text, "has ended"));
	remote_close(&r);
	assert_int_equal(remote_open(&r, getpid(), 8, &err), -EFAULT);
	remote_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_read),
		cmocka_unit_test(what_is_not_mapped_ends_a_read),
		cmocka_unit_test(many_ranges_are_read),
		cmocka_unit_test(addresses_are_found_in_their_ranges),
		cmocka_unit_test(a_process_that_is_gone),
	};

	return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
