/*
 * Parts whose calls a filter answers with the end of their process or thread, with SIGSYS, or with an
 * error, by each ABI. The tests kill for getitimer, trap sysinfo and refuse times.
 */
#include <linux/signal.h>
#include "primes.h"

static int caught;

static void on_sigsys(int number)
{
	caught += number == SIGSYS;
}

static long by_64_bit(long nr)
{
	return call(nr);
}

/* Each child is ended by its first call. */
static void killed(int children, long (*make)(long), long nr)
{
	while (children--) {
		int status = 0;
		long child = fork();

		expect(child >= 0);
		if (!child) {
			make(nr);
			leave(1);
		}
		expect(call(__NR_wait4, child, &status, 0, NULL) == child);
		expect((status & 0x7f) == SIGSYS);
	}
}

/* The handler finds the registers as they were, so the number comes back as the answer. */
static void trapped(int count, long (*make)(long), long nr)
{
	struct sigaction action = {.sa_handler = on_sigsys, .sa_flags = SA_RESTORER, .sa_restorer = give_back};
	int before = caught;

	expect(!call(__NR_rt_sigaction, SIGSYS, &action, NULL, sizeof(sigset_t)));
	for (int left = count; left; left--)
		expect(make(nr) == TRAPPED_ANSWER(nr));
	expect(caught == before + count);
}

static void refused(int count, long (*make)(long), long nr)
{
	while (count--)
		expect(make(nr) == -EPERM);
}

static void punished(void)
{
	killed(3, by_64_bit, __NR_getitimer);
	trapped(11, by_64_bit, __NR_sysinfo);
	refused(19, by_64_bit, __NR_times);
}

#ifdef __x86_64__
static long by_i386(long nr)
{
	return call_i386(nr);
}

/* asm/unistd_32.h: getitimer, sysinfo, times. */
static void punished_i386(void)
{
	killed(5, by_i386, 105);
	trapped(13, by_i386, 116);
	refused(23, by_i386, 43);
}

static void punished_x32(void)
{
	killed(7, by_64_bit, X32 | __NR_getitimer);
	trapped(17, by_64_bit, X32 | __NR_sysinfo);
	refused(29, by_64_bit, X32 | __NR_times);
}
#endif

static void getitimer(void)
{
	call(__NR_getitimer);
	fail("the thread lives on\n");
}

static void killed_threads(void)
{
	for (int left = 4; left; left--)
		in_thread(getitimer);
}

static volatile int *sibling;

static void spin(void)
{
	for (;;)
		rest();
}

static void killed_with_siblings(void)
{
	for (int left = 2; left; left--)
		sibling = start_thread(spin);
	call(__NR_getitimer);
}

/* Of a process with three threads, one makes the call: the filter kills one process. */
static void killed_group(void)
{
	int status = 0;
	long child = fork();

	expect(child >= 0);
	if (!child) {
		killed_with_siblings();
		leave(1);
	}
	expect(call(__NR_wait4, child, &status, 0, NULL) == child);
	expect((status & 0x7f) == SIGSYS);
}

/* The filter answers in the kernel's place, without an error. */
static void answered(void)
{
	for (int left = 31; left; left--)
		expect(call(__NR_getitimer) == 0);
}

/* A signal of the same number that no filter sent. */
static void sent(void)
{
	struct sigaction action = {.sa_handler = on_sigsys, .sa_flags = SA_RESTORER, .sa_restorer = give_back};
	int before = caught;

	expect(!call(__NR_rt_sigaction, SIGSYS, &action, NULL, sizeof(sigset_t)));
	expect(!call(__NR_kill, call(__NR_getpid), SIGSYS));
	expect(caught == before + 1);
}

#ifdef __x86_64__
/* No tracepoint shows calls through the vsyscall page; the filter judges them all the same. */
static void by_vsyscall(void)
{
	long (*now)(long *) = (long (*)(long *))0xffffffffff600400;

	for (int left = 37; left; left--)
		expect(now(NULL) > 0);
}

static void refused_by_vsyscall(void)
{
	long (*now)(long *) = (long (*)(long *))0xffffffffff600400;

	for (int left = 37; left; left--)
		expect(now(NULL) == -EPERM);
}
#endif

const struct part signals[] = {
#ifdef __x86_64__
	{"punished-i386", punished_i386}, {"punished-x32", punished_x32},
	{"by-vsyscall", by_vsyscall}, {"refused-by-vsyscall", refused_by_vsyscall},
#endif
	{"punished", punished}, {"killed-threads", killed_threads}, {"killed-group", killed_group},
	{"answered", answered}, {"sent", sent}, {NULL, NULL},
};
