#!/bin/sh
# The first start is a plain registry. Later a second process serves on port 5001 what the first has,
# and the one on port 5000 is its pull-through mirror.
set -e

configuration=/etc/docker/registry/config.yml

listens() {
    grep -q "00000000:1389\|0100007F:1389" /proc/net/tcp
}

if [ -d /var/lib/registry/docker ]; then
    REGISTRY_HTTP_ADDR=127.0.0.1:5001 registry serve "$configuration" &
    until listens; do sleep 0.1; done
    export REGISTRY_PROXY_REMOTEURL=http://127.0.0.1:5001
    export REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=/var/lib/registry/mirror
fi

exec /entrypoint.sh "$@"
