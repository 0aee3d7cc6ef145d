// A web server in two versions. The second makes three calls more, each in another moment, and ends
// at the first of them that is denied.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile sig_atomic_t ending;

static void end(int signal)
{
	(void)signal;
	ending = 1;
}

static void needs(long result)
{
	if (VERSION > 1 && result < 0 && errno == EPERM)
		exit(3);
}

static void answer(int client)
{
	static const char reply[] = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n"
				    "Content-Length: 10\r\n\r\nversion " VERSION_TEXT "\n";
	char request[4096];

	if (read(client, request, sizeof(request)) > 0) {
		if (VERSION > 1)
			needs(syscall(SYS_inotify_init1, 0));
		send(client, reply, sizeof(reply) - 1, MSG_NOSIGNAL);
	}
	close(client);
}

int main(void)
{
	struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(80)};
	struct sigaction action = {.sa_handler = end};
	int server = socket(AF_INET, SOCK_STREAM, 0), reused = 1;

	if (VERSION > 1)
		needs(syscall(SYS_memfd_create, "update", 0));
	sigaction(SIGTERM, &action, NULL);
	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &reused, sizeof(reused));
	if (bind(server, (struct sockaddr *)&place, sizeof(place)) || listen(server, 64))
		return 1;
	while (!ending) {
		int client = accept(server, NULL, NULL);

		if (client >= 0)
			answer(client);
	}
	if (VERSION > 1) // of no use: only whether it is denied counts
		needs(syscall(SYS_splice, -1, NULL, -1, NULL, 1, 0));
	return 0;
}
