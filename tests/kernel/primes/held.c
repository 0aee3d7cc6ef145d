/* Parts that need to hold capabilities for which the kernel does not ask. */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include "primes.h"

struct sets {
	struct __user_cap_header_struct header;
	struct __user_cap_data_struct data[2];
};

#define FIVE \
	(CAP_TO_MASK(CAP_CHOWN) | CAP_TO_MASK(CAP_KILL) | CAP_TO_MASK(CAP_SETGID) | \
	 CAP_TO_MASK(CAP_SETUID) | CAP_TO_MASK(CAP_NET_BIND_SERVICE))

static struct sets own(void)
{
	struct sets sets = {{_LINUX_CAPABILITY_VERSION_3, 0}, {{0}}};

	expect(!call(__NR_capget, &sets.header, sets.data));
	return sets;
}

static void install_sets(struct sets *sets)
{
	expect(!call(__NR_capset, &sets->header, sets->data));
}

/* By a list of its own, as pure-ftpd and chrony do. */
static void keep_five(void)
{
	struct sets sets = {{_LINUX_CAPABILITY_VERSION_3, 0}, {{FIVE, FIVE, 0}}};

	install_sets(&sets);
}

static void keep_five_of_those_read(void)
{
	struct sets sets = own();

	sets.data[0].permitted = sets.data[0].effective = FIVE;
	sets.data[1].permitted = sets.data[1].effective = 0;
	install_sets(&sets);
}

static void install_all_again(void)
{
	struct sets sets = own();

	install_sets(&sets);
}

static void read_in_thread(void)
{
	own();
}

/* What one thread has read another may install. */
static void install_all_but_one(void)
{
	struct sets sets = {{_LINUX_CAPABILITY_VERSION_3, 0}, {{0}}};

	in_thread(read_in_thread);
	sets = own();
	sets.data[0].permitted &= ~CAP_TO_MASK(CAP_KILL);
	sets.data[0].effective &= ~CAP_TO_MASK(CAP_KILL);
	install_sets(&sets);
}

static void raise_one(void)
{
	struct sets sets = own();

	sets.data[0].effective &= ~CAP_TO_MASK(CAP_CHOWN);
	install_sets(&sets);
	sets.data[0].effective |= CAP_TO_MASK(CAP_CHOWN);
	install_sets(&sets);
}

static void raise_ambient(void)
{
	struct sets sets = own();

	sets.data[0].inheritable |= CAP_TO_MASK(CAP_NET_BIND_SERVICE);
	install_sets(&sets);
	expect(!call(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0));
}

/* What it gave up it does not get back. */
static void demand_in_vain(void)
{
	struct sets sets = {{_LINUX_CAPABILITY_VERSION_3, 0}, {{0}}};

	install_sets(&sets);
	sets.data[0].permitted = sets.data[0].effective = CAP_TO_MASK(CAP_CHOWN);
	expect(call(__NR_capset, &sets.header, sets.data) == -EPERM);
	expect(call(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0) == -EPERM);
}

/* The inheritable set grows by what is not permitted: the one case that needs CAP_SETPCAP. */
static void inherit_more(void)
{
	struct sets sets = own();

	sets.data[0].permitted &= ~CAP_TO_MASK(CAP_KILL);
	sets.data[0].effective &= ~CAP_TO_MASK(CAP_KILL);
	install_sets(&sets);
	sets.data[0].inheritable |= CAP_TO_MASK(CAP_KILL);
	install_sets(&sets);
}

static const char *const carrier = "/tmp/beacon-primes/bin/carrier";

static void execute_carrier(void)
{
	const char *argv[] = {carrier, NULL}, *none[] = {NULL};

	call(__NR_execve, carrier, argv, none);
	fail("execve failed\n");
}

/* The test puts the file there, with its capability CAP_NET_BIND_SERVICE. */
static void carried(void)
{
	in_child(execute_carrier);
}

static void fail_to_execute(void)
{
	const char *argv[] = {carrier, NULL}, *none[] = {NULL};

	expect(!call(__NR_prctl, PR_CAPBSET_DROP, CAP_NET_BIND_SERVICE, 0, 0, 0));
	expect(call(__NR_execve, carrier, argv, none) == -EPERM);
}

#define IN_CHILD(name) \
	static void name##_in_child(void) { in_child(name); }

IN_CHILD(keep_five)
IN_CHILD(keep_five_of_those_read)
IN_CHILD(install_all_again)
IN_CHILD(install_all_but_one)
IN_CHILD(raise_one)
IN_CHILD(raise_ambient)
IN_CHILD(demand_in_vain)
IN_CHILD(inherit_more)
IN_CHILD(fail_to_execute)

static void write_to(const char *path, const char *text, unsigned long size, long result)
{
	long file = call(__NR_openat, AT_FDCWD, path, O_WRONLY);

	expect(file >= 0);
	expect(call(__NR_write, file, text, size) == result);
}

static void map_root(long result)
{
	expect(!call(__NR_unshare, CLONE_NEWUSER));
	write_to("/proc/self/uid_map", "0 0 1", 5, result);
}

static void map_own_root(void)
{
	map_root(5);
}

/* The namespace's root has all rights; what counts is what its maker had. */
static void map_root_lacking(void)
{
	struct sets sets = own();

	sets.data[CAP_TO_INDEX(CAP_SETFCAP)].effective &= ~CAP_TO_MASK(CAP_SETFCAP);
	expect(!call(__NR_capset, &sets.header, sets.data));
	map_root(-EPERM);
}

static void map_another(void)
{
	expect(!call(__NR_setresuid, -1, 1000, 1000));
	expect(!call(__NR_unshare, CLONE_NEWUSER));
	expect(!call(__NR_prctl, PR_SET_DUMPABLE, 1));
	write_to("/proc/self/uid_map", "0 1000 1", 8, 8);
}

const struct part held[] = {
	{"map-root", map_own_root}, {"map-root-lacking", map_root_lacking},
	{"map-another", map_another},
	{"keep-five", keep_five_in_child},
	{"keep-five-of-those-read", keep_five_of_those_read_in_child},
	{"install-all-again", install_all_again_in_child},
	{"install-all-but-one", install_all_but_one_in_child},
	{"raise-one", raise_one_in_child},
	{"raise-ambient", raise_ambient_in_child},
	{"demand-in-vain", demand_in_vain_in_child},
	{"inherit-more", inherit_more_in_child},
	{"carried", carried},
	{"not-carried", fail_to_execute_in_child},
	{NULL, NULL},
};
