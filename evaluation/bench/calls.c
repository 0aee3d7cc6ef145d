// SPDX-License-Identifier: Apache-2.0
/*
 * Times single system calls under a seccomp filter, as often as it is asked to.
 *
 * usage: calls CPU [FILTER]...    FILTER: a file with an array of struct sock_filter; the last one judges first
 * stdin:  NAME CALLS              one line for each measurement
 * stdout: nanoseconds a call, or "denied"
 *
 * Without arguments it waits until stdin ends: so it holds a filter that somebody wants to read.
 * What the calls need is opened before the filters are installed, so that each filter is used as it is.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_INSTRUCTIONS 4096 /* BPF_MAXINSNS */
#define PAGE 4096

static int zero, pair[2], polled;
static char input[256], output[256]; /* so that stdio asks for no memory under the filter */
static void *page;

static long getppid_(long i) { return syscall(SYS_getppid); }

static long read_(long i)
{
	char byte;

	return syscall(SYS_read, zero, &byte, 1);
}

/* Nothing has been sent: EAGAIN. */
static long recvfrom_(long i)
{
	char byte;

	return syscall(SYS_recvfrom, pair[0], &byte, 1, MSG_DONTWAIT, NULL, NULL);
}

/* Of no bytes, so that the other end never fills. */
static long sendto_(long i) { return syscall(SYS_sendto, pair[0], "", 0, MSG_NOSIGNAL, NULL, 0); }

/* Nobody waits. */
static long futex_(long i)
{
	static unsigned word;

	return syscall(SYS_futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0);
}

static long mmap_(long i)
{
	void *fresh = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return fresh == MAP_FAILED ? -1 : munmap(fresh, PAGE);
}

static long mprotect_(long i) { return mprotect(page, PAGE, i & 1 ? PROT_READ : PROT_READ | PROT_WRITE); }

static long madvise_(long i) { return madvise(page, PAGE, MADV_DONTNEED); }

static long fcntl_(long i) { return syscall(SYS_fcntl, zero, F_GETFL); }

static long clock_gettime_(long i)
{
	struct timespec time;

	return syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &time);
}

static long openat_(long i)
{
	int fd = syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY);

	return fd < 0 ? -1 : close(fd);
}

static long epoll_wait_(long i)
{
	struct epoll_event event;

	return syscall(SYS_epoll_wait, polled, &event, 1, 0);
}

static const struct {
	const char *name;
	long (*make)(long i);
} calls[] = {
	{"getppid", getppid_},	     {"read", read_},	      {"recvfrom", recvfrom_},
	{"sendto", sendto_},	     {"futex", futex_},	      {"mmap", mmap_},
	{"mprotect", mprotect_},     {"madvise", madvise_},   {"fcntl", fcntl_},
	{"clock_gettime", clock_gettime_}, {"openat", openat_}, {"epoll_wait", epoll_wait_},
};

static void prepare(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "sched_setaffinity");
	zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	polled = epoll_create1(EPOLL_CLOEXEC);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (zero < 0 || polled < 0 || page == MAP_FAILED || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		err(1, "cannot open what the calls need");
}

static void install(const char *path)
{
	static struct sock_filter code[MAX_INSTRUCTIONS];
	FILE *file = fopen(path, "rb");
	size_t length = file ? fread(code, sizeof(*code), MAX_INSTRUCTIONS, file) : 0;
	struct sock_fprog filter = {length, code};

	if (!length)
		errx(1, "%s: no filter", path);
	fclose(file);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		err(1, "%s: seccomp", path);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

/* The first tenth warms the caches up. */
static void measure(long (*make)(long i), long count)
{
	long i;
	double start;

	for (i = 0; i <= count / 10; i++)
		if (make(i) == -1 && (errno == EPERM || errno == ENOSYS)) {
			puts("denied");
			return;
		}
	start = now();
	for (i = 0; i < count; i++)
		make(i);
	printf("%.2f\n", (now() - start) / count);
}

static void answer(const char *name, long count)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (!strcmp(calls[i].name, name)) {
			measure(calls[i].make, count);
			return;
		}
	errx(2, "no call %s", name);
}

int main(int count, char **arguments)
{
	char name[32];
	long times;

	if (count < 2)
		while (read(0, name, sizeof(name)) > 0)
			;
	if (count < 2)
		return 0;
	prepare(atoi(arguments[1]));
	setvbuf(stdin, input, _IOFBF, sizeof(input));
	setvbuf(stdout, output, _IOLBF, sizeof(output));
	for (int i = 2; i < count; i++)
		install(arguments[i]);
	while (scanf("%31s %ld", name, &times) == 2)
		answer(name, times);
	return 0;
}
