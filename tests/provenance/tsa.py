# SPDX-License-Identifier: GPL-3.0-or-later
"""A time-stamping authority for tests: OpenSSL's `ts` behind a small HTTP server.

    with Authority(folder) as tsa: tsa.url, and tsa.mood = 'good' | 'garbage' | 'stale' | 'busy' | 'expired' | 'endless'
"""
import http.server
import pathlib
import subprocess
import threading

CONFIG = """
[req]
distinguished_name = name
prompt = no
[name]
CN = Test authority
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[stamper]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def openssl(*words):
    """Runs OpenSSL; what it says is of interest only when it fails."""
    subprocess.run(['openssl', *map(str, words)], check=True, capture_output=True)


class Authority:
    """The server, on a port of its own."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.mood = 'good'
        self.first = None

    def make(self, name, first, last):
        """A certificate for stamping, below the root, valid between two dates (YYYYMMDD)."""
        at = self.folder
        openssl('req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', at / f'{name}.key', '-out', at / f'{name}.csr',
                '-config', at / 'tsa.cnf', '-subj', '/CN=Test authority/O=Tests')
        (at / 'index').write_text('')
        (at / 'number').write_text('77\n')
        (at / 'ca.cnf').write_text(
            f'[ca]\ndefault_ca=a\n[a]\ndatabase={at}/index\nserial={at}/number\nnew_certs_dir={at}\npolicy=p\n'
            'default_md=sha256\n[p]\ncommonName=supplied\norganizationName=optional\n')
        # `x509` of OpenSSL 3.0 always begins now, and a stamp of the same second is outside for c2pa-ts; `ca` begins when told.
        openssl('ca', '-batch', '-notext', '-config', at / 'ca.cnf', '-cert', at / 'root.pem', '-keyfile',
                at / 'root.key', '-startdate', f'{first}000000Z', '-enddate', f'{last}000000Z', '-in',
                at / f'{name}.csr', '-out', at / f'{name}.pem', '-extfile', at / 'tsa.cnf', '-extensions', 'stamper')

    def stamp(self, question):
        """The answer to one question, in the present mood."""
        at = self.folder
        if self.mood == 'garbage':
            return b'<html>please sign in</html>'
        if self.mood == 'stale' and self.first:
            return self.first
        if self.mood == 'endless':
            return bytes(1 << 20)
        (at / 'question').write_bytes(question)
        name = 'old' if self.mood == 'expired' else 'stamper'
        openssl('ts', '-reply', '-config', at / 'tsa.cnf', '-queryfile', at / 'question', '-signer', at / f'{name}.pem',
                '-inkey', at / f'{name}.key', '-out', at / 'answer')
        answer = (at / 'answer').read_bytes()
        self.first = self.first or answer
        return answer

    def __enter__(self):
        at = self.folder
        at.mkdir(parents=True, exist_ok=True)
        (at / 'tsa.cnf').write_text(CONFIG.format(folder=at))
        (at / 'serial').write_text('1000\n')
        openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', at / 'root.key', '-out', at / 'root.pem',
                '-days', '30', '-config', at / 'tsa.cnf', '-extensions', 'root', '-subj', '/CN=Test root')
        self.make('stamper', '20200101', '21000101')
        self.make('old', '20200101', '20200102')
        authority = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """One question, one answer."""

            def do_POST(self):  # pylint: disable=invalid-name
                """A question."""
                question = self.rfile.read(int(self.headers['Content-Length']))
                right = self.headers['Content-Type'] == 'application/timestamp-query'
                answer = authority.stamp(question) if right else b''
                self.send_response(503 if authority.mood == 'busy' else 200 if right else 415)
                self.send_header('Content-Type', 'application/timestamp-reply')
                self.end_headers()
                try:
                    self.wfile.write(answer)
                except OSError:
                    pass  # the client has had enough

            def log_message(self, *words):
                """Nothing: the test's output is TAP."""

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_address[1]}/stamp'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *unused):
        self.server.shutdown()
        self.server.server_close()
