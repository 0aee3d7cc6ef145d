#!/bin/sh
# Lets a configuration file, a subcommand or options stand for "registry ...".
set -e

is_configuration() {
    case $1 in
        *.yml | *.yaml) return 0 ;;
        *) return 1 ;;
    esac
}

is_for_registry() {
    case $1 in
        serve | garbage-collect | help | -*) return 0 ;;
        *) return 1 ;;
    esac
}

if is_configuration "$1"; then
    set -- registry serve "$@"
elif is_for_registry "$1"; then
    set -- registry "$@"
fi

exec "$@"
