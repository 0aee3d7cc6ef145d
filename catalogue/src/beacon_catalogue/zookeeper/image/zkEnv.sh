# shellcheck shell=bash disable=SC2034
# Where the package's scripts find Java, its libraries and the configuration; they source this file.
ZOOCFGDIR=${ZOOCFGDIR:-/conf}
ZOOCFG=${ZOOCFG:-$ZOOCFGDIR/zoo.cfg}
ZOO_LOG_DIR=${ZOO_LOG_DIR:-/logs}
JAVA=${JAVA_HOME:+$JAVA_HOME/bin/}java
CLASSPATH=$ZOOCFGDIR:/usr/share/zookeeper/conf
# The jar of the package names most of what it needs, but not a log, servlets, or all of Netty.
for jar in zookeeper slf4j-log4j12 log4j-1.2 servlet-api netty-codec netty-resolver netty-tcnative \
    netty-transport-native-unix-common; do
    CLASSPATH=$CLASSPATH:/usr/share/java/$jar.jar
done
SERVER_JVMFLAGS="-Xmx${ZK_SERVER_HEAP:-1000}m ${SERVER_JVMFLAGS:-}"
CLIENT_JVMFLAGS="-Xmx${ZK_CLIENT_HEAP:-256}m ${CLIENT_JVMFLAGS:-}"
