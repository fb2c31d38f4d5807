# SPDX-License-Identifier: Apache-2.0
"""OCSP as OpenSSL's client and curl-like GETs see it: good, revoked, held, unknown; several at
once; what is kept and what is not; and that it says what the database says."""
import base64
import hashlib
import os
import random
import re
import subprocess
import urllib.parse

import pytest

import craft
import keystore
import der
from authority import CONFIG, CMCD, Server, World, run

OCSP = "ocsp: {path: /ocsp, certificate: ocsp.crt, key: ocsp.key, minutes: 30}\nlisten:"
MANY = 1000


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ocsp")
    server = Server(folder, CONFIG.replace("listen:", OCSP.replace("{", "{{").replace("}", "}}"), 1))
    server.start()
    yield World(folder, server)
    server.close()


def ask(world, *args, ok=True):
    """openssl ocsp against the server: its words. The signer's certificate is judged too."""
    done = subprocess.run(["openssl", "ocsp", "-issuer", world.server.ca_pem, "-CAfile",
                           world.server.ca_pem, "-url", world.server.url + "/ocsp",
                           *map(str, args)], capture_output=True, text=True, timeout=60)
    words = done.stdout + done.stderr
    if ok:
        assert done.returncode == 0 and "Response verify OK" in words, words
        assert "WARNING" not in words, words
    return words


def test_good_revoked_held_released(world):
    person = world.issue("ocsp good")
    assert re.search(r": good\n", ask(world, "-cert", person.pem))
    world.revoke(person, 6)
    words = ask(world, "-cert", person.pem)
    assert ": revoked" in words and "Reason: certificateHold" in words
    world.revoke(person, 8)
    assert ": good" in ask(world, "-cert", person.pem)
    world.revoke(person, 1)
    words = ask(world, "-cert", person.pem)
    assert ": revoked" in words and "Reason: keyCompromise" in words


@pytest.mark.parametrize("digest", ["-sha1", "-sha256", "-sha384", "-sha512"])
def test_issuer_named_by_each_digest(world, digest):
    assert ": good" in ask(world, digest, "-cert", world.holder.pem)


def test_unspecified_has_no_reason(world):
    person = world.issue("ocsp unspecified")
    world.revoke(person, 0)
    words = ask(world, "-cert", person.pem)
    assert ": revoked" in words and "Reason" not in words


def test_unknown_serial(world):
    assert ": unknown" in ask(world, "-serial", "0x4711")


def test_several_in_one_request(world):
    dead, holder = world.dead, world.holder
    words = ask(world, "-cert", dead.pem, "-cert", holder.pem, "-serial", "0x99")
    assert [w for w in re.findall(r": (good|revoked|unknown)\n", words)] == \
        ["revoked", "good", "unknown"]


# -- by hand -----------------------------------------------------------------------------------

def cert_id(world, serial_der, name=None, key=None):
    ca = world.server.ca
    name = hashlib.sha1(ca.subject).digest() if name is None else name
    key = hashlib.sha1(key_bits(ca.spki)).digest() if key is None else key
    return der.seq(der.seq(bytes.fromhex("06052b0e03021a"), der.null()), der.octets(name),
                   der.octets(key), serial_der)


def key_bits(spki):
    """The subjectPublicKey bits of a P-256 key: what follows the unused-bits octet."""
    return spki[-65:]


def request(ids, extensions=b"", version=b""):
    tbs = [version, der.seq(*(der.seq(i) for i in ids))]
    if extensions:
        tbs.append(der.tlv(0xa2, der.seq(extensions)))
    return der.seq(der.seq(*tbs))


def nonce(value):
    return der.seq(bytes.fromhex("06092b0601050507300102"), der.octets(value))


def status_of(answer):
    """OCSPResponseStatus."""
    at = answer.index(b"\x0a\x01")
    assert at in (2, 3, 4)
    return answer[at + 2]


def post(world, body, type="application/ocsp-request"):
    return world.server.request("POST", "/ocsp", body, type)


def get(world, body, quote=True):
    text = base64.b64encode(body).decode()
    return world.server.request("GET", "/ocsp/" + (urllib.parse.quote(text, safe="") if quote
                                                   else text))


def test_get_and_caches(world):
    body = request([cert_id(world, world.holder.serial_der)])
    status, headers, first = get(world, body)
    assert status == 200 and headers["content-type"] == "application/ocsp-response"
    assert headers["cache-control"].startswith("max-age=")
    assert status_of(first) == 0
    # Which worker has signed it is chance; each gives its own again.
    answers = {get(world, body, quote=False)[2] for _ in range(20)}
    assert first in answers and len(answers) <= 2
    status, headers, posted = post(world, body)
    assert posted in answers and headers["cache-control"] == "no-store"


def test_a_kept_answer_ends_with_the_next_change(world):
    person = world.issue("ocsp cached")
    body = request([cert_id(world, person.serial_der)])
    before = {get(world, body)[2] for _ in range(10)}
    world.revoke(person)
    after = {get(world, body)[2] for _ in range(10)}
    assert not before & after
    assert ": revoked" in ask(world, "-cert", person.pem)


def test_what_is_not_issued_yet_is_not_kept(world):
    """An unknown serial number may be issued a moment later."""
    body = request([cert_id(world, der.integer(0x5555))])
    status, headers, _ = get(world, body)
    assert status == 200 and headers["cache-control"] == "no-store"


def test_nonce_is_given_back(world):
    value = os.urandom(32)
    _, headers, answer = post(world, request([cert_id(world, world.holder.serial_der)],
                                             nonce(der.octets(value))))
    assert status_of(answer) == 0 and value in answer
    other = post(world, request([cert_id(world, world.holder.serial_der)],
                                nonce(der.octets(os.urandom(32)))))[2]
    assert value not in other


MALFORMED, UNAUTHORIZED = 1, 6
CRITICAL = der.seq(b"\x06\x03\x2a\x03\x04", b"\x01\x01\xff", der.octets(der.null()))


@pytest.mark.parametrize("how, status", [
    ("garbage", MALFORMED), ("cut", MALFORMED), ("trailing", MALFORMED), ("no requests", MALFORMED),
    ("version 2", MALFORMED), ("empty nonce", MALFORMED), ("long nonce", MALFORMED),
    ("two nonces", MALFORMED), ("bare nonce", MALFORMED), ("critical", MALFORMED),
    ("critical single", MALFORMED), ("65 requests", MALFORMED), ("other issuer", UNAUTHORIZED),
    ("other key", UNAUTHORIZED)])
def test_refused(world, how, status):
    good = cert_id(world, world.holder.serial_der)
    bodies = {
        "garbage": b"\x30\x03abc", "cut": request([good])[:-1], "trailing": request([good]) + b"\0",
        "no requests": request([]), "version 2": request([good], version=bytes.fromhex("a003020101")),
        "empty nonce": request([good], nonce(der.octets(b""))),
        "long nonce": request([good], nonce(der.octets(b"x" * 129))),
        "two nonces": request([good], nonce(der.octets(b"x")) + nonce(der.octets(b"y"))),
        "bare nonce": request([good], nonce(b"no octet string")),
        "critical": request([good], CRITICAL),
        "critical single": der.seq(der.seq(der.seq(der.seq(
            good, der.tlv(0xa0, der.seq(CRITICAL)))))),
        "65 requests": request([good] * 65),
        "other issuer": request([cert_id(world, world.holder.serial_der, name=b"x" * 20)]),
        "other key": request([cert_id(world, world.holder.serial_der, key=b"x" * 20)]),
    }
    http_status, _, answer = post(world, bodies[how])
    assert http_status == 200 and answer == bytes.fromhex("30030a01%02x" % status)
    assert ": good" in ask(world, "-cert", world.holder.pem)


def test_not_ocsp_at_all(world):
    assert post(world, b"x", "text/plain")[0] == 415
    for path in ("/ocsp", "/ocsp/", "/ocsp/%zz", "/ocsp/abc", "/ocsp/!!!!"):
        assert world.server.request("GET", path)[0] == 400, path
    assert world.server.request("GET", "/ocspx")[0] == 404
    assert world.server.request("PUT", "/ocsp")[0] == 405


@keystore.files_only
def test_wrong_signer_is_refused_at_start(world, tmp_path):
    text = world.server.conf.read_text()
    for certificate, key, why in [("responder.crt", "responder.key", "id-kp-OCSPSigning"),
                                  ("ocsp.crt", "responder.key", "does not belong")]:
        conf = world.server.home / "wrong.yaml"
        conf.write_text(text.replace("ocsp.crt", certificate).replace("ocsp.key", key))
        done = run(CMCD, "serve", "-c", conf, ok=None)
        assert done.returncode not in (0, None) and why in done.stderr.decode(), done.stderr


# -- many --------------------------------------------------------------------------------------

def issue_certs(world, n):
    """n certificates, 100 in a message."""
    certs = []
    for first in range(0, n, 100):
        body = craft.pkidata([craft.transaction_id(1, random.randrange(10**9)), craft.sender_nonce(2)],
                             [craft.tcr(10 + i, world.csr) for i in range(min(100, n - first))])
        _, answer = world.server.post("/cmc", craft.message(body, world.officer.cert,
                                                            world.officer.key))
        mine = craft.public_key(world.key)
        certs += [c for c in craft.Answer(answer).certs if c.spki == mine]
    assert len(certs) == n
    return certs


def issue_many(world, n):
    """The same; their serial numbers."""
    return [c.serial_der for c in issue_certs(world, n)]


def number(serial_der):
    return int.from_bytes(serial_der[2:], "big")


def test_agrees_with_the_database(world):
    """openssl ocsp and the store over 1,000 certificates with random states."""
    rng = random.Random(10002)
    serials = issue_many(world, MANY)
    state = dict.fromkeys(serials, "good")
    controls, again = [], []
    for i, serial in enumerate(serials):
        what = rng.randrange(4)
        if what == 0:
            continue
        state[serial] = "good" if what == 3 else "revoked"
        reason = 6 if what >= 2 else rng.choice([0, 1, 3, 4, 5, 9])
        controls.append((serial, reason))
        if what == 3:
            again.append((serial, 8))  # held, then released
    for batch in (controls, again):
        for first in range(0, len(batch), 100):
            body = craft.pkidata(
                [craft.transaction_id(1, first + 2 * 10**6), craft.sender_nonce(2)] +
                [craft.revoke_request(10 + i, world.server.ca.subject, serial, reason)
                 for i, (serial, reason) in enumerate(batch[first:first + 100])])
            _, answer = world.server.post("/cmc", craft.message(body, world.officer.cert,
                                                                world.officer.key))
            assert {s[0] for s in craft.Answer(answer).statuses} == {"success"}
    got = {}
    for first in range(0, MANY, 50):
        part = serials[first:first + 50]
        words = ask(world, *(a for s in part for a in ("-serial", "0x%x" % number(s))))
        found = re.findall(r"0x([0-9A-Fa-f]+): (good|revoked|unknown)\n", words)
        got.update({int(s, 16): w for s, w in found})
    assert got == {number(s): w for s, w in state.items()}
    assert set(state.values()) == {"good", "revoked"}
