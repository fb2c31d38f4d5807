# SPDX-License-Identifier: Apache-2.0
"""What functional and interop tests share: an authority made by cmcd init, cmcd serving it on free ports,
people with keys and certificates, and the programs by name."""
import collections
import http.client
import os
import pathlib
import signal
import socket
import sqlite3
import ssl
import subprocess
import time

import pytest

import craft

BUILD = pathlib.Path(os.environ["CHANCERY_BUILD"])
CMC = str(BUILD / "src" / "tool" / "cmc")
CMCD = str(BUILD / "src" / "server" / "cmcd")
START_SECONDS = 20
CMC_REQUEST = "application/pkcs7-mime; smime-type=CMC-request"

Counts = collections.namedtuple("Counts", "certs revoked audits")


class Person(collections.namedtuple("Person", "name key pem cert")):
    """A name, a private key file, a certificate file, and the certificate taken apart."""
    issuer = property(lambda self: self.cert.issuer)
    serial_der = property(lambda self: self.cert.serial_der)


CONFIG = """\
database: {database}
workers: 2
log: {{level: info}}
status: /status
limits: {{message: 262144}}
authority:
  certificate: {ca}
  key: {ca_key}
  crl: {{path: /ca.crl, url: "http://crl.example/ca.crl", hours: 24}}
  certificate-path: /ca.crt
  chain-path: /ca.p7c
responder: {{certificate: {responder}, key: {responder_key}}}
listen:
  - {{address: 127.0.0.1, port: 0}}
  - address: 127.0.0.1
    port: 0
    tls: {{certificate: {tls}, key: {tls_key}, client: optional}}
profiles:
  - name: client
    days: 90
    extensions:
      - {{name: basicConstraints, value: "critical,CA:FALSE"}}
      - {{name: keyUsage, value: "critical,digitalSignature,keyEncipherment,keyAgreement"}}
      - {{name: extendedKeyUsage, value: "clientAuth,serverAuth"}}
    from-request: [subjectAltName]
  - name: p256
    days: 90
    keys: ["ec:P-256"]
    other-extensions: refuse
endpoints:
  - {{path: /cmc, accept: [cmc, pkcs10], answer: [cmc, certs-only, certs-only-chain, pkix-cert],
     profile: client, officer: required, renewal: true, same-key: false, revoke: {{allow: true}}}}
  - {{path: /chain, accept: [cmc, pkcs10], answer: [certs-only-chain], profile: client,
     officer: required}}
  - {{path: /samekey, accept: [cmc], answer: [cmc], profile: client, officer: required,
     renewal: true, same-key: true}}
  - {{path: /norenewal, accept: [cmc], answer: [cmc], profile: client, officer: required,
     renewal: false}}
  - {{path: /norevoke, accept: [cmc], answer: [cmc], profile: client, officer: required,
     revoke: {{allow: false}}}}
  - {{path: /atomic, accept: [cmc], answer: [cmc], profile: client, officer: required,
     revoke: {{allow: true, atomic: true}}}}
  - {{path: /cmconly, accept: [cmc], answer: [cmc], profile: client, officer: required}}
  - {{path: /pkcs10, accept: [pkcs10], answer: [certs-only, pkix-cert], profile: client,
     officer: required}}
  - {{path: /open, accept: [pkcs10, cmc], answer: [certs-only, certs-only-chain, pkix-cert, cmc],
     profile: client, officer: optional}}
  - {{path: /p256, accept: [cmc], answer: [cmc], profile: p256, officer: required}}
  - {{path: /v1, accept: [cmc], answer: [cmc], profile: client, officer: required, status-v1: true,
     revoke: {{allow: true}}}}
  - path: /nexus
    accept: [cmc]
    answer: [cmc]
    profile: client
    officer: required
    revoke:
      allow: true
      max: 1
      reasons: [unspecified, keyCompromise, affiliationChanged, superseded, cessationOfOperation]
      mandatory-fields-only: true
"""


def run(*args, ok=True, **kw):
    """Run a program; its standard output as text. ok: the exit status that is right."""
    if "input" not in kw:
        kw.setdefault("stdin", subprocess.DEVNULL)  # a terminal would be asked
    done = subprocess.run([str(a) for a in args], capture_output=True, timeout=60, **kw)
    expected = 0 if ok is True else ok
    assert ok is None or done.returncode == expected, "%s: exit %d\n%s%s" % (
        " ".join(map(str, args)), done.returncode, done.stdout.decode(errors="replace"),
        done.stderr.decode(errors="replace"))
    return done


class Server:
    """An authority in a folder of its own, and cmcd serving it."""

    def __init__(self, folder, config=CONFIG):
        self.folder = folder
        self.process = None
        self.env = None  # of cmcd, where it is not ours
        self.log = open(folder / "log", "ab")
        self.home = folder / "ca"
        run(CMCD, "init", self.home)
        self.ca_pem = self.home / "ca.crt"
        self.ca_key = self.home / "ca.key"
        self.database = self.home / "chancery.db"
        self.conf = self.home / "test.yaml"
        self.conf.write_text(config.format(
            database=self.database, ca="ca.crt", ca_key="ca.key", responder="responder.crt",
            responder_key="responder.key", tls="tls.crt", tls_key="tls.key"))
        self.ca = craft.Cert(craft.pem_to_der(self.ca_pem))
        self.ca_path = "/ca.crt"
        self.ports = self.folder / "ports"

    # -- running

    def start(self):
        if self.ports.exists():
            self.ports.unlink()
        self.process = subprocess.Popen([CMCD, "serve", "-c", self.conf, "--port-file", self.ports],
                                        stdout=self.log, stderr=self.log, env=self.env)
        give_up = time.monotonic() + START_SECONDS
        while not self.ports.exists() or not self.ports.read_text().endswith("tls\n"):
            assert self.process.poll() is None, "cmcd ended:\n" + self.log_text()
            assert time.monotonic() < give_up, "cmcd does not serve:\n" + self.log_text()
            time.sleep(0.01)
        ports = {kind: int(port) for _, port, kind in
                 (line.split() for line in self.ports.read_text().splitlines())}
        self.port, self.tls_port = ports["plain"], ports["tls"]
        self.url = "http://127.0.0.1:%d" % self.port
        self.tls_url = "https://127.0.0.1:%d" % self.tls_port

    def stop(self):
        """SIGTERM, and how long it took; the exit status must be 0."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=30) == 0, self.log_text()
        self.process = None
        return time.monotonic() - begun

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self.log.close()

    def log_text(self):
        self.log.flush()
        return (self.folder / "log").read_text(errors="replace")[-4000:]

    def cmcd(self, *args, **kw):
        return run(CMCD, *args, "-c", self.conf, env=self.env, **kw)

    # -- asking

    def request(self, method, path, body=None, type=None, headers=None, tls=None):
        """One HTTP request: (status, headers by lower-case name, body). tls: a Person."""
        if tls is not None:
            context = ssl.create_default_context(cafile=str(self.ca_pem))
            context.check_hostname = False
            context.load_cert_chain(str(tls.pem), str(tls.key))
            link = http.client.HTTPSConnection("127.0.0.1", self.tls_port, timeout=20,
                                               context=context)
        else:
            link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = dict(headers or {})
        if type is not None:
            headers["Content-Type"] = type
        try:
            try:
                link.request(method, path, body, headers)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before the whole body was sent: the answer is there all the same
            answer = link.getresponse()
            return (answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            link.close()

    def post(self, path, body, type=CMC_REQUEST, **kw):
        """A POST that must succeed; (headers, body)."""
        status, headers, answer = self.request("POST", path, body, type, **kw)
        assert status == 200, (status, answer[:500])
        return headers, answer

    # -- looking behind

    def counts(self):
        db = sqlite3.connect("file:%s?mode=ro" % self.database, uri=True)
        try:
            return Counts(*[db.execute(q).fetchone()[0] for q in (
                "SELECT count(*) FROM cert", "SELECT count(*) FROM cert WHERE state <> 0",
                "SELECT count(*) FROM audit")])
        finally:
            db.close()

    def audit_verify(self):
        self.cmcd("audit", "verify")

    def crl(self, path):
        """The CRL as a PEM file at path; openssl has checked its signature."""
        der = self.request("GET", "/ca.crl")[2]
        pem = craft.openssl("crl", "-inform", "DER", "-CAfile", self.ca_pem, data=der)
        pathlib.Path(path).write_bytes(pem)
        return path

    def openssl_verify(self, pem, folder):
        """What openssl verify -crl_check says of a certificate now: (accepted, its words)."""
        crl = self.crl(folder / "now.crl")
        done = subprocess.run(["openssl", "verify", "-crl_check", "-CAfile", str(self.ca_pem),
                               "-CRLfile", str(crl), str(pem)], capture_output=True, text=True)
        return done.returncode == 0, done.stdout + done.stderr


class World:
    """A server with people around it. Certificates are asked for with messages made by craft."""

    def __init__(self, folder, server):
        self.folder, self.server = folder, server
        self.n = 0
        self.keys = {}
        home = server.home
        self.officer = self.person("officer", home / "officer.key", home / "officer.crt")

    @staticmethod
    def person(name, key, pem):
        return Person(name, key, pem, craft.Cert(craft.pem_to_der(pem)))

    def key_of(self, kind):
        if kind not in self.keys:
            self.keys[kind] = craft.new_key(self.folder / (kind + ".key"), kind)
        return self.keys[kind]

    @property
    def key(self):
        return self.key_of("ec")

    @property
    def csr(self):
        if not hasattr(self, "csr_"):
            self.csr_ = craft.csr(self.key)
        return self.csr_

    def fresh(self, suffix):
        self.n += 1
        return self.folder / ("%d.%s" % (self.n, suffix))

    def save(self, name, key, der):
        pem = self.fresh("crt")
        pem.write_bytes(craft.openssl("x509", "-inform", "DER", data=der))
        return Person(name, key, pem, craft.Cert(der))

    def issue(self, cn, path="/cmc", key=None, **how):
        """A new certificate with a new key, enrolled by the officer."""
        key = craft.new_key(self.fresh("key")) if key is None else key
        body = craft.pkidata([craft.transaction_id(1, self.n + 1), craft.sender_nonce(2)],
                             [craft.tcr(10, craft.csr(key, cn, **how))])
        _, answer = self.server.post(path, craft.message(body, self.officer.cert,
                                                         self.officer.key))
        got = craft.Answer(answer)
        mine = [c for c in got.certs if c.spki == craft.public_key(key)]
        assert len(mine) == 1, got.statuses
        return self.save(cn, key, mine[0].der)

    def register(self, person, roles):
        self.server.cmcd("officer", "add", person.name, "--cert", person.pem, "--roles", roles)
        return person

    def revoke(self, person, reason=1, path="/cmc"):
        body = craft.pkidata([craft.transaction_id(1), craft.sender_nonce(2), craft.revoke_request(
            10, person.cert.issuer, person.cert.serial_der, reason)])
        _, answer = self.server.post(path, craft.message(body, self.officer.cert,
                                                         self.officer.key))
        return craft.Answer(answer)

    # -- people, made when they are first asked for

    def once(self, name, make):
        if name not in self.__dict__:
            self.__dict__[name] = make()
        return self.__dict__[name]

    def __getattr__(self, name):
        makers = {
            "holder": lambda: self.issue("holder"),
            "victim": lambda: self.issue("victim"),
            "enroller": lambda: self.register(self.issue("enroller"), "enroll"),
            "revoker": lambda: self.register(self.issue("revoker"), "revoke"),
            "dead": self.make_dead, "revoked": self.make_revoked, "expired": self.make_expired,
            "stranger": self.make_stranger,
        }
        if name not in makers:
            raise AttributeError(name)
        return self.once(name, makers[name])

    def make_dead(self):
        person = self.issue("dead")
        assert self.revoke(person, 4).statuses[0][0] == "success"
        return person

    def make_revoked(self):
        person = self.register(self.issue("revoked officer"), "enroll,revoke")
        assert self.revoke(person).statuses[0][0] == "success"
        return person

    def make_expired(self):
        """Registered while it was valid, and then waited for. The CA's key signs by openssl."""
        key = craft.new_key(self.fresh("key"))
        cert, index = self.fresh("crt"), self.fresh("index")
        index.write_text("")
        config = self.fresh("cnf")
        config.write_text("[ca]\ndefault_ca=c\n[c]\ndatabase=%s\nserial=%s.serial\nnew_certs_dir=%s\n"
                          "default_md=sha256\npolicy=p\nemail_in_dn=no\n[p]\ncommonName=supplied\n"
                          % (index, index, self.folder))
        pathlib.Path("%s.serial" % index).write_text("1234567890ABCDEF\n")
        request = self.fresh("csr")
        craft.openssl("req", "-new", "-key", key, "-subj", "/CN=expired officer", "-out", request)
        end = time.time() + 3
        craft.openssl("ca", "-batch", "-config", config, "-cert", self.server.ca_pem, "-keyfile",
                      self.server.ca_key, "-in", request, "-out", cert, "-notext", "-startdate",
                      "20250101000000Z", "-enddate",
                      time.strftime("%Y%m%d%H%M%SZ", time.gmtime(end)))
        person = self.register(self.person("expired", key, cert), "enroll,revoke")
        time.sleep(max(0, end + 1.2 - time.time()))
        return person

    def make_stranger(self):
        key, pem = craft.new_key(self.fresh("key")), self.fresh("crt")
        craft.openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=stranger", "-days", "9",
                      "-out", pem)
        return self.person("stranger", key, pem)

    def doomed(self):
        """A certificate to be revoked by the caller; also last_doomed."""
        self.last_doomed = self.issue("doomed %d" % self.n).cert
        return self.last_doomed


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cmcd")


@pytest.fixture(scope="module")
def server(folder):
    s = Server(folder)
    s.start()
    yield s
    ended = s.process.poll() is not None
    s.close()
    assert not ended, "cmcd ended during the tests:\n" + s.log_text()


@pytest.fixture(scope="module")
def world(folder, server):
    return World(folder, server)
