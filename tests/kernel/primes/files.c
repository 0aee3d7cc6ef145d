/* Parts that open files with O_CREAT, which asks for the right to write to the directory first. */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include "primes.h"

#define CLOSED "/tmp/beacon-primes-readonly"
#define FRESH CLOSED "/fresh"
#define NOBODY 65534
#define PR_SET_DUMPABLE 4

static void repeated(int count, void (*run)(void))
{
	while (count--)
		in_child(run);
}

static long create(const char *path)
{
	return call(__NR_openat, AT_FDCWD, path, O_CREAT | O_WRONLY, 0600);
}

/* The kernel holds no entry of this name before: each process has its own directory. */
static void open_existing(void)
{
	expect(create("/proc/self/fd/1") >= 0);
}

static void open_existing_lacking(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[2] = {};

	expect(!call(__NR_capset, &header, none));
	open_existing();
}

static void make_new(void)
{
	expect(create(FRESH) >= 0);
	expect(!call(__NR_unlinkat, AT_FDCWD, FRESH, 0));
}

static void make_new_files(void)
{
	long made = call(__NR_mkdirat, AT_FDCWD, CLOSED, 0500);

	expect(!made || made == -EEXIST);
	expect(!call(__NR_fchownat, AT_FDCWD, CLOSED, NOBODY, NOBODY, 0));
	repeated(11, make_new);
	call(__NR_unlinkat, AT_FDCWD, CLOSED, AT_REMOVEDIR);
}

/* A process that nobody may trace finds its own descriptors owned by root. */
static void open_own(void)
{
	expect(call(__NR_openat, AT_FDCWD, "/dev/null", O_RDWR) >= 0);
	expect(!call(__NR_setuid, NOBODY));
	expect(!call(__NR_prctl, PR_SET_DUMPABLE, 0));
	expect(call(__NR_openat, AT_FDCWD, "/proc/self/fd/3", O_RDONLY) >= 0);
}

static void existing(void)
{
	repeated(19, open_existing);
}

static void existing_lacking(void)
{
	repeated(13, open_existing_lacking);
}

static void own_descriptors(void)
{
	repeated(17, open_own);
}

/* A file of a group to which the process does not belong. */
static void change_mode(int count, long mode)
{
	const char *path = "/tmp/beacon-primes-mode";
	long file = create(path);

	expect(file >= 0);
	expect(!call(__NR_fchown, file, 0, NOBODY));
	while (count--) {
		expect(!call(__NR_fchmod, file, mode));
#ifdef __NR_chmod
		expect(!call(__NR_chmod, path, mode));
#endif
		expect(!call(__NR_fchmodat, AT_FDCWD, path, mode));
	}
	call(__NR_unlinkat, AT_FDCWD, path, 0);
}

static void plain_mode(void)
{
	change_mode(5, 0700);
}

static void set_group_id(void)
{
	change_mode(3, 02755);
}

static void same_ids(void)
{
	for (int left = 7; left; left--) {
		expect(!call(__NR_setgid, 0));
		expect(!call(__NR_setuid, 0));
	}
}

/* The saved id is another. */
static void other_ids(void)
{
	expect(!call(__NR_setresgid, 0, 0, NOBODY));
	expect(!call(__NR_setresuid, 0, 0, NOBODY));
	expect(!call(__NR_setgid, 0));
	expect(!call(__NR_setuid, 0));
}

const struct part files[] = {
	{"plain-mode", plain_mode}, {"set-group-id", set_group_id},
	{"same-ids", same_ids}, {"other-ids", other_ids},
	{"create-existing", existing}, {"create-existing-lacking", existing_lacking},
	{"create-new", make_new_files}, {"own-descriptors", own_descriptors}, {NULL, NULL},
};
