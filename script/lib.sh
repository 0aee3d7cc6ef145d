# shellcheck shell=bash
# What the scripts in this folder share; source it.

# shellcheck disable=SC2034
base_image=debian:bookworm-slim

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
    say "error: $*"
    exit 1
}

usage_error() {
    say "error: $*"
    exit 2
}

step() {
    say "$*"
    "$@"
}

have() {
    command -v "$1" >/dev/null 2>&1
}

docker_answers() {
    timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1
}

has_image() {
    docker image inspect "$1" >/dev/null 2>&1
}
