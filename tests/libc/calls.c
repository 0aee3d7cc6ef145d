/* calls FUNCTION: makes one call of the C library; ends with 0 if it did its work. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static char *nothing[] = {"calls", "nothing", NULL};

static int on_nothing(void)
{
	return 0;
}

static int on_fexecve(void)
{
	return fexecve(open("/proc/self/exe", O_RDONLY), nothing, environ);
}

static int on_posix_spawn(void)
{
	int status;
	pid_t child;

	return posix_spawn(&child, "/proc/self/exe", NULL, NULL, nothing, environ) ||
	       waitpid(child, &status, 0) != child || status;
}

static int on_system(void)
{
	return system("exit 0");
}

static int on_popen(void)
{
	FILE *pipe = popen("echo x", "r");

	return !pipe || fgetc(pipe) != 'x' || pclose(pipe);
}

static void *thread(void *given)
{
	return given;
}

static int on_pthread_create(void)
{
	pthread_t started;
	void *returned;

	return pthread_create(&started, NULL, thread, nothing) || pthread_join(started, &returned) ||
	       returned != nothing;
}

static int on_faccessat(void)
{
	return faccessat(AT_FDCWD, "/", X_OK, AT_EACCESS);
}

static int on_fchmodat(void)
{
	char path[] = "/tmp/fallbacks-XXXXXX";
	struct stat found;
	int fd = mkstemp(path);
	int wrong = fd < 0 || fchmodat(AT_FDCWD, path, 0640, AT_SYMLINK_NOFOLLOW) || fstat(fd, &found) ||
		    (found.st_mode & 0777) != 0640;

	unlink(path);
	return wrong;
}

static int on_stat(void)
{
	struct stat found;

	return stat("/", &found) || !S_ISDIR(found.st_mode);
}

static int on_pwrite(void)
{
	return pwrite(open("/dev/null", O_WRONLY), "x", 1, 7) != 1;
}

static int on_pipe2(void)
{
	int ends[2];

	return pipe2(ends, O_CLOEXEC);
}

static int on_dup3(void)
{
	return dup3(STDERR_FILENO, 100, O_CLOEXEC) != 100;
}

/* An address that the kernel chooses, to which the other end connects. */
static int on_accept4(void)
{
	struct sockaddr_storage address = {.ss_family = AF_UNIX};
	socklen_t size = sizeof(sa_family_t);
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), other = socket(AF_UNIX, SOCK_STREAM, 0);

	if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 1))
		return 1;
	size = sizeof(address);
	return getsockname(listener, (struct sockaddr *)&address, &size) ||
	       connect(other, (struct sockaddr *)&address, size) ||
	       accept4(listener, NULL, NULL, SOCK_CLOEXEC) < 0;
}

static int on_epoll_wait(void)
{
	struct epoll_event event;

	return epoll_wait(epoll_create1(EPOLL_CLOEXEC), &event, 1, 0);
}

/* A clock that no vDSO serves. */
static int on_clock_gettime(void)
{
	struct timespec now;

	return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
}

static int on_clock_getres(void)
{
	struct timespec found;

	return clock_getres(CLOCK_PROCESS_CPUTIME_ID, &found);
}

static int on_timer_settime(void)
{
	struct itimerspec hour = {.it_value.tv_sec = 3600}, left = {0};
	struct sigevent none = {.sigev_notify = SIGEV_NONE};
	timer_t timer;

	return timer_create(CLOCK_MONOTONIC, &none, &timer) || timer_settime(timer, 0, &hour, NULL) ||
	       timer_gettime(timer, &left) || left.it_value.tv_sec < 3590;
}

static int on_timerfd_settime(void)
{
	struct itimerspec hour = {.it_value.tv_sec = 3600}, left = {0};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	return timerfd_settime(timer, 0, &hour, NULL) || timerfd_gettime(timer, &left) ||
	       left.it_value.tv_sec < 3590;
}

#ifdef __GLIBC__
static int on_preadv2(void)
{
	char byte;
	struct iovec into = {&byte, 1};

	return preadv2(open("/proc/self/exe", O_RDONLY), &into, 1, 1, 0) != 1 || byte != 'E';
}

static int on_pwritev2(void)
{
	struct iovec from = {"x", 1};

	return pwritev2(open("/dev/null", O_WRONLY), &from, 1, 7, 0) != 1;
}

static int on_statx(void)
{
	struct statx found;

	return statx(AT_FDCWD, "/", 0, STATX_BASIC_STATS, &found) || !S_ISDIR(found.stx_mode);
}

static int on_closefrom(void)
{
	int fd = dup(STDERR_FILENO);

	closefrom(3);
	return fcntl(fd, F_GETFD) != -1;
}

static int on_arc4random(void)
{
	char bytes[64] = {0}, zeros[64] = {0};

	arc4random_buf(bytes, sizeof(bytes));
	return !memcmp(bytes, zeros, sizeof(bytes));
}
#endif

static const struct {
	const char *name;
	int (*failed)(void);
} functions[] = {
#define FUNCTION(name) {#name, on_##name}
	FUNCTION(nothing),	FUNCTION(fexecve),	 FUNCTION(posix_spawn),
	FUNCTION(system),	FUNCTION(popen),	 FUNCTION(pthread_create),
	FUNCTION(faccessat),	FUNCTION(fchmodat),	 FUNCTION(stat),
	FUNCTION(pwrite),	FUNCTION(pipe2),	 FUNCTION(dup3),
	FUNCTION(accept4),	FUNCTION(epoll_wait),	 FUNCTION(clock_gettime),
	FUNCTION(clock_getres),	FUNCTION(timer_settime), FUNCTION(timerfd_settime),
#ifdef __GLIBC__
	FUNCTION(preadv2),	FUNCTION(pwritev2),	 FUNCTION(statx),
	FUNCTION(closefrom),	FUNCTION(arc4random),
#endif
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(functions) / sizeof(*functions); i++)
		if (!strcmp(functions[i].name, argv[1]))
			return functions[i].failed() ? 1 : 0;
	fprintf(stderr, "calls: no such function\n");
	return 3;
}
