# SPDX-License-Identifier: Apache-2.0
"""What client and authority agreed upon before: names that came with a secret, and information
that is nobody else's matter."""
import os

import pytest

import craft
from authority import CMC, CONFIG, Server, World, run

AGREED = CONFIG.replace("listen:\n", "secrets: {{key: secrets.key, failures: 50}}\nlisten:\n") + """\
  - {{path: /secret, accept: [cmc], answer: [cmc], profile: client, officer: required,
     secrets: true}}
  - {{path: /told, accept: [cmc], answer: [cmc], profile: client, officer: required,
     response-info: "call 1234 for help"}}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agreed")
    server = Server(folder, AGREED)
    server.start()
    yield World(folder, server)
    server.close()


def enroll(world, subject, secret, *args, ok=True):
    cert = world.fresh("crt")
    done = run(CMC, "enroll", "-u", world.server.url + "/secret", "-T", world.server.ca_pem,
               "--new-key", "ec:P-256", "--key-out", world.fresh("key"), "-s", subject,
               "--secret-file", secret, "--pop-link", "none", "-o", cert, *args, ok=ok)
    return done, cert


# [10002-6.3.2-b, 10002-6.3.2-c, 10002-6.3.2-d]
def test_the_name_that_came_with_the_secret(world):
    """Without a POP link the subject is the link: that one, no other, and not none. The proof is
    in the message; the server would not believe it otherwise."""
    secret = world.fresh("secret")
    secret.write_bytes(world.server.cmcd("secret", "add", "dev-1", "--subject",
                                         "CN=device 1").stdout)
    done, cert = enroll(world, "CN=device 2", secret, "-i", "dev-1", ok=1)
    assert b"failed" in done.stderr and not cert.exists()
    out, key = world.fresh("csr"), world.fresh("key")
    run(CMC, "csr", "--new-key", "ec:P-256", "--key-out", key, "-s", "", "-o", out)
    nameless = world.fresh("crt")
    done = run(CMC, "enroll", "-u", world.server.url + "/secret", "-T", world.server.ca_pem,
               "--csr", out, "--officer-cert", world.officer.pem, "--officer-key",
               world.officer.key, "--secret-file", secret, "-i", "dev-1", "--pop-link", "none",
               "-o", nameless, ok=2)
    assert b"no subject" in done.stderr and not nameless.exists()
    _, cert = enroll(world, "CN=device 1", secret, "-i", "dev-1")
    assert b"device 1" in world.person("x", world.fresh("key"), cert).cert.subject


# [10002-6.12-u1, 10004-5.2-w]
def test_registration_information(world):
    """regInfo does not change what is issued; the audit log has it."""
    cert = world.fresh("crt")
    run(CMC, "enroll", "-u", world.server.url + "/cmc", "-T", world.server.ca_pem, "--new-key",
        "ec:P-256", "--key-out", world.fresh("key"), "-s", "CN=registered", "--reg-info",
        "customer 4711", "--officer-cert", world.officer.pem, "--officer-key", world.officer.key,
        "-o", cert)
    assert b"registered" in world.person("x", world.fresh("key"), cert).cert.subject
    log = world.server.cmcd("audit", "export").stdout.decode()
    assert b"customer 4711".hex() in log.lower()


# [10002-6.12-u1, 10004-5.2-x]
def test_response_information(world):
    """responseInfo where the endpoint has one, as it is, and nowhere else."""
    for path, want in ("/told", b"call 1234 for help"), ("/cmc", None):
        body = craft.pkidata([craft.sender_nonce(1, os.urandom(16))], [craft.tcr(10, world.csr)])
        _, answer = world.server.post(path, craft.message(body, world.officer.cert,
                                                          world.officer.key))
        got = craft.Answer(answer)
        assert got.statuses[0][0] == "success"
        info = got.control(19)
        assert (None if info is None else info.content) == want
