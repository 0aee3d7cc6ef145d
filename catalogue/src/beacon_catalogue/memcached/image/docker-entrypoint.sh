#!/bin/sh
# Lets options stand for "memcached ...".
set -e

case $1 in
    -*) set -- memcached "$@" ;;
esac

exec "$@"
