#!/bin/sh
# Writes every NAME.template below the template folder to the configuration folder as NAME, environment variables filled in.
set -e

from=${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates}
to=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}
suffix=${NGINX_ENVSUBST_TEMPLATE_SUFFIX:-.template}

[ -d "$from" ] || exit 0
# Only variables that exist: $host and its like belong to nginx.
known=$(env | cut -d = -f 1 | grep -E '^[A-Za-z_][A-Za-z0-9_]*$' | grep -E -e "$NGINX_ENVSUBST_FILTER" | sed 's/.*/${&}/' | tr '\n' ' ')

find "$from" -follow -type f -name "*$suffix" | while read -r template; do
    target=$to/${template#"$from"/}
    target=${target%"$suffix"}
    mkdir -p "${target%/*}"
    envsubst "$known" <"$template" >"$target"
done
