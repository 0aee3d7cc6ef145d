/* The guest's /init: mounts what the kernel offers, runs the job, reports its exit code, ends.
 *
 * First serial port: the kernel's console, and complaints of this program.
 * Second: the job's output, byte for byte. Third: the job's exit code, in decimal; minus the
 * signal's number when a signal ended it. No third line, no result: the host then shows the console.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define MAX_STRINGS 4096

static const struct { const char *type, *where; } mounts[] = {
	{"devtmpfs", "/dev"},
	{"proc", "/proc"},
	{"sysfs", "/sys"},
	{"cgroup2", "/sys/fs/cgroup"},
	{"bpf", "/sys/fs/bpf"},
	{"tracefs", "/sys/kernel/tracing"},
};

/* The end of the first process is a kernel panic, and so the end of the machine, as wanted. */
static void die(const char *what)
{
	fprintf(stderr, "guest init: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void mount_all(void)
{
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].where, 0755); /* fails when it is there, which mount will tell */
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type, 0, NULL))
			die(mounts[i].where);
	}
	/* No mount: the root is in memory already, and a tree may have its place in /tmp. */
	mkdir("/tmp", 0);
	chmod("/tmp", 01777);
}

/* Raw, so that the terminal layer neither turns \n into \r\n nor stops at a control character. */
static int open_port(const char *path)
{
	struct termios settings;
	int port = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (port < 0 || tcgetattr(port, &settings))
		die(path);
	cfmakeraw(&settings);
	if (tcsetattr(port, TCSANOW, &settings))
		die(path);
	return port;
}

/* The kernel's command line names the ports. */
static const char *named(const char *variable)
{
	const char *path = getenv(variable);

	if (!path)
		die(variable);
	return path;
}

static void redirect(int output)
{
	int input = open("/dev/null", O_RDONLY);

	if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		die("redirect");
	close(input);
}

/* /job holds strings that end in NUL: the directory, the environment, "", the command. */
static char **read_job(void)
{
	static char *strings[MAX_STRINGS + 1];
	static char buffer[1 << 20];
	int file = open("/job", O_RDONLY | O_CLOEXEC);
	ssize_t length = read(file, buffer, sizeof(buffer) - 1);
	size_t count = 0;

	if (length <= 0)
		die("/job");
	for (char *at = buffer; at < buffer + length; at += strlen(at) + 1) {
		if (count == MAX_STRINGS)
			die("/job holds too many strings");
		strings[count++] = at;
	}
	return strings;
}

static void run_job(char **strings, int output)
{
	char **environment = strings + 1;
	char **command = environment;

	while (**command)
		command++;
	*command++ = NULL;
	redirect(output);
	environ = environment;
	if (setsid() < 0 || chdir(strings[0]) || execvpe(command[0], command, environ))
		fprintf(stderr, "cannot run %s in %s: %s\n", command[0], strings[0], strerror(errno));
	_exit(127);
}

/* As the first process it also inherits orphans, whose ends do not matter. */
static int wait_for(pid_t job)
{
	int status = 0;

	for (pid_t ended = -1; ended != job;)
		if ((ended = wait(&status)) < 0)
			die("wait");
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int main(void)
{
	mount_all();
	int output = open_port(named("OUTPUT")), result = open_port(named("RESULT"));
	char **strings = read_job();
	pid_t job = fork();

	if (job == 0)
		run_job(strings, output);
	int code = wait_for(job);

	tcdrain(output);
	dprintf(result, "%d\n", code);
	tcdrain(result);
	reboot(RB_AUTOBOOT); /* with -no-reboot the emulator ends here, without the need for ACPI */
	die("reboot");
}
