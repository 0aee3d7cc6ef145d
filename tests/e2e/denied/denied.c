/*
 * Makes calls that Docker's default profile denies, and says when: a flood of one, others between.
 *
 *   denied          swapoff once; then, for each SIGUSR1, the flood
 *   denied NAME...  these calls once, then waits
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SECONDS = 4, A_SECOND = 12000, STEPS = 100 };

static const struct {
	const char *name;
	long number;
} calls[] = {
	{"acct", SYS_acct},
	{"add_key", SYS_add_key},
	{"delete_module", SYS_delete_module},
	{"init_module", SYS_init_module},
	{"kexec_load", SYS_kexec_load},
	{"lookup_dcookie", SYS_lookup_dcookie},
	{"open_by_handle_at", SYS_open_by_handle_at},
	{"pivot_root", SYS_pivot_root},
	{"quotactl", SYS_quotactl},
	{"reboot", SYS_reboot},
	{"request_key", SYS_request_key},
	{"swapoff", SYS_swapoff},
	{"swapon", SYS_swapon},
	{"umount2", SYS_umount2},
	{"userfaultfd", SYS_userfaultfd},
	{"getitimer", SYS_getitimer},
};
enum { COUNT = sizeof(calls) / sizeof(*calls), DENIED = COUNT - 1 };

static void say(const char *name, long count)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	printf("%s %ld %lld.%09ld\n", name, count, (long long)now.tv_sec, now.tv_nsec);
	fflush(stdout);
}

static void call(const char *name)
{
	for (int n = 0; n < COUNT; n++)
		if (!strcmp(calls[n].name, name)) {
			syscall(calls[n].number, 0L, 0L, 0L, 0L, 0L);
			say(name, 1);
		}
}

static void flood(void)
{
	struct timespec pause = {.tv_nsec = 1000000000 / STEPS};
	long made = 0;
	int next = 0;

	for (int step = 0; step < SECONDS * STEPS; step++) {
		for (int n = 0; n < A_SECOND / STEPS; n++, made++)
			syscall(SYS_keyctl, 0L, 0L, 0L, 0L, 0L);
		if (step % (SECONDS * STEPS / COUNT) == 0 && next < DENIED)
			call(calls[next++].name);
		nanosleep(&pause, NULL);
	}
	/* The filter lets it through; the capability is not there. */
	setpriority(PRIO_PROCESS, 0, -5);
	say("keyctl", made);
}

int main(int count, char **words)
{
	sigset_t signals;
	int number;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (count == 1)
		call("swapoff");
	for (int n = 1; n < count; n++)
		call(words[n]);
	while (!sigwait(&signals, &number) && number != SIGTERM)
		if (count == 1)
			flood();
	return 0;
}
