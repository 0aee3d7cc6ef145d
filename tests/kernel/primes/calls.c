/* Parts that make known numbers of calls by every door. */
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/time.h>
#include <linux/wait.h>
#include "primes.h"

static void plain(void)
{
	times(101, __NR_getppid);
	times(13, __NR_getpgid);
}

static void unshared(void)
{
	expect(!call(__NR_unshare, CLONE_NEWNS));
	times(23, __NR_getpriority);
}

#ifdef __x86_64__
/* getuid32 is 199 by the 32-bit door; the same number means lremovexattr by the other. */
static void i386(void)
{
	for (int left = 29; left; left--)
		expect(call_i386(199) >= 0);
}

/* getpid, and ioctl with its own number for x32 (514); ENOSYS where the kernel has no x32. */
static void x32(void)
{
	times(31, X32 | __NR_getpid);
	times(3, X32 | 514);
}
#endif

#ifdef __aarch64__
/* Becomes a 32-bit program, which the test puts there. */
static void arm(void)
{
	char *list[] = {"/tmp/beacon-primes/arm", arguments[1], NULL};

	call(__NR_execve, list[0], list, environment);
	fail("execve\n");
}
#endif

static void unnumbered(void)
{
	times_failing(5, 5000, ENOSYS);
	times_failing(2, -1, ENOSYS);
}

static void again(void)
{
	char *list[] = {arguments[0], "plain", NULL};

	list[0] = "/proc/self/exe";
	call(__NR_execve, list[0], list, environment);
	fail("execve\n");
}

static void nap(long milliseconds)
{
	struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};

	call(__NR_nanosleep, &time, NULL);
}

static void on_alarm(int number)
{
	(void)number;
}

/* A handler interrupts a sleep: EINTR to the caller, no restart. */
static void interrupted(void)
{
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTORER, .sa_restorer = give_back};
	struct itimerval soon = {{0, 0}, {0, 50000}};
	struct timespec long_time = {60, 0};

	expect(!call(__NR_rt_sigaction, SIGALRM, &action, NULL, sizeof(sigset_t)));
	expect(!call(__NR_setitimer, ITIMER_REAL, &soon, NULL));
	expect(call(__NR_nanosleep, &long_time, NULL) == -EINTR);
}

/* Being stopped and continued interrupts a sleep too, and the kernel restarts it by another call. */
static void restarted(void)
{
	long child = fork();

	if (!child) {
		nap(900);
		leave(0);
	}
	nap(300);
	expect(!call(__NR_kill, child, SIGSTOP));
	expect(call(__NR_wait4, child, NULL, WUNTRACED, NULL) == child);
	expect(!call(__NR_kill, child, SIGCONT));
	end_of(child);
}

static void forever(void)
{
	for (;;)
		call(__NR_getppid);
}

/* Tells that it is there, then waits for a byte or the end of standard input. */
static void turn(void)
{
	char byte;

	expect(call(__NR_write, 1, "ready\n", 6) == 6);
	expect(call(__NR_read, 0, &byte, 1) >= 0);
}

/* Tells that it is there, then sleeps for a time that an error ends. */
static void overslept(void)
{
	static int word;
	struct timespec time = {0, 400000000};

	expect(call(__NR_write, 1, "ready\n", 6) == 6);
	expect(call(__NR_futex, &word, FUTEX_WAIT, 0, &time) == -ETIMEDOUT);
}

static void mappings(void)
{
	for (int left = 199; left; left--) {
		long at = call(__NR_mmap, 0, 64 << 20, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		expect(at > 0);
		expect(!call(__NR_munmap, at, 64 << 20));
	}
}

static void sessions(void)
{
	times(17, __NR_getsid);
}

const struct part calls[] = {
#ifdef __x86_64__
	{"i386", i386}, {"x32", x32},
#else
	{"arm", arm},
#endif
	{"plain", plain}, {"unshared", unshared},
	{"unnumbered", unnumbered}, {"again", again}, {"interrupted", interrupted},
	{"restarted", restarted}, {"forever", forever}, {"turn", turn}, {"overslept", overslept}, {"mappings", mappings},
	{"sessions", sessions}, {NULL, NULL},
};
