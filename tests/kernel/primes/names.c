/* Parts that choose the process names under which their calls are seen. */
#include <linux/prctl.h>
#include "primes.h"

static void rename_to(const char *name)
{
	expect(!call(__NR_prctl, PR_SET_NAME, name));
}

static void hostile(void)
{
	rename_to("\033[2J\033]0;x\a");
	times(7, __NR_getppid);
	rename_to("<script>\"&\\");
	times(11, __NR_getpgid);
	rename_to("\xff\xfe\xe2\x80\xae");
	times(13, __NR_getsid);
	rename_to("");
	times(17, __NR_gettid);
}

/* More names than are told apart. */
static void many(void)
{
	char name[] = "name-00";

	for (int i = 0; i < 100; i++) {
		name[5] = '0' + i / 10;
		name[6] = '0' + i % 10;
		rename_to(name);
		call(__NR_getppid);
	}
}

static void inherited(void)
{
	times(5, __NR_getpgid);
	rename_to("child");
	times(3, __NR_getpgid);
}

static void family(void)
{
	rename_to("parent");
	in_child(inherited);
	in_thread(inherited);
	times(2, __NR_getsid);
}

const struct part names[] = {
	{"hostile", hostile}, {"many", many}, {"family", family}, {NULL, NULL},
};
