#!/bin/bash
# Makes a cluster in $PGDATA on the first start, fills it from /docker-entrypoint-initdb.d, drops root and starts the server.
set -Eeuo pipefail

say() {
    printf 'docker-entrypoint.sh: %s\n' "$*"
}

die() {
    say "error: $*" >&2
    exit 1
}

# The variable $1 from itself, else from the file that $1_FILE names, else the default $2.
resolve() {
    local name=$1 file=$1_FILE value=${!1-}
    if [[ -n ${!file-} ]]; then
        [[ -z $value ]] || die "$name and $file exclude each other"
        value=$(<"${!file}")
    fi
    unset "$file"
    export "$name=${value:-${2-}}"
}

resolve_settings() {
    resolve POSTGRES_PASSWORD
    resolve POSTGRES_USER postgres
    resolve POSTGRES_DB "$POSTGRES_USER"
    resolve POSTGRES_INITDB_ARGS
    : "${POSTGRES_HOST_AUTH_METHOD:=}"
}

only_informs() {
    local argument
    for argument in "$@"; do
        case $argument in
            -\? | --help | --describe-config | -V | --version) return 0 ;;
        esac
    done
    return 1
}

# Folders that are there already, and given to somebody else, are kept where rights are missing.
prepare_folders() {
    local folder folders=("$PGDATA" /var/run/postgresql)
    [[ -z ${POSTGRES_INITDB_WALDIR-} ]] || folders+=("$POSTGRES_INITDB_WALDIR")
    mkdir -p "${folders[@]}" || :
    chmod 00700 "$PGDATA" || :
    chmod 03775 /var/run/postgresql || :
    [[ $(id -u) == 0 ]] || return 0
    for folder in "${folders[@]}"; do
        find "$folder" ! -user postgres -exec chown postgres {} +
    done
}

# initdb wants a name for its user id: `docker run -u 1234` has none.
name_this_user() {
    ! getent passwd "$(id -u)" >/dev/null || return 0
    local library
    for library in /usr/lib/*/libnss_wrapper.so; do
        [[ -s $library ]] || continue
        NSS_WRAPPER_PASSWD=$(mktemp)
        NSS_WRAPPER_GROUP=$(mktemp)
        export LD_PRELOAD=$library NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
        printf 'postgres:x:%d:%d:PostgreSQL:%s:/bin/false\n' "$(id -u)" "$(id -g)" "$PGDATA" >"$NSS_WRAPPER_PASSWD"
        printf 'postgres:x:%d:\n' "$(id -g)" >"$NSS_WRAPPER_GROUP"
        return 0
    done
}

forget_name() {
    [[ -n ${NSS_WRAPPER_PASSWD-} ]] || return 0
    rm -f "$NSS_WRAPPER_PASSWD" "$NSS_WRAPPER_GROUP"
    unset LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
}

check_password() {
    [[ -n $POSTGRES_PASSWORD || $POSTGRES_HOST_AUTH_METHOD == trust ]] ||
        die 'a new cluster needs POSTGRES_PASSWORD (or POSTGRES_HOST_AUTH_METHOD=trust, which lets everybody in)'
    [[ $POSTGRES_HOST_AUTH_METHOD != trust ]] || say 'warning: everybody who reaches the port gets in without a password' >&2
}

make_cluster() {
    local options=(--username="$POSTGRES_USER")
    [[ -z ${POSTGRES_INITDB_WALDIR-} ]] || options+=(--waldir="$POSTGRES_INITDB_WALDIR")
    name_this_user
    # Options in the variable are quoted as in a shell.
    eval "options+=($POSTGRES_INITDB_ARGS)"
    initdb "${options[@]}" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD")
    forget_name
}

let_network_in() {
    local method=$POSTGRES_HOST_AUTH_METHOD
    [[ -n $method ]] || method=$(postgres -C password_encryption "${@:2}")
    printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
}

# The server as it will be, but reached by nobody from outside.
start_privately() {
    set -- "${@:2}" -c listen_addresses= -p 5432
    NOTIFY_SOCKET='' PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -o "$(printf '%q ' "$@")" -w start
}

stop_privately() {
    PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -m fast -w stop
}

sql() {
    PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password --username "$POSTGRES_USER" "$@"
}

make_database() {
    local there
    there=$(sql --dbname postgres --set db="$POSTGRES_DB" -At <<<"select 1 from pg_database where datname = :'db'")
    [[ -n $there ]] || sql --dbname postgres --set db="$POSTGRES_DB" <<<'create database :"db"'
}

run_hook() {
    say "running $1"
    case $1 in
        *.sh)
            # shellcheck source=/dev/null
            if [[ -x $1 ]]; then "$1"; else . "$1"; fi
            ;;
        *.sql) sql --dbname "$POSTGRES_DB" -f "$1" ;;
        *.sql.gz) gunzip -c "$1" | sql --dbname "$POSTGRES_DB" ;;
        *.sql.xz) xz -dc "$1" | sql --dbname "$POSTGRES_DB" ;;
        *.sql.zst) zstd -dc "$1" | sql --dbname "$POSTGRES_DB" ;;
        *) say "leaving $1 alone: it is neither a script nor SQL" ;;
    esac
}

first_start() {
    check_password
    make_cluster
    let_network_in "$@"
    export PGPASSWORD=${PGPASSWORD-$POSTGRES_PASSWORD}
    start_privately "$@"
    make_database
    local hook
    for hook in /docker-entrypoint-initdb.d/*; do
        [[ ! -e $hook ]] || run_hook "$hook"
    done
    stop_privately
    unset PGPASSWORD
    say 'the cluster is made'
}

main() {
    [[ ${1-} != -* ]] || set -- postgres "$@"
    if [[ ${1-} == postgres ]] && ! only_informs "$@"; then
        resolve_settings
        prepare_folders
        if [[ $(id -u) == 0 ]]; then
            HOME=/var/lib/postgresql exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
        fi
        if [[ -s $PGDATA/PG_VERSION ]]; then
            say 'there is a cluster already: nothing is initialised'
        else
            first_start "$@"
        fi
    fi
    exec "$@"
}

main "$@"
