#!/bin/bash
# Drops root, writes zoo.cfg from the ZOO_* variables unless there is one, and the id of this server.
set -e

own_directories() {
    chown -R zookeeper "$ZOO_DATA_DIR" "$ZOO_DATA_LOG_DIR" "$ZOO_LOG_DIR"
}

# Words of a list variable, one a line; a pattern in it is no file name.
words() {
    local list
    read -r -d '' -a list <<<"$1" || true
    ((${#list[@]} == 0)) || printf '%s\n' "${list[@]}"
}

settings() {
    cat <<END
dataDir=$ZOO_DATA_DIR
dataLogDir=$ZOO_DATA_LOG_DIR
tickTime=$ZOO_TICK_TIME
initLimit=$ZOO_INIT_LIMIT
syncLimit=$ZOO_SYNC_LIMIT
autopurge.snapRetainCount=$ZOO_AUTOPURGE_SNAPRETAINCOUNT
autopurge.purgeInterval=$ZOO_AUTOPURGE_PURGEINTERVAL
maxClientCnxns=$ZOO_MAX_CLIENT_CNXNS
standaloneEnabled=$ZOO_STANDALONE_ENABLED
admin.enableServer=$ZOO_ADMINSERVER_ENABLED
END
    words "${ZOO_SERVERS:-server.1=localhost:2888:3888;2181}"
    [[ -z $ZOO_4LW_COMMANDS_WHITELIST ]] || echo "4lw.commands.whitelist=$ZOO_4LW_COMMANDS_WHITELIST"
    words "$ZOO_CFG_EXTRA"
}

if [[ $1 == zkServer.sh && $(id -u) == 0 ]]; then
    own_directories
    exec setpriv --reuid=zookeeper --regid=zookeeper --init-groups "$0" "$@"
fi

[[ -f $ZOO_CONF_DIR/zoo.cfg ]] || settings >"$ZOO_CONF_DIR/zoo.cfg"
[[ -f $ZOO_DATA_DIR/myid ]] || echo "${ZOO_MY_ID:-1}" >"$ZOO_DATA_DIR/myid"

export SERVER_JVMFLAGS="$SERVER_JVMFLAGS -Dzookeeper.log.appender=$ZOO_LOG_APPENDER -Dzookeeper.log.level=$ZOO_LOG_LEVEL"

exec "$@"
