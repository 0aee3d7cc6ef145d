#!/bin/sh
# Writes a configuration and the root of the directory at the first start, then drops root by slapd's own options.
set -e

configuration() {
    cat <<END
dn: cn=config
objectClass: olcGlobal
cn: config
olcPidFile: /run/slapd/slapd.pid
olcTLSCertificateFile: /etc/ldap/tls/server.crt
olcTLSCertificateKeyFile: /etc/ldap/tls/server.key

dn: cn=module{0},cn=config
objectClass: olcModuleList
cn: module{0}
olcModulePath: /usr/lib/ldap
olcModuleLoad: back_mdb

dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

END
    cat /etc/ldap/schema/core.ldif
    echo
    cat /etc/ldap/schema/cosine.ldif
    echo
    cat /etc/ldap/schema/inetorgperson.ldif
    cat <<END

dn: olcDatabase={1}mdb,cn=config
objectClass: olcDatabaseConfig
objectClass: olcMdbConfig
olcDatabase: {1}mdb
olcDbDirectory: /var/lib/ldap
olcSuffix: $LDAP_SUFFIX
olcRootDN: cn=admin,$LDAP_SUFFIX
olcRootPW: $(slappasswd -s "$LDAP_ADMIN_PASSWORD")
olcDbIndex: objectClass eq
olcDbIndex: cn,uid eq
END
}

root_entry() {
    first=${LDAP_SUFFIX%%,*}
    cat <<END
dn: $LDAP_SUFFIX
objectClass: dcObject
objectClass: organization
o: ${first#*=}
dc: ${first#*=}
END
}

if [ "$1" = slapd ] && [ ! -e /etc/ldap/slapd.d/cn=config.ldif ]; then
    : "${LDAP_ADMIN_PASSWORD:?give the password of cn=admin,$LDAP_SUFFIX}"
    configuration | slapadd -n 0 -F /etc/ldap/slapd.d
    root_entry | slapadd -n 1 -F /etc/ldap/slapd.d
    [ "$(id -u)" != 0 ] || chown -R openldap:openldap /etc/ldap/slapd.d /var/lib/ldap /run/slapd
fi

exec "$@"
