# SPDX-License-Identifier: Apache-2.0
"""openssl cms and cmc read, check and refuse each other's messages."""
import subprocess

import pytest

import craft
from authority import CMC, run


def openssl_verify(path, *options):
    return subprocess.run(["openssl", "cms", "-verify", "-inform", "DER", "-in", str(path),
                           "-binary", "-purpose", "any", *map(str, options)], capture_output=True)


def test_openssl_verifies_requests(messages):
    for name, path in messages.requests.items():
        done = openssl_verify(path, "-CAfile", messages.world.server.ca_pem)
        assert done.returncode == 0, (name, done.stderr)
        assert len(craft.parse(done.stdout)) == 4


def test_openssl_verifies_answers(messages):
    for name, path in messages.answers.items():
        done = openssl_verify(path, "-CAfile", messages.world.server.ca_pem)
        assert done.returncode == 0, (name, done.stderr)
        assert len(craft.parse(done.stdout)) == 3


def test_openssl_refuses_what_was_changed(messages):
    """Otherwise the tests above would say nothing."""
    octets = bytearray(messages.requests["pkcs10"].read_bytes())
    at = octets.find(b"interop.example")
    octets[at] ^= 1
    changed = messages.world.fresh("crq")
    changed.write_bytes(octets)
    assert openssl_verify(changed, "-CAfile", messages.world.server.ca_pem).returncode != 0
    run(CMC, "verify", "-T", messages.world.server.ca_pem, changed, ok=1)


def test_cmc_verifies_its_own(messages):
    trust = ["-T", messages.world.server.ca_pem]
    for name in messages.requests:
        run(CMC, "verify", *trust, messages.requests[name])
        run(CMC, "verify", *trust, "--request", messages.requests[name], messages.answers[name])
    # An answer to another request is found out.
    run(CMC, "verify", *trust, "--request", messages.requests["pkcs10"], messages.answers["crmf"],
        ok=1)


@pytest.mark.parametrize("options", [
    [], ["-keyid"], ["-stream"], ["-nosmimecap"], ["-md", "sha384"], ["-md", "sha512"]],
    ids=lambda o: " ".join(o) or "plain")
def test_cmc_verifies_what_openssl_signs(world, options):
    body, out = world.fresh("pkidata"), world.fresh("crq")
    body.write_bytes(craft.pkidata([craft.transaction_id(1), craft.sender_nonce(2)],
                                   [craft.tcr(3, world.csr)]))
    craft.openssl("cms", "-sign", "-binary", "-nodetach", "-econtent_type", craft.PKIDATA, "-in",
                  body, "-signer", world.officer.pem, "-inkey", world.officer.key, "-outform",
                  "DER", "-out", out, *options)
    run(CMC, "verify", "-T", world.server.ca_pem, out)


@pytest.mark.parametrize("kind, pss", [
    ("rsa2048", False), ("rsa2048", True), ("rsa3072", True), ("p384", False), ("p521", False)])
def test_other_keys_and_pss(world, kind, pss):
    officer = world.once("officer_" + kind, lambda: world.register(
        world.issue("officer " + kind, key=world.key_of(kind)), "enroll"))
    body, out = world.fresh("pkidata"), world.fresh("crq")
    body.write_bytes(craft.pkidata([craft.sender_nonce(2, kind.encode() + bytes([pss]) * 16)],
                                   [craft.tcr(3, world.csr)]))
    craft.openssl("cms", "-sign", "-binary", "-nodetach", "-econtent_type", craft.PKIDATA, "-in",
                  body, "-signer", officer.pem, "-inkey", officer.key, "-outform", "DER", "-out",
                  out, *(["-keyopt", "rsa_padding_mode:pss"] if pss else []))
    run(CMC, "verify", "-T", world.server.ca_pem, out)
    _, answer = world.server.post("/cmc", out.read_bytes())
    assert craft.Answer(answer).statuses[0][:3] == ("success", None, [3])


@pytest.mark.parametrize("alg", ["rsa-sha256", "rsa-sha512", "rsa-pss-sha256", "rsa-pss-sha384"])
def test_openssl_verifies_our_rsa(world, alg):
    officer = world.once("officer_rsa2048", lambda: world.register(
        world.issue("officer rsa2048", key=world.key_of("rsa2048")), "enroll"))
    csr, out = world.fresh("csr"), world.fresh("crq")
    csr.write_bytes(world.csr)
    run(CMC, "request", "--signer-cert", officer.pem, "--signer-key", officer.key, "--sig-alg", alg,
        "-o", out, csr)
    done = openssl_verify(out, "-CAfile", world.server.ca_pem)
    assert done.returncode == 0, done.stderr
