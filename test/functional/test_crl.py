# SPDX-License-Identifier: Apache-2.0
"""CRLs in shards and their deltas, as OpenSSL and pyca/cryptography see them: that all of them say
what the database says, that they are made though nobody asks, and that none is signed while a
revoked certificate stands in none."""
import base64
import json
import random
import re
import sqlite3
import subprocess
import time

import pytest

import craft
from authority import CMC, CMCD, CONFIG, Server, World, run
from test_ocsp import OCSP, issue_certs, number

PLAIN = 'crl: {{path: /ca.crl, url: "http://crl.example/ca.crl", hours: 24}}'
SHARDED = """crl:
    path: /ca-{{shard}}.crl
    url: http://crl.example/ca-{{shard}}.crl
    complete-path: /ca.crl
    shards: %d
    hours: 24
    overlap: 12
    delta: 60
    delta-path: /ca-{{shard}}.delta
    delta-url: http://crl.example/ca-{{shard}}.delta"""
DELTA = """crl:
    path: /ca.crl
    url: http://crl.example/ca.crl
    hours: 24
    delta: 60
    delta-path: /ca.delta
    delta-url: http://crl.example/ca.delta"""
SHARDS = 4
MANY = 1000


def config(crl):
    assert PLAIN in CONFIG
    return CONFIG.replace(PLAIN, crl).replace(
        "listen:", OCSP.replace("{", "{{").replace("}", "}}"), 1)


def make_world(folder, crl):
    server = Server(folder, config(crl))
    server.start()
    return World(folder, server)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = make_world(tmp_path_factory.mktemp("crl"), SHARDED % SHARDS)
    yield world
    world.server.close()


@pytest.fixture
def own(tmp_path):
    """Servers of a test's own; call it with the lines about CRLs."""
    worlds = []

    def make(crl):
        worlds.append(make_world(tmp_path, crl))
        return worlds[-1]
    yield make
    for world in worlds:
        world.server.close()


def pem(der, what):
    text = base64.encodebytes(der).decode().replace("\n", "")
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n" % (what, "\n".join(lines), what)


def fetch(world, path):
    status, headers, body = world.server.request("GET", path)
    assert status == 200 and headers["content-type"] == "application/pkix-crl", (path, body)
    return body


def text_of(der):
    return craft.openssl("crl", "-inform", "DER", "-noout", "-text", data=der).decode()


def crl_number(der):
    return int(re.search(r"CRL Number: *\n *(\d+|0x[0-9A-Fa-f]+)", text_of(der)).group(1), 0)


def query(world, sql, *args):
    db = sqlite3.connect("file:%s?mode=ro" % world.server.database, uri=True)
    try:
        return db.execute(sql, args).fetchall()
    finally:
        db.close()


def change(world, sql):
    db = sqlite3.connect(world.server.database, timeout=20)
    db.executescript(sql)
    db.close()


def shard_of(cert_der):
    """The shard that a certificate says."""
    text = craft.openssl("x509", "-inform", "DER", "-noout", "-text", data=cert_der).decode()
    shard, = re.findall(r"Distribution Points:\s+Full Name:\s+URI:http://crl.example/ca-(\d+).crl",
                        text)
    delta, = re.findall(r"Freshest CRL:\s+Full Name:\s+URI:http://crl.example/ca-(\d+).delta", text)
    assert shard == delta
    return int(shard)


# -- what they look like -----------------------------------------------------------------------

def test_certificates_say_their_shard(world):
    certs = issue_certs(world, 40)
    rows = dict(query(world, "SELECT hex(serial), shard FROM cert c JOIN crl_part p"
                             " ON p.issuer = c.issuer AND p.part = c.part"))
    shards = [shard_of(c.der) for c in certs]
    assert shards == [rows[c.serial.hex().upper()] for c in certs]
    assert set(shards) == set(range(1, SHARDS + 1))


def test_as_openssl_reads_them(world):
    for shard in range(1, SHARDS + 1):
        full = text_of(fetch(world, "/ca-%d.crl" % shard))
        delta = text_of(fetch(world, "/ca-%d.delta" % shard))
        point = (r"X509v3 Issuing Distribution Point: critical\s+Full Name:\s+"
                 r"URI:http://crl.example/ca-%d.crl\n" % shard)
        assert re.search(point, full) and re.search(point, delta)
        assert "URI:http://crl.example/ca-%d.delta" % shard in full and "Freshest" in full
        assert "Delta CRL Indicator" not in full and "Freshest" not in delta
        base, = re.findall(r"Delta CRL Indicator: critical\s+(\d+)", delta)
        assert int(base) == crl_number(fetch(world, "/ca-%d.crl" % shard))
    complete = text_of(fetch(world, "/ca.crl"))
    assert "Issuing Distribution Point" not in complete and "Freshest" not in complete


def test_as_cryptography_reads_them(world):
    x509 = pytest.importorskip("cryptography.x509")
    full = x509.load_der_x509_crl(fetch(world, "/ca-1.crl"))
    delta = x509.load_der_x509_crl(fetch(world, "/ca-1.delta"))
    ca = x509.load_pem_x509_certificate(world.server.ca_pem.read_bytes())
    for crl in (full, delta):
        assert crl.is_signature_valid(ca.public_key())
        point = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
        assert point.critical
        assert [n.value for n in point.value.full_name] == ["http://crl.example/ca-1.crl"]
    life = full.next_update - full.last_update
    assert life.total_seconds() == 36 * 3600  # hours and overlap
    base = delta.extensions.get_extension_for_class(x509.DeltaCRLIndicator)
    assert base.critical
    assert base.value.crl_number == full.extensions.get_extension_for_class(
        x509.CRLNumber).value.crl_number
    assert (delta.next_update - delta.last_update).total_seconds() == 3600


def test_paths_of_shards_only(world):
    for path in ("/ca-0.crl", "/ca-%d.crl" % (SHARDS + 1), "/ca-01.crl", "/ca-.crl", "/ca-1.crlx",
                 "/ca-999999999999.crl", "/ca-{shard}.crl", "/ca-%7Bshard%7D.crl", "/ca--1.crl"):
        assert world.server.request("GET", path)[0] in (400, 404), path
    assert world.server.request("POST", "/ca-1.crl", b"x", "text/plain")[0] == 405
    assert world.server.request("HEAD", "/ca-1.crl")[0] == 200


def test_asked_for_by_message(world):
    """getCRL: the complete one, or by the URL that certificates have."""
    def get(*args, ok=True):
        return run(CMC, "get", "crl", "-u", world.server.url + "/cmc", "-T", world.server.ca_pem,
                   "--signer-cert", world.officer.pem, "--signer-key", world.officer.key,
                   "--issuer-cert", world.server.ca_pem, "--form", "der", *args, ok=ok)
    out = world.fresh("crl")
    get("-o", out)
    assert "Issuing Distribution Point" not in text_of(out.read_bytes())
    get("-o", out, "--crl-url", "http://crl.example/ca-2.crl")
    assert "URI:http://crl.example/ca-2.crl" in text_of(out.read_bytes())
    for url in ("http://crl.example/ca-9.crl", "http://crl.example/ca.crl"):
        done = get("-o", out, "--crl-url", url, ok=1)
        assert b"badCertId" in done.stderr or b"badCertId" in done.stdout, done


# -- many --------------------------------------------------------------------------------------

def act(world, changes):
    """(serial, reason) in messages of 100."""
    for first in range(0, len(changes), 100):
        body = craft.pkidata(
            [craft.transaction_id(1, random.randrange(10**9)), craft.sender_nonce(2)] +
            [craft.revoke_request(10 + i, world.server.ca.subject, serial, reason)
             for i, (serial, reason) in enumerate(changes[first:first + 100])])
        _, answer = world.server.post("/cmc", craft.message(body, world.officer.cert,
                                                            world.officer.key))
        assert {s[0] for s in craft.Answer(answer).statuses} == {"success"}


def openssl_says(world, files, crls, *flags):
    """What openssl verify says of each file: "good" or "revoked"."""
    crl_file = world.fresh("crls")
    crl_file.write_text("".join(pem(c, "X509 CRL") for c in crls))
    done = subprocess.run(["openssl", "verify", *flags, "-CAfile", world.server.ca_pem, "-CRLfile",
                           crl_file, *files], capture_output=True, text=True, timeout=120)
    words = {f: "good" for f in re.findall(r"^(\S+): OK$", done.stdout, re.M)}
    for why, f in re.findall(r"error 23 .*: (certificate revoked)\nerror (\S+): verification failed",
                             done.stderr):
        words[f] = "revoked"
    assert set(words) == set(map(str, files)), done.stderr[:2000]
    return words


def ocsp_says(world, serials):
    got = {}
    for first in range(0, len(serials), 50):
        done = subprocess.run(
            ["openssl", "ocsp", "-issuer", world.server.ca_pem, "-CAfile", world.server.ca_pem,
             "-url", world.server.url + "/ocsp"] +
            [a for s in serials[first:first + 50] for a in ("-serial", "0x%x" % number(s))],
            capture_output=True, text=True, timeout=60)
        assert "Response verify OK" in done.stdout + done.stderr
        got.update({int(s, 16): w for s, w in
                    re.findall(r"0x([0-9A-Fa-f]+): (good|revoked)\n", done.stdout)})
    return got


class Crowd:
    """Certificates, and what was done to each."""

    def __init__(self, world, n):
        self.world = world
        self.certs = issue_certs(world, n)
        self.serials = [c.serial_der for c in self.certs]
        self.state = dict.fromkeys(self.serials, "good")
        self.files = {}
        for cert in self.certs:
            path = world.folder / ("%x.pem" % number(cert.serial_der))
            path.write_text(pem(cert.der, "CERTIFICATE"))
            self.files[cert.serial_der] = path

    def stir(self, rng):
        """Revoke, hold and release at random."""
        changes = []
        for serial, state in self.state.items():
            what = rng.randrange(5)
            if state == "good" and what == 0:
                self.state[serial] = "revoked"
                changes.append((serial, rng.choice([0, 1, 3, 4, 5, 9])))
            elif state == "good" and what == 1:
                self.state[serial] = "held"
                changes.append((serial, 6))
            elif state == "held" and what in (0, 1):
                self.state[serial] = "good"
                changes.append((serial, 8))
        act(self.world, changes)
        return len(changes)

    def want(self):
        return {str(self.files[s]): "good" if w == "good" else "revoked"
                for s, w in self.state.items()}

    def check(self, crls, *flags):
        assert openssl_says(self.world, list(self.files.values()), crls, *flags) == self.want()

    def check_ocsp(self):
        assert ocsp_says(self.world, self.serials) == {
            number(s): "good" if w == "good" else "revoked" for s, w in self.state.items()}


USE_DELTAS = ("-crl_check", "-extended_crl", "-use_deltas")


def test_all_agree_over_a_thousand(world):
    """openssl verify with shards and deltas, the complete CRL, openssl ocsp, and the database."""
    rng = random.Random(5280)
    crowd = Crowd(world, MANY)
    shards = range(1, SHARDS + 1)
    fulls = [fetch(world, "/ca-%d.crl" % s) for s in shards]
    for _ in range(2):
        assert crowd.stir(rng) > 100
        # The full CRLs are those from before; the deltas have all that happened since.
        assert [fetch(world, "/ca-%d.crl" % s) for s in shards] == fulls
        deltas = [fetch(world, "/ca-%d.delta" % s) for s in shards]
        crowd.check(fulls + deltas, *USE_DELTAS)
        complete = fetch(world, "/ca.crl")
        crowd.check([complete], "-crl_check_all")
        # The root is its own issuer, so it needs a CRL that is not of a shard.
        crowd.check([complete] + fulls + deltas, "-crl_check_all", *USE_DELTAS[1:])
        crowd.check_ocsp()
        assert dict(query(world, "SELECT hex(serial), CASE state WHEN 0 THEN 'good' WHEN 1 THEN"
                                 " 'revoked' ELSE 'held' END FROM cert WHERE profile = 'client'"
                                 " AND hex(serial) IN (%s)" % ",".join(
                                     "'%s'" % c.serial.hex().upper() for c in crowd.certs))) == \
            {c.serial.hex().upper(): crowd.state[c.serial_der] for c in crowd.certs}
    assert set(crowd.state.values()) == {"good", "revoked", "held"}
    # Without the deltas much of it would not be known, and without its own shard nothing is.
    stale = openssl_says(world, list(crowd.files.values()), fulls, "-crl_check")
    assert set(stale.values()) == {"good"} and stale != crowd.want()
    one = next(iter(crowd.files.values()))
    done = run("openssl", "verify", "-crl_check", "-CAfile", world.server.ca_pem, one, ok=2)
    assert b"unable to get certificate CRL" in done.stderr


def test_a_delta_without_shards(own):
    world = own(DELTA)
    crowd = Crowd(world, 60)
    rng = random.Random(7)
    full = fetch(world, "/ca.crl")
    empty = fetch(world, "/ca.delta")
    assert crl_number(empty) >= crl_number(full) and "Serial Number" not in text_of(empty)
    last = crl_number(empty)
    for _ in range(3):
        crowd.stir(rng)
        delta = fetch(world, "/ca.delta")
        assert crl_number(delta) > last
        last = crl_number(delta)
        assert fetch(world, "/ca.delta") == delta
        crowd.check([full, delta], *USE_DELTAS)
    assert fetch(world, "/ca.crl") == full
    assert "Remove From CRL" in text_of(delta)
    # Time passes: another base, of one sequence with the deltas, and a delta to that one.
    change(world, "UPDATE crl SET this_update = this_update - 80000")
    world.server.stop()
    world.server.start()
    again = fetch(world, "/ca.crl")
    assert crl_number(again) > last
    crowd.check([again], "-crl_check")
    crowd.stir(rng)
    crowd.check([again, fetch(world, "/ca.delta")], *USE_DELTAS)


# -- the clock ---------------------------------------------------------------------------------

def numbers(world):
    return dict(query(world, "SELECT part * 2 + delta, number FROM crl"))


def wait_for(what):
    give_up = time.monotonic() + 20
    while not what():
        assert time.monotonic() < give_up
        time.sleep(0.1)


def test_made_though_nobody_asks(own):
    """[44] of what is said of others: no revocation, no request, and yet a CRL in force."""
    world = own(SHARDED % 2)
    wait_for(lambda: len(numbers(world)) == 5)  # the complete one, two shards, two deltas
    before = numbers(world)
    assert set(before.values()) == {1}  # a delta of the same second has the number of its base
    world.server.stop()
    # Not yet due with an overlap, though more than half of the period is over; then due.
    for ago, due in ((13 * 3600, False), (25 * 3600, True)):
        change(world, "UPDATE crl SET this_update = this_update - %d WHERE delta = 0" % ago)
        world.server.start()
        time.sleep(0.5)
        if due:
            wait_for(lambda: all(n > before[k] for k, n in numbers(world).items() if k % 2 == 0))
        else:
            assert {k: n for k, n in numbers(world).items() if k % 2 == 0} == {
                k: n for k, n in before.items() if k % 2 == 0}
        world.server.stop()
    assert not [w for w in findings(world)["warning"] if "CRL" in w]


# -- what stands in no CRL ---------------------------------------------------------------------

def findings(world, ok=0):
    done = run(CMCD, "doctor", world.server.conf, ok=ok)
    found = {"good": [], "warning": [], "error": []}
    for line in done.stdout.decode().splitlines()[:-1]:
        kind, _, text = line.partition(": ")
        found[kind].append(text)
    return found


def test_none_is_signed_while_one_is_missing(own):
    world = own(SHARDED % 2)
    victim = world.issue("in no shard")
    assert world.revoke(victim).statuses[0][0] == "success"
    shard = shard_of(victim.cert.der)
    fetch(world, "/ca-%d.delta" % shard)
    wait_for(lambda: len(numbers(world)) == 5)
    serial = victim.cert.serial.hex()
    change(world, "UPDATE cert SET part = 77 WHERE serial = x'%s'" % serial)
    other = world.issue("another")
    world.revoke(other)
    for _ in range(3):
        status, _, body = world.server.request("GET", "/ca-%d.delta" % shard_of(other.cert.der))
        assert status == 503 and b"cannot be made" in body
        assert world.server.request("GET", "/ca.crl")[0] == 503
    words = "1 revoked certificate stands in part 77 of it, which does not exist"
    assert words in world.server.log_text()
    audits = [json.loads(j) for j, in query(world, "SELECT json FROM audit WHERE json LIKE"
                                                   " '%crl-refused%'")]
    assert len(audits) == 1 and words in audits[0]["reason"]
    assert any(words in e for e in findings(world, ok=1)["error"])
    # OCSP looks for the certificate itself.
    assert ocsp_says(world, [victim.serial_der]) == {number(victim.serial_der): "revoked"}
    # An expired one is missed by nobody.
    change(world, "UPDATE cert SET not_after = 1000000000 WHERE serial = x'%s'" % serial)
    fetch(world, "/ca.crl")
    change(world, "UPDATE cert SET part = (SELECT part FROM crl_part WHERE shard = %d), not_after ="
                  " not_before + 9000000 WHERE serial = x'%s'" % (shard, serial))
    assert not findings(world)["error"]
    world.server.audit_verify()


def reconfigure(world, crl):
    text = world.server.conf.read_text()
    conf = config(crl).format(
        database=world.server.database, ca="ca.crt", ca_key="ca.key", responder="responder.crt",
        responder_key="responder.key", tls="tls.crt", tls_key="tls.key")
    assert text != conf
    world.server.stop()
    world.server.conf.write_text(conf)
    world.server.start()


def test_from_no_shards_to_some_to_more_and_back(own):
    world = own(PLAIN)
    before = world.issue("before")
    world.revoke(before)
    assert not world.server.openssl_verify(before.pem, world.folder)[0]
    number_before = crl_number(fetch(world, "/ca.crl"))
    # Without a place for the complete CRL those from before would stand in none.
    reconfigure(world, (SHARDED % 3).replace("    complete-path: /ca.crl\n", ""))
    assert world.server.request("GET", "/ca-1.crl")[0] == 503
    assert any("complete-path" in e for e in findings(world, ok=1)["error"])
    reconfigure(world, SHARDED % 3)
    people = [world.issue("shard %d" % i) for i in range(8)]
    for person in people:
        world.revoke(person)
    reconfigure(world, SHARDED % 5)
    everybody = people + [world.issue("more %d" % i) for i in range(8)]
    for person in everybody[8:]:
        world.revoke(person)
    # Back to fewer: the shards that are there stay.
    reconfigure(world, SHARDED % 2)
    everybody += [world.issue("fewer %d" % i) for i in range(4)]
    assert {shard_of(p.cert.der) for p in everybody[16:]} <= {1, 2}
    crls = [fetch(world, "/ca-%d.%s" % (s, kind)) for s in range(1, 6) for kind in ("crl", "delta")]
    assert crl_number(fetch(world, "/ca.crl")) > number_before
    says = openssl_says(world, [p.pem for p in everybody], crls, *USE_DELTAS)
    assert [says[str(p.pem)] for p in everybody] == 16 * ["revoked"] + 4 * ["good"]
    # The certificate from before is in the complete one, which has the others too.
    says = openssl_says(world, [p.pem for p in everybody + [before]], [fetch(world, "/ca.crl")],
                        "-crl_check")
    assert list(says.values()).count("revoked") == 17
    # Back to none at all: what stands in shards would be looked for where nothing is.
    reconfigure(world, PLAIN)
    world.revoke(everybody[-1])
    assert world.server.request("GET", "/ca.crl")[0] == 503
    assert any("which is a shard" in e for e in findings(world, ok=1)["error"])
