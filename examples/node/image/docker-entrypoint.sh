#!/bin/sh
# Gives to node what is no command: options, names of scripts, and files that cannot be executed.
set -e

is_command() {
    case $1 in
        -*) return 1 ;;
    esac
    [ -n "$(command -v "$1")" ] || return 1
    [ ! -f "$1" ] || [ -x "$1" ]
}

is_command "$1" || set -- node "$@"

exec "$@"
