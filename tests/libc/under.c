/* under PROGRAM [ARGUMENT…] <FILTER: runs the program under the filter that standard input holds. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

static struct sock_filter filter[BPF_MAXINSNS];

int main(int argc, char **argv)
{
	size_t length = fread(filter, sizeof(*filter), BPF_MAXINSNS, stdin);
	struct sock_fprog program = {length, filter};

	if (argc < 2 || length == 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
		perror("under: no filter");
		return 2;
	}
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 2;
}
