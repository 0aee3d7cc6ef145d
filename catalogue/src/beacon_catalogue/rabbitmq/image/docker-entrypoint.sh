#!/bin/sh
# Gives the data to the user rabbitmq, drops root, and refuses settings that the server no longer reads.
set -e

# Variables whose meaning moved to configuration files; starting without them would surprise.
outdated='RABBITMQ_DEFAULT_PASS_FILE RABBITMQ_DEFAULT_USER_FILE RABBITMQ_VM_MEMORY_HIGH_WATERMARK
RABBITMQ_SSL_CACERTFILE RABBITMQ_SSL_CERTFILE RABBITMQ_SSL_KEYFILE RABBITMQ_SSL_VERIFY
RABBITMQ_MANAGEMENT_SSL_CACERTFILE RABBITMQ_MANAGEMENT_SSL_CERTFILE RABBITMQ_MANAGEMENT_SSL_KEYFILE'

refuse_outdated() {
    found=
    for name in $outdated; do
        ! printenv "$name" >/dev/null || found="$found $name"
    done
    [ -n "$found" ] || return 0
    echo "docker-entrypoint.sh: not read any more, use a configuration file:$found" >&2
    exit 1
}

drop_root() {
    [ "$1" != rabbitmq-server ] || find "$RABBITMQ_DATA_DIR" ! -user rabbitmq -exec chown rabbitmq {} +
    exec setpriv --reuid=rabbitmq --regid=rabbitmq --init-groups "$0" "$@"
}

case $1 in
    rabbitmq*)
        [ "$(id -u)" != 0 ] || drop_root "$@"
        refuse_outdated
        ;;
esac

# A host name with a domain needs Erlang's long names.
if [ -z "$RABBITMQ_USE_LONGNAME" ] && [ "$(hostname)" != "$(hostname -s)" ]; then
    export RABBITMQ_USE_LONGNAME=true
fi

exec "$@"
