#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs sign_exports with a time-stamping authority and a creator's own certificate (root, issuer, leaf).

usage: sign_exports.py SIGN_EXPORTS FOLDER: leaves the exports there, and anchors.pem, the roots that they go back to."""
import pathlib
import subprocess
import sys

from tsa import Authority, openssl

PROFILES = """
[req]
distinguished_name = name
prompt = no
[name]
CN = unused
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[issuer]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = 1.3.6.1.5.5.7.3.36
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
"""


def make_chain(at):
    """own.pem (leaf and issuer), own.key and own-root.pem in the folder."""
    (at / 'own.cnf').write_text(PROFILES)

    def certify(name, title, issuer):
        key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', at / f'{name}.key']
        if not issuer:
            openssl('req', '-x509', *key, '-out', at / f'{name}.pem', '-days', '30', '-config', at / 'own.cnf',
                    '-extensions', 'root', '-subj', f'/CN={title}')
            return
        openssl('req', '-new', *key, '-out', at / f'{name}.csr', '-config', at / 'own.cnf', '-subj', f'/CN={title}/O=Tests')
        openssl('x509', '-req', '-in', at / f'{name}.csr', '-CA', at / f'{issuer}.pem', '-CAkey', at / f'{issuer}.key',
                '-CAcreateserial', '-days', '20', '-out', at / f'{name}.pem', '-extfile', at / 'own.cnf',
                '-extensions', 'leaf' if name == 'leaf' else 'issuer')

    certify('own-root', 'Authority of creators', None)
    certify('issuer', 'Issuer to creators', 'own-root')
    certify('leaf', 'A creator of films', 'issuer')
    (at / 'own.pem').write_text((at / 'leaf.pem').read_text() + (at / 'issuer.pem').read_text())
    (at / 'leaf.key').rename(at / 'own.key')  # mode 0600, as openssl made it


def main():
    """Exit status of sign_exports."""
    folder = pathlib.Path(sys.argv[2]).resolve()
    keys = folder / 'keys'
    keys.mkdir(parents=True)
    make_chain(keys)
    with Authority(folder / 'tsa') as tsa:
        done = subprocess.run([sys.argv[1], folder, keys / 'own.pem', keys / 'own.key', tsa.url], check=False)
    if done.returncode == 0:
        home = folder / 'home' / 'rushes' / 'identity' / 'root.pem'
        (folder / 'anchors.pem').write_text(home.read_text() + (keys / 'own-root.pem').read_text())
    return done.returncode


if __name__ == '__main__':
    sys.exit(main())
