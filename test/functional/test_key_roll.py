# SPDX-License-Identifier: Apache-2.0
"""A CA gets a new key under its old name, without a stop: the new one issues, and for what the old
one issued there are CRLs and OCSP answers as before."""
import re
import sqlite3
import subprocess
import time

import pytest

import craft
from authority import CMCD, CONFIG, Server, World, run
from der import ctx, seq
from test_reload import Load, WAIT_SECONDS, change, messages_of, records, reload

OCSP = "ocsp: {path: /ocsp, certificate: ocsp.crt, key: ocsp.key}\n"
OLD = """\
  certificate: ca.crt
  key: ca.key
  crl: {path: /ca.crl, url: "http://crl.example/ca.crl", hours: 24}
"""
NEW = """\
  certificate: new.crt
  key: new.key
  crl: {path: /new.crl, url: "http://crl.example/new.crl", hours: 24}
  previous:
    - certificate: ca.crt
      key: ca.key
      crl: {path: /ca.crl, url: "http://crl.example/ca.crl", hours: 24}
      certificate-path: /old.crt
      ocsp: {certificate: ocsp.crt, key: ocsp.key}
"""
NEW_OCSP = OCSP.replace("ocsp.crt", "new-ocsp.crt").replace("ocsp.key", "new-ocsp.key")
CA_EXTENSIONS = """\
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
"""


def make_new_key(home, folder):
    """A self-signed certificate of the same name with a new key, and who signs OCSP for it."""
    extensions = folder / "ca.ext"
    extensions.write_text(CA_EXTENSIONS)
    craft.new_key(home / "new.key")
    craft.openssl("x509", "-in", home / "ca.crt", "-signkey", home / "new.key", "-clrext",
                  "-extfile", extensions, "-days", "3000", "-set_serial", "99", "-out",
                  home / "new.crt")
    craft.new_key(home / "new-ocsp.key")
    request = folder / "ocsp.csr"
    craft.openssl("req", "-new", "-key", home / "new-ocsp.key", "-subj", "/CN=OCSP two", "-out",
                  request)
    extensions = folder / "ocsp.ext"
    extensions.write_text("extendedKeyUsage=OCSPSigning\n")
    craft.openssl("x509", "-req", "-in", request, "-CA", home / "new.crt", "-CAkey",
                  home / "new.key", "-set_serial", "100", "-days", "90", "-extfile", extensions,
                  "-out", home / "new-ocsp.crt")


@pytest.fixture
def world(tmp_path):
    server = Server(tmp_path, CONFIG.replace(
        "listen:", OCSP.replace("{", "{{").replace("}", "}}") + "listen:", 1))
    make_new_key(server.home, tmp_path)
    server.new_pem = server.home / "new.crt"
    server.start()
    yield World(tmp_path, server)
    server.close()


def roll(server):
    change(server, OLD, NEW)
    change(server, OCSP, NEW_OCSP)
    assert reload(server) == "success"


def ocsp(world, person, ca):
    done = subprocess.run(["openssl", "ocsp", "-issuer", ca, "-cert", person.pem, "-CAfile", ca,
                           "-url", world.server.url + "/ocsp"], capture_output=True, text=True)
    return done.stdout + done.stderr


def crl(world, path, ca):
    """The serial numbers in a CRL that is signed by this certificate's key."""
    der = world.server.request("GET", path)[2]
    return craft.openssl("crl", "-inform", "DER", "-CAfile", ca, "-noout", "-text",
                         data=der).decode()


def has(text, person):
    return person.cert.serial.hex().upper() in text


def aki(pem):
    return craft.openssl("x509", "-in", pem, "-noout", "-ext", "authorityKeyIdentifier")


def test_the_roll(world):
    server = world.server
    old, new = server.ca_pem, server.new_pem
    before, gone = world.issue("before"), world.issue("gone before")
    assert world.revoke(gone).statuses[0][0] == "success"
    assert has(crl(world, "/ca.crl", old), gone)
    roll(server)
    after, late = world.issue("after"), world.issue("gone after")
    run("openssl", "verify", "-CAfile", old, before.pem)
    run("openssl", "verify", "-CAfile", new, after.pem)
    assert aki(before.pem) != aki(after.pem)
    assert server.request("GET", "/ca.crt")[2] == craft.pem_to_der(new)
    assert server.request("GET", "/old.crt")[2] == craft.pem_to_der(old)
    # Both are revoked by the same endpoint, and each stands in the CRL of its key alone.
    assert ": good" in ocsp(world, before, old) and ": good" in ocsp(world, after, new)
    # With the key of another one of the CA's certificates there is no such certificate.
    assert ": unknown" in ocsp(world, before, new) and ": unknown" in ocsp(world, after, old)
    assert world.revoke(before).statuses[0][0] == "success"
    assert world.revoke(late).statuses[0][0] == "success"
    of_old, of_new = crl(world, "/ca.crl", old), crl(world, "/new.crl", new)
    assert has(of_old, gone) and has(of_old, before) and not has(of_old, late)
    assert has(of_new, late) and not has(of_new, before)
    for person, ca in ((before, old), (late, new)):
        words = ocsp(world, person, ca)
        assert ": revoked" in words and "Response verify OK" in words
    assert ": good" in ocsp(world, after, new)
    told = records(server, '"ca-certificate"')
    assert len(told) == 2 and "before" in str(told[1])
    server.audit_verify()
    server.cmcd("check-config")
    found = server.cmcd("doctor").stdout.decode()
    assert "good: CRL number" in found and "good: CRL of a previous key number" in found
    (server.home / "pass").write_text("x")
    (server.home / "pass").chmod(0o644)
    change(server, "      certificate-path: /old.crt", "      passphrase-file: pass\n"
           "      certificate-path: /old.crt")
    found = run(CMCD, "doctor", "-c", server.conf, ok=1).stdout.decode()
    assert re.search("passphrase of the previous CA key .*chmod 600", found)
    server.stop()


def test_what_has_no_part_is_the_old_keys(world):
    """A database from before there were parts of CRLs, and a roll at once: what was revoked then
    stands in the CRL of the key that signed it."""
    server = world.server
    gone = world.issue("gone long ago")
    assert world.revoke(gone).statuses[0][0] == "success"
    server.stop()
    with sqlite3.connect(server.database) as db:
        assert db.execute("UPDATE crl_part SET key = NULL").rowcount == 1
    change(server, OLD, NEW)
    change(server, OCSP, NEW_OCSP)
    server.start()
    assert has(crl(world, "/ca.crl", server.ca_pem), gone)
    assert not has(crl(world, "/new.crl", server.new_pem), gone)
    assert ": revoked" in ocsp(world, gone, server.ca_pem)


def test_what_the_old_key_issued_is_still_served(world):
    """getCert, and renewal by the holder: the new certificate is from the new key."""
    server = world.server
    holder = world.issue("holder of old")
    roll(server)
    body = craft.pkidata([craft.transaction_id(1), craft.sender_nonce(2), craft.control(
        10, 15, seq(ctx(4, holder.issuer), holder.serial_der))])
    _, answer = server.post("/cmc", craft.message(body, world.officer.cert, world.officer.key))
    assert holder.cert.der in [c.der for c in craft.Answer(answer).certs]
    key = craft.new_key(world.fresh("key"))
    body = craft.pkidata([craft.transaction_id(1, 2), craft.sender_nonce(2, b"renewal1")],
                         [craft.tcr(10, craft.csr(key, "holder of old"))])
    _, answer = server.post("/cmc", craft.message(body, holder.cert, holder.key))
    got = craft.Answer(answer)
    assert got.statuses[0][:2] == ("success", None), got.statuses
    mine = next(c for c in got.certs if c.spki == craft.public_key(key))
    run("openssl", "verify", "-CAfile", server.new_pem, world.save("renewed", key, mine.der).pem)


def test_nobody_waits(world):
    """Enrolments go on all the while."""
    server = world.server
    loads = [Load(server, messages_of(world, i, 16), keep=i % 2 == 0) for i in range(3)]
    for load in loads:
        load.start()
    roll(server)
    for load in loads:
        load.ended.set()
        load.join(WAIT_SECONDS)
    assert not [w for load in loads for w in load.wrong]
    assert all(load.done > 0 for load in loads)


@pytest.mark.parametrize("old, new, words", [
    ("ocsp: {certificate: ocsp.crt, key: ocsp.key}",
     "ocsp: {certificate: new-ocsp.crt, key: new-ocsp.key}",
     "was not signed with this key of the CA"),
    ("    - certificate: ca.crt\n      key: ca.key", "    - certificate: new.crt\n      key: new.key",
     "that is the certificate of now"),
    ("    - certificate: ca.crt\n      key: ca.key",
     "    - certificate: officer.crt\n      key: officer.key", "its subject is not"),
    ("path: /new.crl", "path: /ca.crl", "is taken by the CRL"),
    ('url: "http://crl.example/new.crl"', 'url: "http://crl.example/ca.crl"',
     "the CRL of another key of this authority has this URL"),
    ("path: /ocsp, certificate: new-ocsp.crt, key: new-ocsp.key",
     "path: /ocsp, certificate: ocsp.crt, key: ocsp.key", "was not signed with this key of the CA"),
])
def test_what_is_wrong(world, old, new, words):
    server = world.server
    change(server, OLD, NEW)
    change(server, OCSP, NEW_OCSP)
    change(server, old, new)
    assert words in reload(server)
    assert server.request("GET", "/ca.crt")[2] == server.ca.der


PUBLICATION = """\
  publication:
    - {name: web, kind: folder, what: [crl, ca-certificate], directory: ../web}
"""
OLD_PUBLICATION = """\
      publication:
        - {name: old, kind: folder, what: [crl], directory: ../web, crl-file: CRL}
"""


def test_both_crls_are_published(world):
    """Each key's CRL goes to a place of its own, and no two may write one file."""
    server, web = world.server, world.server.folder / "web"
    web.mkdir()
    gone = world.issue("gone before")
    change(server, OLD, OLD + PUBLICATION)
    assert reload(server) == "success"
    change(server, OLD + PUBLICATION, PUBLICATION + NEW)
    change(server, OCSP, NEW_OCSP)
    found = server.cmcd("check-config").stdout.decode()
    assert "warning" in found and "CRL of this previous key is published nowhere" in found
    change(server, "      certificate-path", OLD_PUBLICATION.replace("CRL}", "ca.crl}") +
           "      certificate-path")
    assert "would be overwritten" in reload(server)
    change(server, "crl-file: ca.crl}", "crl-file: old.crl}")
    assert reload(server) == "success"
    assert "published nowhere" not in server.cmcd("check-config").stdout.decode()
    late = world.issue("gone after")
    for person in (gone, late):
        assert world.revoke(person).statuses[0][0] == "success"
    for path, file, ca, person in (("/ca.crl", "old.crl", server.ca_pem, gone),
                                   ("/new.crl", "ca.crl", server.new_pem, late)):
        assert has(crl(world, path, ca), person)
        end = time.monotonic() + WAIT_SECONDS
        while not (web / file).exists() or \
                (web / file).read_bytes() != server.request("GET", path)[2]:
            assert time.monotonic() < end, file
            time.sleep(0.05)
    assert sorted(f.name for f in web.iterdir()) == ["ca.crl", "ca.crt", "old.crl"]
    told = server.cmcd("publish").stdout.decode()
    assert "old\tcrl\tgood" in told and "web\tcrl\tgood" in told
    assert '"target":"old"' in server.request("GET", "/status")[2].decode()
    assert "publication target old has what it should" in server.cmcd("doctor").stdout.decode()
