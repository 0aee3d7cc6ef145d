#!/bin/sh
# Makes the account of BEACON_FTP_USER and BEACON_FTP_PASSWORD, and a key for TLS where the configuration wants one.
set -e

make_account() {
    useradd --create-home --shell /bin/sh "$BEACON_FTP_USER"
    printf '%s:%s\n' "$BEACON_FTP_USER" "$BEACON_FTP_PASSWORD" | chpasswd
}

make_key() {
    openssl req -x509 -newkey rsa:2048 -noenc -days 3650 -subj /CN=localhost \
        -keyout /etc/vsftpd.key -out /etc/vsftpd.crt 2>/dev/null
}

if [ "$1" = vsftpd ]; then
    [ -z "$BEACON_FTP_USER" ] || id "$BEACON_FTP_USER" >/dev/null 2>&1 || make_account
    case "$*" in
        *ssl_enable=YES*) [ -e /etc/vsftpd.key ] || make_key ;;
    esac
fi

exec "$@"
