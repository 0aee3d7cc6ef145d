#!/bin/sh
# Runs what lies in /docker-entrypoint.d before nginx starts: *.sh as programs, *.envsh sourced, in the order of their names.
set -e

note() {
    [ -n "$NGINX_ENTRYPOINT_QUIET_LOGS" ] || echo "docker-entrypoint.sh: $*"
}

run_hook() {
    case $1 in
        *.envsh | *.sh) [ -x "$1" ] || { note "skipping $1, it is not executable"; return 0; } ;;
        *) note "skipping $1, it ends neither in .sh nor in .envsh"; return 0 ;;
    esac
    note "running $1"
    # shellcheck source=/dev/null
    case $1 in
        *.envsh) . "$1" ;;
        *.sh) "$1" ;;
    esac
}

run_hooks() {
    for hook in $(find /docker-entrypoint.d -follow -type f | sort -V); do
        run_hook "$hook"
    done
    note 'ready to start'
}

case $1 in
    nginx | nginx-debug) run_hooks ;;
esac

exec "$@"
