# SPDX-License-Identifier: Apache-2.0
"""Publication to a directory server: Debian's slapd on loopback, read back with ldapsearch."""
import os
import re
import shutil
import socket
import subprocess
import time

import pytest

import craft
from authority import CONFIG, Server, World, run
from test_publication import ENDPOINT, crl_number, lines, new_crl, wait
from test_publish import publish

SLAPD = shutil.which("slapd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
SCHEMAS = "/etc/ldap/schema"
BASE = "dc=example,dc=org"
ROOT = "cn=admin," + BASE

pytestmark = [
    pytest.mark.skipif(SLAPD is None or shutil.which("ldapsearch") is None,
                       reason="slapd and ldap-utils are not installed"),
    pytest.mark.skipif(not os.path.exists(SCHEMAS + "/core.schema"), reason="slapd has no schema"),
]

SLAPD_CONF = """\
include {schemas}/core.schema
include {schemas}/cosine.schema
include {schemas}/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCACertificateFile {ca}
TLSCertificateFile {cert}
TLSCertificateKeyFile {key}
sockbuf_max_incoming 16777216
sockbuf_max_incoming_auth 16777216
authz-regexp "gidNumber=.*cn=peercred,cn=external,cn=auth" "{root}"
database mdb
suffix "{base}"
rootdn "{root}"
rootpw "secret of the directory"
directory {folder}/db
"""


class Directory:
    def __init__(self, folder, ca, cert, key):
        self.folder = folder
        (folder / "db").mkdir(parents=True)
        (folder / "slapd.conf").write_text(SLAPD_CONF.format(
            schemas=SCHEMAS, folder=folder, ca=ca, cert=cert, key=key, base=BASE, root=ROOT))
        (folder / "password").write_text("secret of the directory\n")
        (folder / "password").chmod(0o600)
        self.port, self.tls_port = free_port(), free_port()
        self.ldapi = "ldapi://" + str(folder / "ldapi").replace("/", "%2f")
        self.ldap = "ldap://127.0.0.1:%d" % self.port
        self.ldaps = "ldaps://127.0.0.1:%d" % self.tls_port
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [SLAPD, "-d", "0", "-f", self.folder / "slapd.conf", "-h",
             "%s %s %s" % (self.ldapi, self.ldap, self.ldaps)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(self.folder / "log", "ab"))
        wait(lambda: (self.folder / "ldapi").exists() and subprocess.run(
            ["ldapwhoami", "-Q", "-H", self.ldapi, "-Y", "EXTERNAL"],
            capture_output=True).returncode == 0)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
        self.process = None

    def add(self, ldif):
        run("ldapadd", "-Q", "-H", self.ldapi, "-Y", "EXTERNAL", input=ldif.encode())

    def values(self, dn, attribute):
        """The values of an attribute, by ldapsearch into files."""
        out = self.folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        done = run("ldapsearch", "-Q", "-LLL", "-o", "ldif-wrap=no", "-tt", "-T", out, "-H", self.ldapi, "-Y", "EXTERNAL",
                   "-b", dn, "-s", "base", attribute, ok=None)
        if done.returncode == 32:
            return None
        return [open(path, "rb").read() for path in re.findall(
            r"^%s:< file://(.*)$" % re.escape(attribute), done.stdout.decode(), re.M)]

    def classes(self, dn):
        done = run("ldapsearch", "-Q", "-LLL", "-o", "ldif-wrap=no", "-H", self.ldapi, "-Y", "EXTERNAL", "-b", dn, "-s",
                   "base", "objectClass")
        return set(re.findall(r"objectClass: (\w+)", done.stdout.decode()))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ldap")
    if os.path.exists("/etc/apparmor.d/usr.sbin.slapd") and os.path.exists(
            "/sys/kernel/security/apparmor/profiles") and "slapd" in open(
                "/sys/kernel/security/apparmor/profiles").read():
        pytest.skip("AppArmor lets slapd only into its own folders")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    craft.openssl("req", "-x509", *new_key, "-keyout", folder / "ca.key", "-out", folder / "ca.crt",
                  "-subj", "/CN=CA of the directory", "-days", "10")
    craft.openssl("req", "-x509", *new_key, "-keyout", folder / "tls.key", "-out",
                  folder / "tls.crt", "-subj", "/CN=localhost", "-days", "10", "-CA",
                  folder / "ca.crt", "-CAkey", folder / "ca.key", "-addext",
                  "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE")
    d = Directory(folder / "slapd", folder / "ca.crt", folder / "tls.crt", folder / "tls.key")
    d.start()
    d.add("dn: %s\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n\n"
          "dn: ou=People,%s\nobjectClass: organizationalUnit\nou: People\n" % (BASE, BASE))
    yield d
    d.stop()


def config(directory, *targets):
    return CONFIG.replace("  certificate-path:", "  publication:\n" + "".join(
        "    - {{name: dir, kind: ldap, %s}}\n" % t for t in targets) + "  certificate-path:", 1) + (
            ENDPOINT if any("certificates" in t for t in targets) else "")


def external(directory, dn, what="crl, ca-certificate", more="create: true"):
    return 'what: [%s], url: "%s", sasl: external, dn: "%s", timeout: 3, %s' % (
        what, directory.ldapi, dn, more)


@pytest.fixture
def serve(tmp_path, directory):
    servers = []

    def make(*targets):
        server = Server(tmp_path, config(directory, *targets))
        servers.append(server)
        return server
    yield make
    for server in servers:
        server.close()


def test_a_ca(directory, serve, tmp_path):
    """RFC 4523: the entry is made, has the class pkiCA, and the newest CRL alone."""
    dn = "cn=First CA," + BASE
    server = serve(external(directory, dn))
    server.start()
    world = World(tmp_path, server)
    for _ in range(2):
        number = new_crl(world)
        wait(lambda: [crl_number(v) for v in
                      directory.values(dn, "certificateRevocationList;binary") or []] == [number])
    wait(lambda: directory.values(dn, "cACertificate;binary") == [server.ca.der])
    assert directory.classes(dn) == {"applicationProcess", "pkiCA"}
    rows = wait(lambda: [r for r in [lines(server.cmcd("publish", "-n"))]
                         if all("good" in row[2] for row in r)])
    assert len(rows[0]) == 2


def test_an_entry_that_is_there(directory, serve):
    """Without create nothing is made; an entry of another kind gets the class with create alone."""
    dn = "ou=Second CA," + BASE
    server = serve(external(directory, dn, "ca-certificate", "create: false"))
    failed, _ = lines(server.cmcd("publish", ok=1))
    assert "No such object" in failed[1] and "create: true" in failed[1]
    directory.add("dn: %s\nobjectClass: organizationalUnit\nou: Second CA\n" % dn)
    failed, _ = lines(server.cmcd("publish", ok=1))
    assert "RFC 4523" in failed[1]
    server.conf.write_text(server.conf.read_text().replace("create: false", "create: true"))
    assert lines(server.cmcd("publish"))[0][2].startswith("good")
    assert directory.classes(dn) == {"organizationalUnit", "pkiCA"}
    assert directory.values(dn, "cACertificate;binary") == [server.ca.der]


@pytest.mark.parametrize("scheme, trust, words", [
    ("ldap", True, None), ("ldaps", True, None),
    ("ldap", False, "StartTLS"), ("ldaps", False, "Can't contact LDAP server"),
])
def test_tls(directory, serve, scheme, trust, words):
    """StartTLS and ldaps with a password; a server that is not known gets no password."""
    url = getattr(directory, scheme)
    ca = directory.folder.parent / "ca.crt" if trust else "ca.crt"
    dn = "cn=%s CA,%s" % (scheme, BASE)
    server = serve('what: [ca-certificate], url: "%s", bind: "%s", password-file: %s, tls-ca: %s, '
                   'dn: "%s", create: true, timeout: 3' % (
                       url, ROOT, directory.folder / "password", ca, dn))
    if words is None:
        server.cmcd("publish")
        assert directory.values(dn, "cACertificate;binary") == [server.ca.der]
        server.cmcd("check-config")
    else:
        assert words in lines(server.cmcd("publish", ok=1))[0][1]


def test_a_wrong_password(directory, serve):
    target = ('what: [ca-certificate], url: "%s", tls: none, bind: "%s", password-file: wrong, '
              'dn: "cn=x,%s", create: true, timeout: 3' % (directory.ldap, ROOT, BASE))
    server = serve(target)
    (server.home / "wrong").write_text("guess\n")
    (server.home / "wrong").chmod(0o600)
    failed = lines(server.cmcd("publish", ok=1))[0][1]
    assert "cannot bind" in failed and "Invalid credentials" in failed and "guess" not in failed
    (server.home / "wrong").write_text("\n")
    assert "first line is empty" in lines(server.cmcd("publish", ok=1))[0][1]
    # Said plainly, and warned of.
    assert b"without TLS" in server.cmcd("check-config").stdout


def test_certificates(directory, serve, tmp_path):
    """publishCert by the method ldap: a value more, and less; others stay."""
    pattern = "cn={{cn}},ou=People," + BASE
    server = serve(external(directory, "cn=x," + BASE, "certificates",
                            'create: true, certificate-dn: "%s"' % pattern))
    server.start()
    world = World(tmp_path, server)
    one, two = world.issue("Two, keys"), world.issue("Two, keys")
    dn = "cn=Two\\, keys,ou=People," + BASE
    publish(world, one, two, args=["-m", "ldap"])
    publish(world, one, args=["-m", "ldap", "--location", directory.ldapi + "/cn=somewhere"])
    wait(lambda: sorted(directory.values(dn, "userCertificate;binary") or []) == sorted(
        [one.cert.der, two.cert.der]))
    assert directory.classes(dn) == {"device", "pkiUser"}
    publish(world, one, args=["--remove"])
    wait(lambda: directory.values(dn, "userCertificate;binary") == [two.cert.der])
    for wrong in (["-m", "web"], ["-m", "ldap", "--location", "ldap://elsewhere.example/"]):
        assert b"badRequest" in publish(world, two, args=wrong, ok=1).stderr


def test_one_certificate_holds_up_no_other(directory, serve, tmp_path):
    """Whose entry is not there is noted, and tried again by hand; the next one is published."""
    pattern = "cn={{cn}},ou=Later," + BASE
    server = serve(external(directory, "cn=x," + BASE, "certificates",
                            'create: false, certificate-dn: "%s"' % pattern))
    directory.add("dn: ou=Later,%s\nobjectClass: organizationalUnit\nou: Later\n\n"
                  "dn: cn=there,ou=Later,%s\nobjectClass: device\nobjectClass: pkiUser\ncn: there\n"
                  % (BASE, BASE))
    server.start()
    world = World(tmp_path, server)
    missing, there = world.issue("missing"), world.issue("there")
    publish(world, missing)
    publish(world, there)
    wait(lambda: directory.values("cn=there,ou=Later," + BASE, "userCertificate;binary") == [
        there.cert.der])
    wait(lambda: lines(server.cmcd("publish", "-n")) == [
        ["dir", "certificates", "due: 0 due, 1 not taken"]])
    assert "did not take 1 certificate" in server.cmcd("doctor").stdout.decode()
    directory.add("dn: cn=missing,ou=Later,%s\nobjectClass: device\nobjectClass: pkiUser\n"
                  "cn: missing\n" % BASE)
    server.cmcd("publish", "--again")
    assert directory.values("cn=missing,ou=Later," + BASE, "userCertificate;binary") == [
        missing.cert.der]
    assert lines(server.cmcd("publish", "-n")) == [
        ["dir", "certificates", "good: 0 due, 0 not taken"]]


def test_a_directory_that_is_down(directory, serve, tmp_path):
    """What came meanwhile is there when it is back."""
    dn = "cn=Down CA," + BASE
    server = serve(external(directory, dn, "crl"))
    server.start()
    world = World(tmp_path, server)
    number = new_crl(world)
    wait(lambda: directory.values(dn, "certificateRevocationList;binary"))
    directory.stop()
    try:
        number = new_crl(world)
        wait(lambda: b'"state":"failing"' in server.request("GET", "/status")[2])
    finally:
        directory.start()
    wait(lambda: [crl_number(v) for v in directory.values(
        dn, "certificateRevocationList;binary")] == [number])
    wait(lambda: b'"state":"good"' in server.request("GET", "/status")[2])
    assert sum("Can't contact" in line for line in server.log_text().splitlines()) == 1


def test_one_that_does_not_answer(serve):
    """It takes the connection, and says nothing: the time is bounded."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        server = serve('what: [ca-certificate], url: "ldap://127.0.0.1:%d", tls: none, '
                       'bind: "cn=x", password-file: ca.key, dn: "cn=x", timeout: 1'
                       % s.getsockname()[1])
        begun = time.monotonic()
        assert "failed" in lines(server.cmcd("publish", ok=1))[0][1]
        assert time.monotonic() - begun < 5


@pytest.mark.parametrize("key, value", [("dn", "not a dn"), ("bind", "=x")])
def test_names_that_are_none(serve, key, value):
    rest = {"dn": "cn=x", "bind": "cn=y"}
    rest[key] = value
    server = serve('what: [ca-certificate], url: "ldap://localhost:1", dn: "%s", bind: "%s", '
                   'password-file: ca.key' % (rest["dn"], rest["bind"]))
    assert b"is not a distinguished name" in server.cmcd("check-config", ok=1).stdout
