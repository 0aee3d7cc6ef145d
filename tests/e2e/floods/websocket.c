// The handshake of a WebSocket (RFC 6455, section 4.2.2), for which a server needs SHA-1.

#include "flood.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define KEY "Sec-WebSocket-Key: "
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
// A key is of 24 characters, so what is hashed is of 60: with its padding two blocks.
#define KEY_SIZE 24
#define TEXT_SIZE 60
#define PADDED_SIZE 128

static uint32_t rotate(uint32_t word, int count)
{
	return word << count | word >> (32 - count);
}

static void mix(uint32_t state[5], const uint8_t block[64])
{
	uint32_t w[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | block[4 * i + 1] << 16 | block[4 * i + 2] << 8 |
		       block[4 * i + 3];
	for (int i = 16; i < 80; i++)
		w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (int i = 0; i < 80; i++) {
		uint32_t f = i < 20 ? ((b & c) | (~b & d)) + 0x5a827999 :
			     i < 40 ? (b ^ c ^ d) + 0x6ed9eba1 :
			     i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc :
				      (b ^ c ^ d) + 0xca62c1d6;
		uint32_t next = rotate(a, 5) + f + e + w[i];

		e = d, d = c, c = rotate(b, 30), b = a, a = next;
	}
	state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

static void base64(const uint8_t digest[21], char text[29])
{
	const char *digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (int i = 0; i < 7; i++) {
		uint32_t word = digest[3 * i] << 16 | digest[3 * i + 1] << 8 | digest[3 * i + 2];

		for (int j = 0; j < 4; j++)
			text[4 * i + j] = digits[word >> (18 - 6 * j) & 63];
	}
	strcpy(text + 27, "=");
}

void accept_websocket(int client, const char *request)
{
	uint32_t state[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
	uint8_t content[PADDED_SIZE] = { 0 }, digest[21] = { 0 };
	const char *key = strstr(request, KEY);
	char text[29], head[256];

	if (!key || strlen(key += strlen(KEY)) < KEY_SIZE)
		finish(client);
	memcpy(content, key, KEY_SIZE);
	memcpy(content + KEY_SIZE, GUID, TEXT_SIZE - KEY_SIZE);
	content[TEXT_SIZE] = 0x80;
	content[PADDED_SIZE - 2] = TEXT_SIZE * 8 >> 8;
	content[PADDED_SIZE - 1] = TEXT_SIZE * 8 & 255;
	mix(state, content);
	mix(state, content + 64);
	for (int i = 0; i < 20; i++)
		digest[i] = state[i / 4] >> (24 - 8 * (i % 4));
	base64(digest, text);
	snprintf(head, sizeof(head),
		 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		 "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", text);
	put_text(client, head);
}
