/* elsewhere FUNCTION: makes one call of the C library, of those that the kernel has on some architectures only. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

static struct stat state;
static char text[64];
static int ends[2];
static sigset_t none;
static struct timeval soon, times[2];
static struct epoll_event event;

static void wait_for(pid_t child)
{
	if (!child)
		_exit(0);
	waitpid(child, NULL, 0);
}

/* In the order of the parts: what another needs comes before it. */
#define PARTS                                                    \
	PART(nothing, )                                          \
	PART(open, open("old", O_RDONLY))                        \
	PART(creat, creat("made", 0600))                         \
	PART(stat, stat("old", &state))                          \
	PART(lstat, lstat("old", &state))                        \
	PART(access, access("old", R_OK))                        \
	PART(chmod, chmod("old", 0600))                          \
	PART(chown, chown("old", getuid(), getgid()))            \
	PART(lchown, lchown("old", getuid(), getgid()))          \
	PART(link, link("old", "linked"))                        \
	PART(symlink, symlink("old", "symbolic"))                \
	PART(readlink, readlink("symbolic", text, sizeof(text))) \
	PART(mkdir, mkdir("folder", 0700))                       \
	PART(rmdir, rmdir("folder"))                             \
	PART(mknod, mknod("pipe", S_IFIFO | 0600, 0))            \
	PART(rename, rename("linked", "renamed"))                \
	PART(unlink, unlink("renamed"))                          \
	PART(utime, utime("old", NULL))                          \
	PART(utimes, utimes("old", times))                       \
	PART(dup2, (dup2(2, 100), dup2(2, 2)))                   \
	PART(pipe, pipe(ends))                                   \
	PART(epoll_create, epoll_create(1))                      \
	PART(epoll_wait, epoll_wait(epoll_create1(0), &event, 1, 0)) \
	PART(eventfd, eventfd(0, 0))                             \
	PART(signalfd, signalfd(-1, &none, 0))                   \
	PART(inotify_init, inotify_init())                       \
	PART(poll, poll(NULL, 0, 0))                             \
	PART(select, select(0, NULL, NULL, NULL, &soon))         \
	PART(fork, wait_for(fork()))                             \
	PART(vfork, wait_for(vfork()))                           \
	PART(alarm, alarm(60))                                   \
	PART(getpgrp, getpgrp())

int main(int count, char **arguments)
{
	(void)count;
#define PART(name, call)                          \
	if (!strcmp(arguments[1], #name)) {       \
		call;                             \
		return 0;                         \
	}
	PARTS
	return 2;
}
