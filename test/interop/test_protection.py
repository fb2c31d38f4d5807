# SPDX-License-Identifier: Apache-2.0
"""BouncyCastle opens our envelopes; we open its envelopes and MACs by password."""
import pathlib
import subprocess

import pytest

import craft
from authority import CMC, run
from test_bouncycastle import JARS


@pytest.fixture(scope="module")
def bc(tmp_path_factory):
    classes = tmp_path_factory.mktemp("classes")
    run("javac", "-cp", JARS, "-d", classes, pathlib.Path(__file__).parent / "ProtectCmc.java")

    def call(*args):
        done = subprocess.run(["java", "-XX:TieredStopAtLevel=1", "-cp",
                               "%s:%s" % (classes, JARS), "ProtectCmc", *map(str, args)],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return call


def pkcs8(world, key):
    out = world.fresh("der")
    craft.openssl("pkcs8", "-topk8", "-nocrypt", "-in", str(key), "-outform", "DER", "-out",
                  str(out))
    return out


@pytest.mark.parametrize("kind, form", [("RSA", "authenveloped"), ("RSA", "enveloped"),
                                        ("EC", "enveloped")])
def test_opens_ours(world, bc, kind, form):
    """EC in an AuthEnvelopedData is what BouncyCastle 1.72 has no class for."""
    w = world
    key = craft.new_key(w.fresh("key"), "rsa2048" if kind == "RSA" else "ec")
    cert, csr, request, out = w.fresh("crt"), w.fresh("csr"), w.fresh("crq"), w.fresh("out")
    craft.openssl("req", "-x509", "-key", str(key), "-subj", "/CN=bc", "-out", str(cert))
    run(CMC, "csr", "--new-key", "ec:P-256", "--key-out", w.fresh("key"), "-s", "CN=inside",
        "-o", csr, "--der")
    run(CMC, "request", "--signer-cert", w.officer.pem, "--signer-key", w.officer.key,
        "--encrypt-to", cert, "--encrypt-with", form, "-o", request, csr)
    bc("open", kind, pkcs8(w, key), request, out)
    content = out.read_bytes()
    assert content[0] == 0x30 and csr.read_bytes() in content
    # it is a SignedData, whole and without a ContentInfo around it
    signed = craft.seq(craft.oid("1.2.840.113549.1.7.2"), craft.ctx(0, content))
    path = w.fresh("der")
    path.write_bytes(signed)
    assert csr.read_bytes() in craft.openssl("cms", "-verify", "-noverify", "-binary", "-inform",
                                             "DER", "-in", str(path))


def test_mac_by_password(world, bc):
    w = world
    body, message, secret = w.fresh("der"), w.fresh("der"), w.fresh("secret")
    body.write_bytes(craft.pkidata([craft.transaction_id(1)]))
    secret.write_text("the secret of alice\n")
    bc("mac", "alicethe secret of alice", body, message)
    shown = run(CMC, "show", message, "--secret-file", secret, "--secret-name", "alice")
    assert "the MAC verifies" in shown.stdout.decode()
    shown = run(CMC, "show", message, "--secret-file", secret, "--secret-name", "bob")
    assert "not shown to be right" in shown.stdout.decode()


def test_envelope_by_password(world, bc):
    w = world
    inner, message, secret = w.fresh("der"), w.fresh("der"), w.fresh("secret")
    inner.write_bytes(craft.message(craft.pkidata([craft.transaction_id(1, 4711)]),
                                    w.officer.cert, w.officer.key))
    secret.write_text("the secret of alice\n")
    bc("envelope", "alicethe secret of alice", inner, message)
    shown = run(CMC, "show", "--brief", message, "--secret-file", secret, "--secret-name", "alice")
    assert "id-cmc-transactionId" in shown.stdout.decode()
