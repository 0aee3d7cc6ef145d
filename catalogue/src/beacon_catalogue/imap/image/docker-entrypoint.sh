#!/bin/sh
# Writes the account of BEACON_IMAP_USER and BEACON_IMAP_PASSWORD down, with one message in its inbox, and
# makes a key for TLS at the first start: one in the image would be everybody's.
set -e

make_key() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 3650 -subj /CN=localhost \
        -keyout /etc/dovecot/tls.key -out /etc/dovecot/tls.crt 2>/dev/null
}

make_account() {
    printf '%s:%s\n' "$BEACON_IMAP_USER" "$BEACON_IMAP_PASSWORD" >/etc/dovecot/users
    install -d -o vmail -g vmail "/home/vmail/$BEACON_IMAP_USER" "/home/vmail/$BEACON_IMAP_USER/new"
    printf 'From: root@localhost\nTo: beacon@localhost\nSubject: welcome\n\n.A dot begins this line.\n' \
        >"/home/vmail/$BEACON_IMAP_USER/new/1.welcome.localhost"
    chown -R vmail:vmail "/home/vmail/$BEACON_IMAP_USER"
}

if [ "$1" = dovecot ]; then
    [ -e /etc/dovecot/tls.key ] || make_key
    [ -e /etc/dovecot/users ] || : >/etc/dovecot/users
    [ -z "$BEACON_IMAP_USER" ] || [ -s /etc/dovecot/users ] || make_account
fi

exec "$@"
