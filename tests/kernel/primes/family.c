/* Parts whose calls are made by children and threads. */
#include <linux/fcntl.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/wait.h>
#include "primes.h"

#define THREADS 16
#define STORM 4
#define STACK 16384
#define THREAD_FLAGS                                                                  \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | \
	 CLONE_CHILD_CLEARTID)

void end_of(long child)
{
	int status = 0;

	expect(call(__NR_wait4, child, &status, 0, NULL) == child);
	expect(status == 0);
}

/* Not every kernel has a call of that name. */
long fork(void)
{
	return call(__NR_clone, SIGCHLD, 0);
}

void in_child(void (*run)(void))
{
	long child = fork();

	expect(child >= 0);
	if (!child) {
		run();
		leave(0);
	}
	end_of(child);
}

volatile int *start_thread(void (*run)(void))
{
	static char stacks[THREADS][STACK] __attribute__((aligned(16)));
	static volatile int alive[THREADS];
	static int started;
	volatile int *word = &alive[started];
	void (**top)(void) = (void (**)(void))(stacks[started++] + STACK - 16);
	long thread;

	expect(started <= THREADS);
	*top = run;
	*word = 1;
	thread = clone_thread(THREAD_FLAGS, top, word);
	expect(thread > 0);
	return word;
}

/* The kernel clears the word as the thread ends. Spinning makes no calls. */
void join(volatile int *alive)
{
	while (*alive)
		rest();
}

void in_thread(void (*run)(void))
{
	join(start_thread(run));
}

static void sessions(void)
{
	times(17, __NR_getsid);
}

static void affinities(void)
{
	times(19, __NR_gettid);
}

static void groups(void)
{
	times(59, __NR_getegid);
}

static void child(void)
{
	in_child(sessions);
}

static void grandchild(void)
{
	in_child(child);
}

static void thread(void)
{
	in_thread(affinities);
}

static void thread_of_child(void)
{
	in_child(thread);
}

/* The child borrows the parent's memory and stack, so it must not return. */
static void vforked(void)
{
	long pid = VFORK;

	if (!pid) {
		times(53, __NR_geteuid);
		leave(0);
	}
	expect(pid > 0);
	end_of(pid);
}

static void cloned(void)
{
	struct clone_args how = {.exit_signal = SIGCHLD};
	long pid = call(__NR_clone3, &how, sizeof(how));

	if (!pid) {
		groups();
		leave(0);
	}
	expect(pid > 0);
	end_of(pid);
}

static void nothing(void)
{
}

static void crowd(void)
{
	for (int left = 1000; left; left--)
		in_child(nothing);
}

static void hammer(void)
{
	times(20011, __NR_getppid);
}

/* Several processors count in the same memory at once. */
static void storm(void)
{
	volatile int *threads[STORM];

	for (int i = 0; i < STORM; i++)
		threads[i] = start_thread(hammer);
	for (int i = 0; i < STORM; i++)
		join(threads[i]);
}

/* A thread that is not the first becomes the process: the kernel swaps their identities. */
static void become(void)
{
	char *list[] = {"/proc/self/exe", "plain", NULL};

	call(__NR_execve, list[0], list, environment);
	fail("execve\n");
}

/* A file that lies in memory alone. */
static void execute_memory(void)
{
	char *list[] = {"primes", "plain", NULL};
	long self = call(__NR_openat, AT_FDCWD, "/proc/self/exe", O_RDONLY);
	long memory = call(__NR_memfd_create, "in memory", 0);

	while (call(__NR_sendfile, memory, self, NULL, 1 << 20) > 0)
		;
	call(__NR_execveat, memory, "", list, environment, AT_EMPTY_PATH);
	fail("execveat\n");
}

static void executed_memory(void)
{
	in_child(execute_memory);
}

/* The test puts the file there. */
static void execute_deleted(void)
{
	const char *path = "/tmp/beacon-primes/deleted";
	char *list[] = {"primes", "plain", NULL};
	long file = call(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);

	call(__NR_unlinkat, AT_FDCWD, path, 0);
	call(__NR_execveat, file, "", list, environment, AT_EMPTY_PATH);
	fail("execveat\n");
}

static void executed_deleted(void)
{
	in_child(execute_deleted);
}

static void thread_becomes(void)
{
	in_thread(become);
}

const struct part families[] = {
	{"child", child}, {"grandchild", grandchild}, {"thread", thread},
	{"thread-of-child", thread_of_child}, {"vforked", vforked}, {"cloned", cloned},
	{"crowd", crowd}, {"storm", storm}, {"thread-becomes", thread_becomes},
	{"executed-memory", executed_memory}, {"executed-deleted", executed_deleted}, {NULL, NULL},
};
