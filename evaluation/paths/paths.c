// SPDX-License-Identifier: Apache-2.0
/*
 * Makes the system calls that two known exploits need to get to the faulty code, and nothing of what
 * they do there: no overflow, no release_agent is written. The user namespace with which both begin can
 * be made by three calls; the second argument says by which. Prints one line a call, `NAME ok` or
 * `NAME ERROR`, and stops at the first that fails.
 *
 *   CVE-2022-0185: a user namespace hands out CAP_SYS_ADMIN, with which a file system's context can be
 *   opened (fsopen) and given parameters (fsconfig); the fault was in the length check of those.
 *   CVE-2022-0492: in a user and cgroup namespace a version 1 cgroup hierarchy can be mounted, whose
 *   release_agent the kernel let such a root write (where the container is in the hierarchy's root).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SET_STRING 1	/* FSCONFIG_SET_STRING */

static int step(const char *name, long result)
{
	printf("%s %s\n", name, result < 0 ? strerror(errno) : "ok");
	fflush(stdout);
	return result >= 0;
}

/* Goes on in new namespaces; the caller of clone waits for the child and ends as it does. */
static int enter(const char *how, unsigned long flags)
{
	struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};
	int status;
	long child;

	if (!strcmp(how, "unshare"))
		return step("unshare(CLONE_NEWUSER)", syscall(SYS_unshare, flags));
	if (!strcmp(how, "clone"))
		child = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, 0);
	else
		child = syscall(SYS_clone3, &args, sizeof(args));
	if (child > 0) {
		waitpid(child, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}
	return step(!strcmp(how, "clone") ? "clone(CLONE_NEWUSER)" : "clone3(CLONE_NEWUSER)", child);
}

static int context(const char *how)
{
	long fd;

	if (!enter(how, CLONE_NEWUSER | CLONE_NEWNS))
		return 1;
	fd = syscall(SYS_fsopen, "tmpfs", 0);
	if (!step("fsopen", fd))
		return 1;
	return !step("fsconfig", syscall(SYS_fsconfig, fd, SET_STRING, "size", "1m", 0));
}

static int hierarchy(const char *how)
{
	const char *place = "/tmp/hierarchy";

	if (!enter(how, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP))
		return 1;
	mkdir(place, 0700);
	return !step("mount(cgroup)", mount("cgroup", place, "cgroup", 0, "pids"));
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "CVE-2022-0185"))
		return context(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "CVE-2022-0492"))
		return hierarchy(argv[2]);
	fprintf(stderr, "usage: paths CVE-2022-0185|CVE-2022-0492 unshare|clone|clone3\n");
	return 2;
}
