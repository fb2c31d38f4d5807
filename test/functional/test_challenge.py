# SPDX-License-Identifier: Apache-2.0
"""Keys that cannot sign, or shall not: cmc enroll and cmcd through the two trips of RFC 10002
section 6.7."""
import pathlib

import pytest

import craft
from authority import CMC, CMCD, run

KINDS = ["x25519", "x448", "rsa:2048", "ec:P-256", "ec:P-521"]


def enroll(world, *args, ok=True, officer=None):
    officer = officer or world.officer
    cert = world.fresh("crt")
    done = run(CMC, "enroll", "-u", world.server.url + "/cmc", "-T", world.server.ca_pem,
               "--officer-cert", officer.pem, "--officer-key", officer.key, "-o", cert, *args,
               ok=ok)
    return cert, done


def spki(pem):
    """The public key of a PEM certificate."""
    return craft.openssl("pkey", "-pubin", "-outform", "DER",
                         data=craft.openssl("x509", "-in", pem, "-noout", "-pubkey"))


# [10002-6.7-c, 10004-5.1-ag]
# [10004-5.1-ae, 10004-5.2-u1]
@pytest.mark.parametrize("form", ["pkcs10", "crmf"])
@pytest.mark.parametrize("kind", KINDS)
def test_enroll(world, kind, form):
    """One command, one certificate: the second trip is the client's own business."""
    key = world.fresh("key")
    before = world.server.counts()
    extra = [] if kind.startswith("x") else ["--no-signature"]
    cert, _ = enroll(world, "--new-key", kind, "--key-out", key, "-s", "CN=cannot sign",
                     "--form", form, *extra)
    assert spki(cert) == craft.openssl("pkey", "-in", key, "-pubout", "-outform", "DER")
    assert craft.openssl("verify", "-CAfile", world.server.ca_pem, cert)
    after = world.server.counts()
    assert after.certs == before.certs + 1
    # in each trip three stages of verification and the decision
    assert after.audits == before.audits + 8
    world.server.audit_verify()


@pytest.mark.parametrize("answer", ["certs-only", "pkix-cert"])
def test_other_answers(world, answer):
    """The challenge needs a Full PKI Response, whatever is asked for; the certificate does not."""
    key = world.fresh("key")
    cert, _ = enroll(world, "--new-key", "x25519", "--key-out", key, "-s", "CN=short",
                     "--answer", answer)
    assert spki(cert) == craft.openssl("pkey", "-in", key, "-pubout", "-outform", "DER")


@pytest.mark.parametrize("form", ["pkcs10", "crmf"])
def test_ready_request(world, form):
    """A request from elsewhere: its key must be named, and must be the right one."""
    key, other, csr = world.fresh("key"), world.fresh("key"), world.fresh("csr")
    run(CMC, "csr", "--new-key", "x25519", "--key-out", key, "-s", "CN=ready", "--form", form,
        "-o", csr)
    run(CMC, "csr", "--new-key", "x25519", "--key-out", other, "-s", "CN=other", "-o",
        world.fresh("csr"))
    before = world.server.counts()
    _, done = enroll(world, "--csr", csr, ok=None)
    assert done.returncode != 0 and b"--key" in done.stderr
    cert, done = enroll(world, "--csr", csr, "--key", other, ok=None)
    assert done.returncode != 0 and b"is the key of none of the" in done.stderr
    assert not pathlib.Path(cert).exists()
    assert world.server.counts().certs == before.certs
    cert, _ = enroll(world, "--csr", csr, "--key", key)
    assert spki(cert) == craft.openssl("pkey", "-in", key, "-pubout", "-outform", "DER")


# [10002-C.1-d, 10004-5.1-af]
# [10004-5.1-ad]
def test_no_signature_request(world):
    """What cmc csr --no-signature makes is a PKCS#10 that openssl reads and does not believe."""
    key, csr = world.fresh("key"), world.fresh("csr")
    run(CMC, "csr", "--new-key", "rsa:2048", "--key-out", key, "-s", "CN=quiet",
        "--no-signature", "-o", csr)
    message = world.fresh("crq")
    run(CMC, "request", "--signer-cert", world.officer.pem, "--signer-key", world.officer.key, csr,
        "-o", message)
    shown = run(CMC, "show", message).stdout.decode()
    assert "proof of possession: not yet; by a challenge" in shown
    text = craft.openssl("req", "-in", csr, "-noout", "-text").decode()
    assert "CN = quiet" in text
    with pytest.raises(RuntimeError):
        craft.openssl("req", "-in", csr, "-noout", "-verify")


def test_not_for_everybody(world):
    """An officer without the role gets no challenge, and no certificate."""
    key = world.fresh("key")
    before = world.server.counts()
    _, done = enroll(world, "--new-key", "x25519", "--key-out", key, "-s", "CN=x", ok=None,
                     officer=world.revoker)
    assert done.returncode != 0 and b"role enroll" in done.stderr
    assert world.server.counts().certs == before.certs + 1  # the revoker's own


# [10002-3.1-u2, 10002-3.1-a]
def test_simple_request_is_refused(world):
    """Without a body part id there is no second trip: popRequired, and what to do instead. The
    client knows that too. [10002-3.1-u2]"""
    key, csr = world.fresh("key"), world.fresh("csr")
    simple = ["-u", world.server.url + "/open", "-T", world.server.ca_pem]
    done = run(CMC, "enroll", *simple, "--simple", "--new-key", "x25519", "--key-out", key, "-s",
               "CN=x", "-o", world.fresh("crt"), ok=2)
    assert b"RFC 10002 section 3.1" in done.stderr
    run(CMC, "csr", "--key", key, "-s", "CN=x", "-o", csr)
    done = run(CMC, "submit", *simple, "--answer", "cmc", csr, ok=1)
    assert b"popRequired" in done.stderr


def test_answer_does_not_survive_a_restart(world):
    """The secret behind the challenges lives in memory: after a restart enrolment begins anew."""
    key = world.fresh("key")
    world.server.stop()
    world.server.start()
    cert, _ = enroll(world, "--new-key", "x448", "--key-out", key, "-s", "CN=after restart")
    assert spki(cert) == craft.openssl("pkey", "-in", key, "-pubout", "-outform", "DER")


@pytest.mark.parametrize("kind", ["x25519", "x448"])
def test_no_such_authority(tmp_path, kind):
    """The keys of an authority must sign; cmcd init says so, and makes nothing."""
    done = run(CMCD, "init", tmp_path / "ca", "--key-type", kind, ok=None)
    assert done.returncode > 0 and b"cannot sign" in done.stderr
    assert not list(tmp_path.glob("ca/*.key"))
