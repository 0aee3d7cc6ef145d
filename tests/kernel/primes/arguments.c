/* Calls that are many calls: known numbers of each kind. The tests deny personality (EPERM). */
#include <linux/fcntl.h>
#include <linux/sched.h>
#include <linux/futex.h>
#include "primes.h"

/* The kernel exports no header for these. */
#define AF_UNIX 1
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define CLOEXEC 02000000
#define HIGH (1L << 32)

static void opened(int count, int type)
{
	while (count--) {
		long descriptor = call(__NR_socket, AF_UNIX, type, 0);

		expect(descriptor >= 0);
		call(__NR_close, descriptor);
	}
}

/* Flags that are no part of the class, and bits that the kernel does not look at, change nothing. */
static void classes(void)
{
	static int word;

	opened(11, SOCK_STREAM);
	opened(2, SOCK_STREAM | CLOEXEC);
	opened(17, SOCK_DGRAM);
	for (int left = 5; left; left--)
		call(__NR_fcntl, 2, F_GETFD);
	for (int left = 7; left; left--)
		call(__NR_fcntl, 2, F_GETFD | HIGH);
	for (int left = 19; left; left--)
		call(__NR_futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
	for (int left = 3; left; left--)
		expect(!call(__NR_unshare, CLONE_NEWUTS | CLONE_NEWIPC));
	expect(!call(__NR_unshare, 0));
}

/* More kinds than are told apart. */
static void crowded(void)
{
	for (int request = 0; request < 79; request++)
		expect(call(__NR_ioctl, -1, request) == -EBADF);
}

static void refused_classes(void)
{
	for (int left = 23; left; left--)
		expect(call(__NR_personality, 8) == -EPERM);
	for (int left = 29; left; left--)
		expect(call(__NR_personality, 0xffffffff) == -EPERM);
}

/* Each thread makes the first call of a class at the same time as the others. */
static void racing(void)
{
	for (int request = 0; request < 61; request++)
		call(__NR_fcntl, -1, 0x10000 + request);
}

static void classes_at_once(void)
{
	volatile int *threads[4];

	for (int n = 0; n < 4; n++)
		threads[n] = start_thread(racing);
	for (int n = 0; n < 4; n++)
		join(threads[n]);
}

static void looping(void)
{
	for (int left = 500009; left; left--)
		call(__NR_fcntl, 2, F_GETFD);
}

const struct part argument_parts[] = {
	{"looping", looping},
	{"classes", classes}, {"crowded", crowded}, {"refused-classes", refused_classes},
	{"classes-at-once", classes_at_once}, {NULL, NULL},
};
