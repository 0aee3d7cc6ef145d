#!/bin/bash
# Makes a database on the first start, fills it from /docker-entrypoint-initdb.d, drops root and starts the server.
set -Eeuo pipefail

say() {
    printf 'docker-entrypoint.sh: %s\n' "$*"
}

die() {
    say "error: $*" >&2
    exit 1
}

# The variable MARIADB_$1: from itself, the file that MARIADB_$1_FILE names, or the same two of MYSQL_$1; else the default $2.
resolve() {
    local value='' name file
    for name in "MARIADB_$1" "MYSQL_$1"; do
        file=${name}_FILE
        if [[ -n ${!file-} ]]; then
            [[ -z ${!name-} ]] || die "$name and $file exclude each other"
            [[ -n $value ]] || value=$(<"${!file}")
        fi
        [[ -n $value ]] || value=${!name-}
        unset "$file"
    done
    export "MARIADB_$1=${value:-${2-}}"
}

resolve_settings() {
    resolve ROOT_HOST %
    local name
    for name in ROOT_PASSWORD ROOT_PASSWORD_HASH ALLOW_EMPTY_ROOT_PASSWORD RANDOM_ROOT_PASSWORD DATABASE \
        USER PASSWORD PASSWORD_HASH REPLICATION_USER REPLICATION_PASSWORD MASTER_HOST MASTER_PORT \
        INITDB_SKIP_TZINFO AUTO_UPGRADE; do
        resolve "$name"
    done
}

only_informs() {
    local argument
    for argument in "$@"; do
        case $argument in
            -\? | --help | -V | --version) return 0 ;;
        esac
    done
    return 1
}

# What the server would take for the setting $1, given its command line.
setting() {
    local name=$1 settings
    shift
    settings=$("$@" --log-bin-index="$(mktemp -u)" --verbose --help 2>/dev/null) || return 1
    awk -v start="$name " 'index($0, start) == 1 { print $2; exit }' <<<"$settings"
}

locate() {
    DATA=$(setting datadir "$@") || die "the server does not accept its configuration: $("$@" --verbose --help 2>&1 >/dev/null | tail -n 3)"
    SOCKET=$(setting socket "$@")
}

prepare_folders() {
    mkdir -p "$DATA" "${SOCKET%/*}"
    [[ $(id -u) == 0 ]] || return 0
    find "$DATA" "${SOCKET%/*}" ! -user mysql -exec chown mysql {} +
}

check_root_password() {
    [[ -n $MARIADB_ROOT_PASSWORD$MARIADB_ROOT_PASSWORD_HASH$MARIADB_ALLOW_EMPTY_ROOT_PASSWORD$MARIADB_RANDOM_ROOT_PASSWORD ]] ||
        die 'a new database needs one of MARIADB_ROOT_PASSWORD, MARIADB_ROOT_PASSWORD_HASH, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD, MARIADB_RANDOM_ROOT_PASSWORD'
    [[ -n $MARIADB_RANDOM_ROOT_PASSWORD ]] || return 0
    MARIADB_ROOT_PASSWORD=$(head -c 24 /dev/urandom | base64)
    say "the random password of root is $MARIADB_ROOT_PASSWORD"
}

make_files() {
    local own=()
    [[ $(id -u) != 0 ]] || own=(--user=mysql)
    mariadb-install-db "${own[@]}" --datadir="$DATA" --auth-root-authentication-method=normal --skip-test-db \
        --skip-log-bin --rpm "${@:2}" >/dev/null
}

sql() {
    mariadb --no-defaults --protocol=socket --socket="$SOCKET" --user=root --default-character-set=utf8mb4 "$@"
}

answers() {
    sql "$@" -e 'select 1' >/dev/null 2>&1
}

# The server as it will be, but reached by nobody from outside.
start_privately() {
    "$@" --skip-networking --socket="$SOCKET" --default-time-zone=SYSTEM --wsrep-on=OFF --skip-slave-start &
    SERVER=$!
    local attempt
    for attempt in {1..600}; do
        ! answers || return 0
        kill -0 "$SERVER" 2>/dev/null || break
        sleep 0.1
    done
    die 'the server did not start for its initialisation'
}

stop_privately() {
    kill "$SERVER"
    wait "$SERVER"
}

text() {
    local value=${1//\\/\\\\}
    printf "'%s'" "${value//\'/\'\'}"
}

name() {
    printf '`%s`' "${1//\`/\`\`}"
}

# $1: a password, $2: its hash.
identified() {
    if [[ -n $2 ]]; then
        printf 'IDENTIFIED BY PASSWORD %s' "$(text "$2")"
    else
        printf 'IDENTIFIED BY %s' "$(text "$1")"
    fi
}

user_statements() {
    [[ -z $MARIADB_DATABASE ]] || printf 'CREATE DATABASE IF NOT EXISTS %s;\n' "$(name "$MARIADB_DATABASE")"
    [[ -n $MARIADB_USER && -n $MARIADB_PASSWORD$MARIADB_PASSWORD_HASH ]] || return 0
    printf "CREATE USER %s@'%%' %s;\n" "$(text "$MARIADB_USER")" "$(identified "$MARIADB_PASSWORD" "$MARIADB_PASSWORD_HASH")"
    [[ -z $MARIADB_DATABASE ]] ||
        printf "GRANT ALL ON %s.* TO %s@'%%';\n" "$(name "${MARIADB_DATABASE//_/\\_}")" "$(text "$MARIADB_USER")"
}

replication_statements() {
    local user password
    user=$(text "$MARIADB_REPLICATION_USER") password=$(text "$MARIADB_REPLICATION_PASSWORD")
    [[ -n $MARIADB_REPLICATION_USER ]] || return 0
    if [[ -z $MARIADB_MASTER_HOST ]]; then
        printf "CREATE USER %s@'%%' IDENTIFIED BY %s;\nGRANT REPLICATION SLAVE ON *.* TO %s@'%%';\n" "$user" "$password" "$user"
    else
        printf "CHANGE MASTER TO MASTER_HOST=%s, MASTER_PORT=%d, MASTER_USER=%s, MASTER_PASSWORD=%s;\n" \
            "$(text "$MARIADB_MASTER_HOST")" "${MARIADB_MASTER_PORT:-3306}" "$user" "$password"
    fi
}

# Last, since these take away what this script has got in by.
root_statements() {
    local secret host
    secret=$(identified "$MARIADB_ROOT_PASSWORD" "$MARIADB_ROOT_PASSWORD_HASH") host=$(text "$MARIADB_ROOT_HOST")
    if [[ $MARIADB_ROOT_HOST != localhost ]]; then
        printf 'CREATE USER root@%s %s;\nGRANT ALL ON *.* TO root@%s WITH GRANT OPTION;\n' "$host" "$secret" "$host"
        printf "GRANT PROXY ON ''@'%%' TO root@%s WITH GRANT OPTION;\n" "$host"
    fi
    # mariadb-install-db also makes these, without a password.
    printf "DROP USER IF EXISTS root@%s, root@'127.0.0.1', root@'::1';\n" "$(text "$HOSTNAME")"
    printf 'ALTER USER root@localhost %s;\n' "$secret"
}

load_time_zones() {
    [[ -z $MARIADB_INITDB_SKIP_TZINFO ]] || return 0
    { echo 'SET SESSION sql_log_bin = 0;' && mariadb-tzinfo-to-sql /usr/share/zoneinfo 2>/dev/null; } | sql mysql
}

run_hook() {
    local database=()
    [[ -z $MARIADB_DATABASE ]] || database=("$MARIADB_DATABASE")
    say "running $1"
    case $1 in
        *.sh)
            # shellcheck source=/dev/null
            if [[ -x $1 ]]; then "$1"; else . "$1"; fi
            ;;
        *.sql) sql "${database[@]}" <"$1" ;;
        *.sql.gz) gunzip -c "$1" | sql "${database[@]}" ;;
        *.sql.xz) xz -dc "$1" | sql "${database[@]}" ;;
        *.sql.zst) zstd -dc "$1" | sql "${database[@]}" ;;
        *) say "leaving $1 alone: it is neither a script nor SQL" ;;
    esac
}

first_start() {
    check_root_password
    make_files "$@"
    start_privately "$@"
    load_time_zones
    { echo 'SET SESSION sql_log_bin = 0;' && user_statements && replication_statements; } | sql
    local hook
    for hook in /docker-entrypoint-initdb.d/*; do
        [[ ! -e $hook ]] || run_hook "$hook"
    done
    { echo 'SET SESSION sql_log_bin = 0;' && root_statements; } | sql
    stop_privately
    say 'the database is made'
}

upgrade() {
    say 'bringing the system tables to the version of this server'
    start_privately "$@" --skip-grant-tables
    mariadb-upgrade --no-defaults --socket="$SOCKET" --user=root
    stop_privately
}

main() {
    [[ ${1-} != -* ]] || set -- mariadbd "$@"
    if [[ ${1-} == mariadbd || ${1-} == mysqld ]] && ! only_informs "$@"; then
        resolve_settings
        locate "$@"
        prepare_folders
        if [[ $(id -u) == 0 ]]; then
            HOME=/home/mysql exec setpriv --reuid=mysql --regid=mysql --init-groups "$0" "$@"
        fi
        if [[ ! -d $DATA/mysql ]]; then
            first_start "$@"
        elif [[ -n $MARIADB_AUTO_UPGRADE ]]; then
            upgrade "$@"
        fi
    fi
    exec "$@"
}

main "$@"
