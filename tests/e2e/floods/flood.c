// Servers that answer without end, each in the way of its protocol: `flood KIND PORT`.
// When it is stopped it says how much its clients took. `flood` alone lists the kinds.

#define _GNU_SOURCE
#include "flood.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static atomic_ullong sent;

void finish(int client)
{
	close(client);
	pthread_exit(NULL);
}

void put(int client, const void *data, size_t size)
{
	const char *next = data;

	while (size) {
		ssize_t count = send(client, next, size, MSG_NOSIGNAL);

		if (count <= 0)
			finish(client);
		atomic_fetch_add(&sent, count);
		next += count;
		size -= count;
	}
}

void put_text(int client, const char *text)
{
	put(client, text, strlen(text));
}

void repeat(int client, const void *unit, size_t size)
{
	size_t count = (1 << 18) / size;
	char *block = malloc(count * size);

	for (size_t i = 0; i < count; i++)
		memcpy(block + i * size, unit, size);
	for (;;)
		put(client, block, count * size);
}

void repeat_text(int client, const char *text)
{
	repeat(client, text, strlen(text));
}

size_t get(int client, char *buffer, size_t size)
{
	ssize_t count = recv(client, buffer, size - 1, 0);

	if (count <= 0)
		finish(client);
	buffer[count] = '\0';
	return count;
}

static const struct kind *chosen;

static void *serve(void *client)
{
	chosen->serve((int)(long)client);
	finish((int)(long)client);
}

static void stopped(int signal)
{
	char line[64];
	int length = snprintf(line, sizeof(line), "sent %llu bytes\n", atomic_load(&sent));

	(void)signal;
	(void)!write(STDOUT_FILENO, line, length);
	_exit(0);
}

static int listener(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	int yes = 1, server = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(server, (void *)&address, sizeof(address)) || listen(server, 128)) {
		perror("listen");
		exit(1);
	}
	return server;
}

int main(int count, char **words)
{
	for (chosen = kinds; chosen->name; chosen++) {
		if (count == 3 && !strcmp(chosen->name, words[1]))
			break;
		if (count == 1)
			puts(chosen->name);
	}
	if (!chosen->name)
		return count == 1 ? 0 : 2;
	signal(SIGTERM, stopped);
	for (int server = listener(atoi(words[2]));;) {
		int client = accept(server, NULL, NULL);
		pthread_t thread;

		if (client >= 0 && !pthread_create(&thread, NULL, serve, (void *)(long)client))
			pthread_detach(thread);
	}
}
