# SPDX-License-Identifier: Apache-2.0
"""The same server and people as for the functional tests, and files of what they say."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "functional"))

import craft  # noqa: E402
from authority import CMC, folder, run, server, world  # noqa: E402,F401


class Messages:
    """Requests made by cmc and answers made by cmcd, as files."""

    def __init__(self, world):
        w, folder = world, world.folder
        self.world = w
        self.requests, self.answers = {}, {}
        signer = ["--signer-cert", w.officer.pem, "--signer-key", w.officer.key]
        for name, options, more in [
                ("pkcs10", [], []), ("crmf", ["--form", "crmf", "--id", "77"], []),
                ("ski", [], ["--sid", "ski"]), ("data-return", [], ["--data-return", "ping"])]:
            csr, key, out = w.fresh("csr"), w.fresh("key"), folder / (name + ".crq")
            run(CMC, "csr", "--new-key", "ec:P-256", "--key-out", key, "-s", "CN=" + name,
                "--san", "DNS:interop.example", *options, "-o", csr)
            run(CMC, "request", *signer, *more, "-o", out, csr)
            self.requests[name] = out
        two = folder / "two.crq"
        csrs = []
        for kind in ("rsa:2048", "ed25519"):
            csr, key = w.fresh("csr"), w.fresh("key")
            run(CMC, "csr", "--new-key", kind, "--key-out", key, "-s", "CN=two", "-o", csr)
            csrs.append(csr)
        run(CMC, "request", *signer, "-o", two, *csrs)
        self.requests["two"] = two
        for name, request in self.requests.items():
            answer = folder / (name + ".crp")
            run(CMC, "submit", "-u", w.server.url + "/cmc", "-a", "cmc", "-T", w.server.ca_pem,
                "-o", answer, request)
            self.answers[name] = answer
        self.answers["failed"] = folder / "failed.crp"
        _, body = w.server.post("/cmc", craft.message(
            craft.pkidata([craft.transaction_id(1), craft.sender_nonce(2, os.urandom(16)),
                           craft.revoke_request(3, w.server.ca.subject, craft.integer(4711))]),
            w.officer.cert, w.officer.key))
        self.answers["failed"].write_bytes(body)


@pytest.fixture(scope="module")
def messages(world):
    return Messages(world)
