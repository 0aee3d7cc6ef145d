/*
 * Parts whose calls fail, by a filter's verdict or by the kernel's own. The tests deny
 * getitimer (EPERM), sysinfo (ENOSYS), times (EPERM, by file descriptor 200 and TSYNC), and by the
 * 32-bit door number 24 (getuid).
 */
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <linux/signal.h>
#include <linux/time.h>
#include "primes.h"

#define FILTER "200"

static void refused(void)
{
	times_failing(41, __NR_getitimer, EPERM);
	times_failing(43, __NR_sysinfo, ENOSYS);
}

static void refused_child(void)
{
	in_child(refused);
}

static void refused_thread(void)
{
	in_thread(refused);
}

#ifdef __x86_64__
static void refused_i386(void)
{
	for (int left = 47; left; left--)
		expect(call_i386(24) == -EPERM);
}
#endif

/* Refused and failing calls take turns with good ones, which must not rub off on them. */
static void alternating(void)
{
	for (int left = 61; left; left--) {
		times_failing(1, __NR_getitimer, EPERM);
		call(__NR_getppid);
		times_failing(1, __NR_chdir, EFAULT);
		times_failing(2, __NR_sysinfo, ENOSYS);
	}
}

/* The kernel's own refusals; the filter let them through. */
static void native(void)
{
	times_failing(67, __NR_chdir, EFAULT);
	times_failing(71, __NR_set_robust_list, EINVAL);
	times_failing(73, __NR_tkill, EINVAL);
}

static int word;

/* Blocked as the filter arrives; ends with an error all the same. */
static void blocked(void)
{
	struct timespec time = {0, 400000000};

	expect(call(__NR_futex, &word, FUTEX_WAIT, 0, &time) == -ETIMEDOUT);
	times_failing(79, __NR_times, EPERM);
}

static void synchronised(void)
{
	struct timespec time = {0, 150000000};
	volatile int *thread = start_thread(blocked);

	call(__NR_nanosleep, &time, NULL);
	install(FILTER, SECCOMP_FILTER_FLAG_TSYNC);
	times_failing(83, __NR_times, EPERM);
	join(thread);
}

static void *handled;

static void on_signal(int number)
{
	(void)number;
	handled = &word;
	times_failing(3, __NR_getitimer, EPERM);
}

/* Refusals inside a handler that interrupted a call, which then fails as well. */
static void refused_handler(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTORER, .sa_restorer = give_back};
	struct itimerval soon = {{0, 0}, {0, 50000}};
	struct timespec long_time = {60, 0};

	expect(!call(__NR_rt_sigaction, SIGALRM, &action, NULL, sizeof(sigset_t)));
	expect(!call(__NR_setitimer, ITIMER_REAL, &soon, NULL));
	expect(call(__NR_nanosleep, &long_time, NULL) == -EINTR);
	expect(handled);
}

static void refused_forever(void)
{
	for (;;)
		call(__NR_getitimer);
}

const struct part denials[] = {
#ifdef __x86_64__
	{"refused-i386", refused_i386},
#endif
	{"refused", refused}, {"refused-child", refused_child}, {"refused-thread", refused_thread},
	{"alternating", alternating}, {"native", native},
	{"synchronised", synchronised}, {"refused-handler", refused_handler},
	{"refused-forever", refused_forever}, {NULL, NULL},
};
