#!/bin/sh
# Gives the broker's folders to its user while root; the broker drops root by itself.
set -e

if [ "$(id -u)" = 0 ] && [ -d /mosquitto ]; then
    # What is mounted read-only cannot be given away, and need not be.
    chown -R mosquitto:mosquitto /mosquitto 2>/dev/null || true
fi

exec "$@"
