#!/bin/sh
# Lets options or a configuration file stand for "redis-server ...", gives /data to the user redis and drops root.
set -e

server_is_implied() {
    case $1 in
        -* | *.conf) return 0 ;;
        *) return 1 ;;
    esac
}

own_data() {
    find . ! -user redis -exec chown redis {} +
}

# Keeps files private unless the caller asked for another mask than the usual one.
tighten_umask() {
    [ "$(umask)" != 0022 ] || umask 0077
}

! server_is_implied "$1" || set -- redis-server "$@"

if [ "$1" = redis-server ]; then
    if [ "$(id -u)" = 0 ]; then
        own_data
        exec setpriv --reuid=redis --regid=redis --clear-groups "$0" "$@"
    fi
    tighten_umask
    shift
    # The official binary has protected mode off by default, Debian's has it on.
    case $1 in
        *.conf | -h | --help | -v | --version | --check-system | --test-memory) set -- redis-server "$@" ;;
        *) set -- redis-server --protected-mode no "$@" ;;
    esac
fi

exec "$@"
