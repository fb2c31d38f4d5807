# SPDX-License-Identifier: Apache-2.0
"""Revocation end to end: what openssl verify says before and after."""
import datetime
import os

import pytest

import craft
from authority import CMC, run


def verify(world, person):
    return world.server.openssl_verify(person.pem, world.folder)


def revoke_args(world, *args, path="/cmc"):
    return [CMC, "revoke", "-u", world.server.url + path, "-T", world.server.ca_pem,
            "--officer-cert", world.officer.pem, "--officer-key", world.officer.key, *args]


REASONS = ["unspecified", "keyCompromise", "cACompromise", "affiliationChanged", "superseded",
           "cessationOfOperation", "privilegeWithdrawn", "aACompromise"]
CRL_TEXT = {"unspecified": None, "keyCompromise": "Key Compromise", "cACompromise": "CA Compromise",
            "affiliationChanged": "Affiliation Changed", "superseded": "Superseded",
            "cessationOfOperation": "Cessation Of Operation",
            "privilegeWithdrawn": "Privilege Withdrawn", "aACompromise": "AA Compromise"}


def crl_entry(world, person):
    """The lines of the CRL about a certificate, or None."""
    pem = world.server.crl(world.folder / "entry.crl")
    text = craft.openssl("crl", "-in", pem, "-noout", "-text").decode()
    for entry in text.split("Serial Number: ")[1:]:
        if int(entry.split()[0], 16) == int.from_bytes(person.cert.serial, "big"):
            return entry
    return None


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason(world, reason):
    person = world.issue("revoked for " + reason)
    assert verify(world, person)[0]
    run(*revoke_args(world, "-c", person.pem, "-r", reason))
    good, words = verify(world, person)
    assert not good and "revoked" in words, words
    entry = crl_entry(world, person)
    if CRL_TEXT[reason] is None:
        assert "Reason Code" not in entry, "RFC 5280 5.3.1: unspecified is left out"
    else:
        assert CRL_TEXT[reason] in entry


def test_hold_and_release(world):
    person = world.issue("held")
    run(*revoke_args(world, "-c", person.pem, "-r", "hold"))
    assert not verify(world, person)[0]
    assert "Certificate Hold" in crl_entry(world, person)
    run(*revoke_args(world, "-c", person.pem, "-r", "release"))
    assert verify(world, person)[0]
    assert crl_entry(world, person) is None
    # Held again, and then revoked for good: that cannot be taken back.
    run(*revoke_args(world, "-c", person.pem, "-r", "hold"))
    run(*revoke_args(world, "-c", person.pem, "-r", "keyCompromise"))
    run(*revoke_args(world, "-c", person.pem, "-r", "release"), ok=1)
    assert "Key Compromise" in crl_entry(world, person)


def test_by_serial_and_issuer(world):
    person = world.issue("by serial")
    serial = "0x" + person.cert.serial.hex()
    run(*revoke_args(world, "--serial", serial, "--issuer", "CN=Somebody Else"), ok=1)
    assert verify(world, person)[0]
    run(*revoke_args(world, "--serial", serial, "--issuer-cert", world.server.ca_pem))
    assert not verify(world, person)[0]


def test_many_at_once(world):
    people = [world.issue("one of many %d" % i) for i in range(5)]
    run(*revoke_args(world, *[a for p in people for a in ("-c", p.pem)]))
    for person in people:
        assert not verify(world, person)[0]


def test_all_or_none(world):
    """revoke: {atomic: true}: one that is refused refuses the others, and says so."""
    people = [world.issue("together %d" % i) for i in range(4)]
    run(*revoke_args(world, "-c", people[1].pem))
    files = [a for p in people for a in ("-c", p.pem)]
    before = world.server.counts()
    done = run(*revoke_args(world, *files, path="/atomic"), ok=1).stdout.decode().splitlines()
    assert len(done) == 4 and all("badRequest" in line for line in done)
    assert "revoked already" in done[1]
    assert all("done all, or none" in done[i] for i in (0, 2, 3))
    after = world.server.counts()
    assert after.revoked == before.revoked
    # each of them has its record
    exported = world.server.cmcd("audit", "export").stdout.decode().splitlines()[-4:]
    assert all('"event":"revoke"' in r and '"outcome":"failed"' in r for r in exported)
    # an unknown one does the same
    run(*revoke_args(world, "--serial", "4711", "--serial", "0x" + people[0].cert.serial.hex(),
                     "--issuer-cert", world.server.ca_pem, path="/atomic"), ok=1)
    assert verify(world, people[0])[0]
    run(*revoke_args(world, *files[:2], *files[4:], path="/atomic"))
    assert not any(verify(world, p)[0] for p in people)
    # elsewhere they are decided one by one
    more = world.issue("by itself")
    run(*revoke_args(world, "-c", more.pem, "-c", people[0].pem), ok=1)
    assert not verify(world, more)[0]


def test_serials_from_a_file(world, tmp_path):
    people = [world.issue("listed %d" % i) for i in range(3)]
    path = tmp_path / "serials"
    path.write_text("# compromised\n" + "".join("0x%s\r\n" % p.cert.serial.hex() for p in people))
    issuer = ("--issuer-cert", world.server.ca_pem)
    run(*revoke_args(world, "--serials-file", path, *issuer, "-r", "hold"))
    assert not any(verify(world, p)[0] for p in people)
    run(*revoke_args(world, "--serials-file", "-", *issuer, "-r", "release"),
        input=path.read_bytes())
    assert all(verify(world, p)[0] for p in people)
    done = run(*revoke_args(world, "--serials-file", path, "-c", people[0].pem, *issuer), ok=2)
    assert b"named twice" in done.stderr
    assert b"goes with one of" in run(*revoke_args(world, "--serials-file", path), ok=2).stderr
    path.write_text("\n")
    assert b"no serial number" in run(*revoke_args(world, "--serials-file", path, *issuer),
                                      ok=2).stderr


def test_invalidity_date(world):
    person = world.issue("compromised yesterday")
    date = (datetime.datetime.utcnow() - datetime.timedelta(days=1)).replace(microsecond=0)
    run(*revoke_args(world, "-c", person.pem, "-r", "keyCompromise", "--invalidity-date",
                     date.isoformat() + "Z"))
    entry = crl_entry(world, person)
    assert "Invalidity Date" in entry
    assert date.strftime("%b %e %H:%M:%S %Y GMT") in entry


def test_nexus_rules(world):
    """mandatory-fields-only: invalidityDate, passphrase and comment are passed over."""
    person = world.issue("nexus")
    body = craft.pkidata([craft.transaction_id(1), craft.sender_nonce(2, os.urandom(16)),
                          craft.revoke_request(10, person.cert.issuer, person.cert.serial_der, 1,
                                               date="20990101000000Z", passphrase=b"ignored",
                                               comment="ignored")])
    _, answer = world.server.post("/nexus", craft.message(body, world.officer.cert,
                                                          world.officer.key))
    assert craft.Answer(answer).statuses[0][:3] == ("success", None, [10])
    entry = crl_entry(world, person)
    assert "Key Compromise" in entry and "Invalidity" not in entry


def test_a_revoked_holder_cannot_renew(world):
    person = world.issue("revoked, wants more")
    world.revoke(person)
    key, cert = world.fresh("key"), world.fresh("crt")
    done = run(CMC, "enroll", "--renew", person.pem, "--renew-key", person.key, "--new-key",
               "ec:P-256", "--key-out", key, "-u", world.server.url + "/cmc", "-T",
               world.server.ca_pem, "-o", cert, ok=1)
    assert b"badIdentity" in done.stderr or b"revoked" in done.stderr, done.stderr
    assert not cert.exists()


def test_an_officer_who_is_removed(world):
    officer = world.register(world.issue("short career"), "enroll,revoke")
    data = craft.pkidata([craft.sender_nonce(1, os.urandom(16))], [craft.tcr(10, world.csr)])
    _, answer = world.server.post("/norenewal", craft.message(data, officer.cert, officer.key))
    assert craft.Answer(answer).statuses[0][0] == "success"
    world.server.cmcd("officer", "remove", officer.name)
    data = craft.pkidata([craft.sender_nonce(1, os.urandom(16))], [craft.tcr(10, world.csr)])
    _, answer = world.server.post("/norenewal", craft.message(data, officer.cert, officer.key))
    assert craft.Answer(answer).statuses[0][:2] == ("failed", "badIdentity")
    listed = world.server.cmcd("officer", "list").stdout.decode()
    assert "short career" not in listed and "officer" in listed


def test_the_crl_grows_in_number_only(world):
    """A new CRL for each change, with a higher number; the same one while nothing changes."""
    def number():
        pem = world.server.crl(world.folder / "number.crl")
        text = craft.openssl("crl", "-in", pem, "-noout", "-crlnumber").decode()
        return int(text.split("=")[1], 16)

    first = number()
    assert number() == first
    world.revoke(world.issue("for the number"))
    assert number() > first
