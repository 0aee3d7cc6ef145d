#!/bin/sh
# Lets options stand for "haproxy ...", and has a master process in the foreground look after the workers.
set -e

case $1 in
    -*) set -- haproxy "$@" ;;
esac

if [ "$1" = haproxy ]; then
    shift
    set -- haproxy -W -db "$@"
fi

exec "$@"
