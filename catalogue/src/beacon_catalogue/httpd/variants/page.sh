#!/bin/sh
# A page made by a program. What was sent is read to its end: a server may wait for that.
count=$(wc -c)
printf 'Content-Type: text/plain\r\n\r\n'
echo "$GATEWAY_INTERFACE answers"
[ "$REQUEST_METHOD" != POST ] || echo "$count bytes were sent"
