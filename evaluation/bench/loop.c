// SPDX-License-Identifier: Apache-2.0
/*
 * Times getppid(2), the shortest system call that no library caches, in batches.
 *
 * usage: loop CPU BATCHES CALLS filter|plain [CGROUP_PROCS]
 * stdout: nanoseconds a call, one line for each batch
 *
 * It enters the cgroup, installs an allow-all seccomp filter and then runs itself anew without the last
 * arguments, as a container runtime runs the entry point. Only that second program measures.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "sched_setaffinity");
}

static void join(const char *procs)
{
	int fd = open(procs, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) != 1)
		err(1, "%s", procs);
	close(fd);
}

/* It looks at the number and lets all through. */
static void install_filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 999, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {sizeof(code) / sizeof(*code), code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		err(1, "seccomp");
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static void measure(int batches, long calls)
{
	while (batches--) {
		double start = now();

		for (long i = 0; i < calls; i++)
			syscall(SYS_getppid);
		printf("%.2f\n", (now() - start) / calls);
	}
}

int main(int count, char **arguments)
{
	if (count < 4)
		errx(2, "usage: loop CPU BATCHES CALLS filter|plain [CGROUP_PROCS]");
	if (count == 4) {
		measure(atoi(arguments[2]), atol(arguments[3]));
		return 0;
	}
	pin(atoi(arguments[1]));
	if (count > 5)
		join(arguments[5]);
	if (!strcmp(arguments[4], "filter"))
		install_filter();
	arguments[4] = NULL;
	execv("/proc/self/exe", arguments);
	err(1, "execv");
}
