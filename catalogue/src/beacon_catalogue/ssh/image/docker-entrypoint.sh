#!/bin/sh
# Makes the host keys and the account of BEACON_SSH_USER and BEACON_SSH_PASSWORD, where they are missing.
set -e

ssh-keygen -A >/dev/null

if [ -n "$BEACON_SSH_USER" ] && ! id "$BEACON_SSH_USER" >/dev/null 2>&1; then
    useradd --create-home --shell /bin/bash "$BEACON_SSH_USER"
    printf '%s:%s\n' "$BEACON_SSH_USER" "$BEACON_SSH_PASSWORD" | chpasswd
fi

exec "$@"
