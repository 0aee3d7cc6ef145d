// One function a flood.

#define _GNU_SOURCE
#include "flood.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

// A string with its length, for content that has NUL bytes.
#define PUT(client, content) put(client, content, sizeof(content) - 1)
#define REPEAT(client, content) repeat(client, content, sizeof(content) - 1)

static char *heard(int client)
{
	static __thread char buffer[1 << 16];

	get(client, buffer, sizeof(buffer));
	return buffer;
}

// redis

static void redis_bulk(int client)
{
	heard(client);
	put_text(client, "$100000000000\r\n");
	repeat_text(client, "A");
}

static void redis_nested(int client)
{
	heard(client);
	repeat_text(client, "*1\r\n");
}

static void redis_array(int client)
{
	heard(client);
	put_text(client, "*2000000000\r\n");
	repeat_text(client, "$3\r\nabc\r\n");
}

static void redis_string(int client)
{
	heard(client);
	put_text(client, "+");
	repeat_text(client, "A");
}

// mysql

static void mysql_packets(int client)
{
	static char part[0xffffff];

	for (unsigned char number = 0;; number++) {
		char head[] = { -1, -1, -1, number };

		put(client, head, sizeof(head));
		put(client, part, sizeof(part));
	}
}

static void mysql_login(int client)
{
	PUT(client, "\x49\0\0\0\x0a" "8.0.0\0" "\1\0\0\0" "12345678\0" "\xff\xf7\x21\2\0\xff\0\x15"
		    "\0\0\0\0\0\0\0\0\0\0" "123456789012\0" "mysql_native_password\0");
	heard(client);
	PUT(client, "\7\0\0\2\0\0\0\2\0\0\0");
}

static void mysql_rows(int client)
{
	char row[4 + 3 + 1000] = { (char)(1003 & 255), 1003 >> 8, 0, 5, -4, (char)(1000 & 255), 1000 >> 8 };
	unsigned char number = 4;

	mysql_login(client);
	// A client begins with settings.
	while (!strncasecmp(heard(client) + 5, "SET ", 4))
		PUT(client, "\7\0\0\1\0\0\0\2\0\0\0");
	PUT(client, "\1\0\0\1\1" "\x17\0\0\2\3def\0\0\0\1a\0\x0c\x21\0\0\1\0\0\xfd\0\0\0\0\0"
		    "\5\0\0\3\xfe\0\0\2\0");
	for (;; number++) {
		row[3] = number;
		put(client, row, sizeof(row));
	}
}

// postgres

static void postgres_begin(int client)
{
	// Requests for encryption are of 8 bytes and refused; the start of a session is longer.
	char buffer[1 << 12];

	while (get(client, buffer, sizeof(buffer)) == 8)
		PUT(client, "N");
	PUT(client, "R\0\0\0\10\0\0\0\0");
}

static void postgres_rows(int client)
{
	static char row[11 + 0x10000] = { 'D', 0, 1, 0, 10, 0, 1, 0, 1, 0, 0 };

	postgres_begin(client);
	PUT(client, "S\0\0\0\30server_version\00015.0\0" "S\0\0\0\31client_encoding\0UTF8\0"
		    "Z\0\0\0\5I");
	heard(client);
	PUT(client, "T\0\0\0\32\0\1a\0\0\0\0\0\0\0\0\0\0\31\377\377\377\377\377\377\0\0");
	repeat(client, row, sizeof(row));
}

static void postgres_notices(int client)
{
	postgres_begin(client);
	REPEAT(client, "N\0\0\0\26SWARNING\0Mhello\0\0");
}

static void postgres_parameters(int client)
{
	char message[1 + 4 + 9 + 1000] = { 'S', 0, 0, (char)(1013 >> 8), (char)(1013 & 255) };

	postgres_begin(client);
	memset(message + 14, 'A', 999);
	for (unsigned int number = 0;; number++) {
		snprintf(message + 5, 9, "%08x", number);
		put(client, message, sizeof(message));
	}
}

// http

static void http_header(int client)
{
	heard(client);
	put_text(client, "HTTP/1.1 200 OK\r\nX: ");
	repeat_text(client, "A");
}

static void http_headers(int client)
{
	heard(client);
	put_text(client, "HTTP/1.1 200 OK\r\n");
	repeat_text(client, "X: y\r\n");
}

static void http_body(int client)
{
	heard(client);
	put_text(client, "HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n");
	repeat_text(client, "A");
}

static void chunked(int client)
{
	heard(client);
	put_text(client, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n");
}

static void http_trailers(int client)
{
	chunked(client);
	put_text(client, "0\r\n");
	repeat_text(client, "X: y\r\n");
}

static void http_extension(int client)
{
	chunked(client);
	put_text(client, "1;");
	repeat_text(client, "A");
}

static void http_informational(int client)
{
	heard(client);
	repeat_text(client, "HTTP/1.1 103 Early Hints\r\n\r\n");
}

// Puts bits in their order behind those that are there, as deflate wants them.
static unsigned int bits(uint8_t *bytes, unsigned int at, const char *text)
{
	for (; *text; text++, at++)
		bytes[at / 8] |= (*text - '0') << at % 8;
	return at;
}

static void http_gzip(int client)
{
	// A block with fixed codes, five literals of nine bits, so that the next begins with a byte;
	// then "258 bytes like the last one", of 13 bits, without end.
	uint8_t head[6] = { 0 }, unit[13] = { 0 };
	unsigned int at = bits(head, 0, "010");

	for (int i = 0; i < 5; i++)
		at = bits(head, at, "110010000");
	at = 0;
	for (int i = 0; i < 8; i++)
		at = bits(unit, at, "1100010100000");
	heard(client);
	put_text(client, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
	PUT(client, "\x1f\x8b\x08\0\0\0\0\0\0\3");
	put(client, head, sizeof(head));
	repeat(client, unit, sizeof(unit));
}

// A page of two bytes; the thread ends.
static void answer(int client, const char *page)
{
	put_text(client, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
	put_text(client, page);
	finish(client);
}

// A web server that is healthy until somebody speaks HTTP/2.
static void http2(int client)
{
	if (strncmp(heard(client), "PRI * HTTP/2.0", 14))
		answer(client, "hi");
	PUT(client, "\0\0\0\4\0\0\0\0\0");
}

static void http2_settings(int client)
{
	http2(client);
	REPEAT(client, "\0\0\0\4\0\0\0\0\0");
}

static void http2_continuation(int client)
{
	http2(client);
	PUT(client, "\0\0\2\1\0\0\0\0\1\x40\0");
	REPEAT(client, "\0\0\x10\x9\0\0\0\0\1AAAAAAAAAAAAAAAA");
}

static void http2_data(int client)
{
	static char frame[9 + 0x4000] = { 0, 0x40, 0, 0, 0, 0, 0, 0, 1 };

	http2(client);
	PUT(client, "\0\0\1\1\4\0\0\0\1\x88");
	repeat(client, frame, sizeof(frame));
}

// WebSocket; what is no handshake gets an empty page

static void websocket(int client)
{
	char *request = heard(client);

	if (!strcasestr(request, "Upgrade: websocket"))
		answer(client, "{}");
	accept_websocket(client, request);
}

static void websocket_frame(int client)
{
	websocket(client);
	PUT(client, "\x82\x7f\0\0\0\x7f\xff\xff\xff\xff");
	repeat_text(client, "A");
}

static void websocket_fragments(int client)
{
	websocket(client);
	PUT(client, "\2\1A");
	REPEAT(client, "\0\x7d" "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		       "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
}

static void websocket_messages(int client)
{
	websocket(client);
	REPEAT(client, "\x81\5hello");
}

// memcached

static void memcached_line(int client)
{
	heard(client);
	repeat_text(client, "A");
}

static void memcached_value(int client)
{
	heard(client);
	put_text(client, "VALUE beacon 0 100000000000\r\n");
	repeat_text(client, "A");
}

static void memcached_items(int client)
{
	heard(client);
	repeat_text(client, "VALUE beacon 0 5\r\nhello\r\n");
}

static void memcached_binary(int client)
{
	if ((unsigned char)*heard(client) == 0x80)
		PUT(client, "\x81\0\0\0\0\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0");
	repeat_text(client, "A");
}

// amqp

static void amqp_frame(int client)
{
	heard(client);
	PUT(client, "\1\0\0\xff\xff\xff\xf0");
	repeat_text(client, "A");
}

static void amqp_frames(int client)
{
	heard(client);
	REPEAT(client, "\x8\0\0\0\0\0\0\xce");
}

// mqtt

static void mqtt_message(int client)
{
	heard(client);
	PUT(client, "\x20\2\0\0" "\x30\xff\xff\xff\x7f\0\1a");
	repeat_text(client, "A");
}

static void mqtt_messages(int client)
{
	heard(client);
	PUT(client, "\x20\2\0\0");
	REPEAT(client, "\x30\x8\0\1ahello");
}

// zookeeper

static void zookeeper_session(int client)
{
	heard(client);
	PUT(client, "\0\0\0\x25" "\0\0\0\0" "\0\0\x75\x30" "\0\0\0\0\0\0\0\1"
		    "\0\0\0\x10" "0123456789abcdef" "\0");
}

static void zookeeper_answer(int client)
{
	zookeeper_session(client);
	PUT(client, "\x7f\xff\xff\xf0");
	repeat_text(client, "A");
}

static void zookeeper_events(int client)
{
	zookeeper_session(client);
	REPEAT(client, "\0\0\0\x1e" "\xff\xff\xff\xff" "\0\0\0\0\0\0\0\0" "\0\0\0\0"
		       "\0\0\0\3" "\0\0\0\3" "\0\0\0\2/a");
}

static void zookeeper_words(int client)
{
	heard(client);
	repeat_text(client, "Zookeeper version: 3.8\n");
}

// registry

static void registry_pages(int client)
{
	const char *content = "{\"repositories\":[\"a\"],\"name\":\"a\",\"tags\":[\"b\"]}";
	char head[256];

	heard(client);
	snprintf(head, sizeof(head),
		 "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n"
		 "Link: </v2/_catalog?last=a&n=1>; rel=\"next\"\r\n\r\n", strlen(content));
	put_text(client, head);
	put_text(client, content);
}

static void registry_redirects(int client)
{
	heard(client);
	put_text(client, "HTTP/1.1 307 Temporary Redirect\r\nLocation: /v2/\r\n"
			 "Content-Length: 100000000000\r\n\r\n");
	repeat_text(client, "A");
}

// tls

static void tls_handshake(int client)
{
	heard(client);
	// HelloRequest: a client passes over it until the ServerHello comes.
	REPEAT(client, "\x16\3\3\0\4\0\0\0\0");
}

const struct kind kinds[] = {
	{ "redis-bulk", redis_bulk },
	{ "redis-nested", redis_nested },
	{ "redis-array", redis_array },
	{ "redis-string", redis_string },
	{ "mysql-packets", mysql_packets },
	{ "mysql-rows", mysql_rows },
	{ "postgres-rows", postgres_rows },
	{ "postgres-notices", postgres_notices },
	{ "postgres-parameters", postgres_parameters },
	{ "http-header", http_header },
	{ "http-headers", http_headers },
	{ "http-body", http_body },
	{ "http-trailers", http_trailers },
	{ "http-extension", http_extension },
	{ "http-informational", http_informational },
	{ "http-gzip", http_gzip },
	{ "http2-settings", http2_settings },
	{ "http2-continuation", http2_continuation },
	{ "http2-data", http2_data },
	{ "websocket-frame", websocket_frame },
	{ "websocket-fragments", websocket_fragments },
	{ "websocket-messages", websocket_messages },
	{ "memcached-line", memcached_line },
	{ "memcached-value", memcached_value },
	{ "memcached-items", memcached_items },
	{ "memcached-binary", memcached_binary },
	{ "amqp-frame", amqp_frame },
	{ "amqp-frames", amqp_frames },
	{ "mqtt-message", mqtt_message },
	{ "mqtt-messages", mqtt_messages },
	{ "zookeeper-answer", zookeeper_answer },
	{ "zookeeper-events", zookeeper_events },
	{ "zookeeper-words", zookeeper_words },
	{ "registry-pages", registry_pages },
	{ "registry-redirects", registry_redirects },
	{ "tls-handshake", tls_handshake },
	{ NULL, NULL },
};
