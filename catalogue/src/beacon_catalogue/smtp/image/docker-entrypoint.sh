#!/bin/sh
# Makes a key for TLS at the first start: one in the image would be everybody's.
set -e

if [ "$1" = postfix ] && [ ! -e /etc/postfix/tls.key ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 3650 -subj /CN=localhost \
        -keyout /etc/postfix/tls.key -out /etc/postfix/tls.crt 2>/dev/null
fi

exec "$@"
