// What every flood is made of.

#pragma once
#include <stddef.h>

struct kind {
	const char *name;
	void (*serve)(int client);
};

// All of them; the last one has no name.
extern const struct kind kinds[];

// Send; the thread ends when the client has gone.
void put(int client, const void *data, size_t size);
void put_text(int client, const char *text);

// Send one thing without end.
void repeat(int client, const void *unit, size_t size);
void repeat_text(int client, const char *text);

// Some bytes that the client sent, with a NUL behind; the thread ends when the client has gone.
size_t get(int client, char *buffer, size_t size);

// Close the connection and end the thread.
_Noreturn void finish(int client);

// The proper answer to a request for a WebSocket.
void accept_websocket(int client, const char *request);
