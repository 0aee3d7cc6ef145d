/* Parts that make the kernel ask for capabilities. */
#include <linux/capability.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/io_uring.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include "primes.h"

static void chroots(int count, long result)
{
	while (count--)
		expect(call(__NR_chroot, "/") == result);
}

static void granted(void)
{
	chroots(7, 0);
}

static void drop(int capability)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	expect(!call(__NR_capget, &header, data));
	data[CAP_TO_INDEX(capability)].effective &= ~CAP_TO_MASK(capability);
	expect(!call(__NR_capset, &header, data));
}

/* Fails with EPERM, as a filter's denial would. */
static void lacking(void)
{
	drop(CAP_SYS_CHROOT);
	chroots(37, -EPERM);
}

static void in_namespace(void)
{
	expect(!call(__NR_unshare, CLONE_NEWUSER));
	chroots(5, 0);
}

/* In a user namespace of its own a process has every right, over nothing of the container's. */
static void foreign(void)
{
	in_child(in_namespace);
}

static void owned_namespace(void)
{
	expect(!call(__NR_unshare, CLONE_NEWUSER | CLONE_NEWUTS));
}

/* The new UTS namespace is asked for with the container's rights, over the new user namespace. */
static void over_foreign(void)
{
	in_child(owned_namespace);
}

static void granted_in_thread(void)
{
	in_thread(granted);
}

static void granted_in_child(void)
{
	in_child(granted);
}

struct ring {
	struct io_uring_params parameters;
	struct io_uring_sqe *entries;
	char *queue;
	long file;
};

static char *map(struct ring *ring, unsigned long size, unsigned long offset)
{
	long at = call(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->file, offset);

	expect(at > 0);
	return (char *)at;
}

static void open_ring(struct ring *ring)
{
	ring->file = call(__NR_io_uring_setup, 1, &ring->parameters);
	expect(ring->file >= 0);
	ring->entries = (struct io_uring_sqe *)map(ring, 4096, IORING_OFF_SQES);
	ring->queue = map(ring, 4096, IORING_OFF_SQ_RING);
}

static unsigned *field(struct ring *ring, unsigned offset)
{
	return (unsigned *)(ring->queue + offset);
}

/* Hands the one entry in, waits for its one answer and takes it away. */
static int submit(struct ring *ring)
{
	struct io_uring_params *at = &ring->parameters;
	unsigned *tail = field(ring, at->sq_off.tail), *head = field(ring, at->cq_off.head);
	struct io_uring_cqe *answers = (void *)field(ring, at->cq_off.cqes);
	int answer;

	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	expect(call(__NR_io_uring_enter, ring->file, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 1);
	answer = answers[*head & *field(ring, at->cq_off.ring_mask)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return answer;
}

/*
 * The kernel's worker threads open a directory that mode 0 closes to all but holders of
 * CAP_DAC_*: they make no calls, and nobody saw them being forked.
 */
static void by_worker(void)
{
	static struct ring ring;
	const char *path = "/tmp/beacon-primes-closed";
	long made = call(__NR_mkdirat, AT_FDCWD, path, 0);

	expect(!made || made == -EEXIST);
	open_ring(&ring);
	ring.entries[0].opcode = IORING_OP_OPENAT;
	ring.entries[0].flags = IOSQE_ASYNC;
	ring.entries[0].fd = AT_FDCWD;
	ring.entries[0].addr = (unsigned long)path;
	ring.entries[0].open_flags = O_RDONLY | O_DIRECTORY;
	for (int left = 11; left; left--)
		expect(submit(&ring) >= 0);
	call(__NR_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}

static void wake_up(void)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLWAKEUP};
	long queue = call(__NR_epoll_create1, 0), counter = call(__NR_eventfd2, 0, 0);

	expect(!call(__NR_epoll_ctl, queue, EPOLL_CTL_ADD, counter, &event));
	for (int left = 11; --left;)
		expect(!call(__NR_epoll_ctl, queue, EPOLL_CTL_MOD, counter, &event));
}

static void set_score(const char *text, unsigned long size)
{
	long file = call(__NR_openat, AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY);

	expect(file >= 0);
	call(__NR_write, file, text, size);
}

/* Whoever may lower it, sets with each value the one below which others may not. */
static void raise_score(void)
{
	for (int left = 7; left; left--)
		set_score("500", 3);
}

/* Refused where the tests have no CAP_SYS_RESOURCE. */
static void lower_score(void)
{
	set_score("-500", 4);
}

const struct part rights[] = {
	{"wake-up", wake_up}, {"raise-score", raise_score}, {"lower-score", lower_score},
	{"granted", granted}, {"lacking", lacking}, {"foreign", foreign},
	{"over-foreign", over_foreign},
	{"granted-in-thread", granted_in_thread}, {"granted-in-child", granted_in_child},
	{"by-worker", by_worker}, {NULL, NULL},
};
