/*
 * Does what a container runtime does: joins the cgroup, installs the filter, makes some calls
 * under it, becomes the entry point.
 *
 * launch CGROUP_PROCS|+CGROUP FILTER_FD PRIVILEGES GETPGRPS CHROOTS PART...   ("-": no such step)
 */
#include <linux/fcntl.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/signal.h>
#include "primes.h"

#define LONGEST 512

/* Newer runtimes have their child born in the cgroup. */
static void be_born_in(const char *cgroup)
{
	long directory = call(__NR_openat, AT_FDCWD, cgroup, O_RDONLY | O_DIRECTORY);
	struct clone_args how = {
		.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = directory};
	long child = call(__NR_clone3, &how, sizeof(how));

	expect(child >= 0);
	expect(!call(__NR_close, directory));
	if (child) {
		end_of(child);
		leave(0);
	}
}

static void enter_cgroup(const char *procs)
{
	long file;

	if (procs[0] == '+') {
		be_born_in(procs + 1);
		return;
	}
	file = call(__NR_openat, AT_FDCWD, procs, O_WRONLY);
	expect(file >= 0);
	expect(call(__NR_write, file, "0", 1) == 1);
	expect(!call(__NR_close, file));
}

/* The filter stands in a pipe or file, read here so that tests can write any. */
void install(const char *descriptor, long flags)
{
	static struct sock_filter code[LONGEST];
	struct sock_fprog program = {.filter = code};
	long size = call(__NR_read, number(descriptor), code, sizeof(code));

	expect(size > 0);
	program.len = size / sizeof(code[0]);
	expect(!call(__NR_close, number(descriptor)));
	expect(!call(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
}

void launch(void)
{
	char **step = arguments + 2;

	if (!same(step[0], "-"))
		enter_cgroup(step[0]);
	if (same(step[2], "no-new-privileges"))
		expect(!call(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	if (!same(step[1], "-"))
		install(step[1], 0);
	times(number(step[3]), __NR_getegid);
	for (long left = number(step[4]); left; left--)
		expect(!call(__NR_chroot, "/"));
	/* The entry point's first argument is this program's path again. */
	step[4] = arguments[0];
	call(__NR_execve, arguments[0], step + 4, environment);
	fail("execve\n");
}
