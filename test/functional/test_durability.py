# SPDX-License-Identifier: Apache-2.0
"""Nothing acknowledged is lost, and nothing is done twice."""
import concurrent.futures
import http.client
import os
import sqlite3
import threading
import time

import pytest

import craft
from authority import Server, World


@pytest.fixture
def own(tmp_path):
    """A server that a test may kill."""
    s = Server(tmp_path)
    s.start()
    yield World(tmp_path, s)
    s.close()


def enrolment(world, number=0):
    """A new message each time: its nonce differs."""
    data = craft.pkidata([craft.transaction_id(1, number), craft.sender_nonce(2, os.urandom(16))],
                         [craft.tcr(10, world.csr)])
    return craft.message(data, world.officer.cert, world.officer.key)


def test_the_same_message_again(world):
    """The same octets of answer, and one certificate."""
    message = enrolment(world)
    before = world.server.counts()
    _, first = world.server.post("/cmc", message)
    _, second = world.server.post("/cmc", message)
    assert first == second
    assert world.server.counts().certs == before.certs + 1
    # The same for a bare PKCS#10.
    request = craft.csr(world.key, "once, bare")
    before = world.server.counts()
    answers = {world.server.post("/pkcs10", request, "application/pkcs10", tls=world.officer)[1]
               for _ in range(3)}
    assert len(answers) == 1
    assert world.server.counts().certs == before.certs + 1


def test_the_same_message_at_the_same_time(world):
    """Twelve copies on twelve connections: one certificate, one answer."""
    message = enrolment(world)
    before = world.server.counts()
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = set(pool.map(lambda _: world.server.post("/cmc", message)[1], range(12)))
    assert len(answers) == 1
    assert world.server.counts().certs == before.certs + 1


def test_the_same_revocation_again(world):
    person = world.issue("revoked once")
    data = craft.pkidata([craft.sender_nonce(1, os.urandom(16)), craft.revoke_request(
        10, person.cert.issuer, person.cert.serial_der)])
    message = craft.message(data, world.officer.cert, world.officer.key)
    assert world.server.post("/cmc", message)[1] == world.server.post("/cmc", message)[1]


def test_the_same_message_after_a_restart(own):
    message = enrolment(own)
    _, first = own.server.post("/cmc", message)
    own.server.stop()
    own.server.start()
    assert own.server.post("/cmc", message)[1] == first
    own.server.audit_verify()


@pytest.mark.parametrize("turn", range(3))
def test_killed_under_load(own, turn):
    """SIGKILL while eight clients enrol: each answer that arrived is there afterwards, the
    database is whole, and a message that got no answer gets one now."""
    world, server = own, own.server
    messages = [enrolment(world, i) for i in range(250)]
    acknowledged, lost, lock = {}, [], threading.Lock()
    todo = iter(enumerate(messages))

    def client():
        while True:
            with lock:
                i, message = next(todo, (None, None))
            if i is None:
                return
            try:
                status, _, answer = server.request("POST", "/cmc", message,
                                                   "application/pkcs7-mime")
                assert status == 200
                acknowledged[i] = answer
            except (OSError, EOFError, http.client.HTTPException):
                lost.append(i)
                return

    threads = [threading.Thread(target=client) for _ in range(8)]
    for t in threads:
        t.start()
    while len(acknowledged) < 30 + 30 * turn:
        time.sleep(0.001)
    server.kill()
    for t in threads:
        t.join()
    assert 0 < len(acknowledged) < len(messages)
    server.start()
    db = sqlite3.connect("file:%s?mode=ro" % server.database, uri=True)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    serials = {bytes(s) for (s,) in db.execute("SELECT serial FROM cert")}
    db.close()
    for i, answer in acknowledged.items():
        cert = [c for c in craft.Answer(answer).certs if c.spki == craft.public_key(world.key)][0]
        assert cert.serial in serials, "answer %d was acknowledged and is lost" % i
        assert server.post("/cmc", messages[i])[1] == answer
    for i in lost:
        assert craft.Answer(server.post("/cmc", messages[i])[1]).statuses[0][0] == "success"
    server.audit_verify()


def test_stops_gracefully(own):
    """SIGTERM: what is under way is answered, and then cmcd ends with status 0."""
    world = own
    answers = []

    def client():
        answers.append(world.server.post("/cmc", enrolment(world))[1])

    threads = [threading.Thread(target=client) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert world.server.stop() < 10
    assert len(answers) == 4


def test_the_audit_chain_is_watched(own):
    """A record that is changed behind the server's back is found."""
    own.issue("recorded")
    own.server.stop()
    own.server.audit_verify()
    db = sqlite3.connect(own.server.database)
    db.execute("UPDATE audit SET json = json || ' ' WHERE seq = (SELECT max(seq) - 1 FROM audit)")
    db.commit()
    db.close()
    own.server.cmcd("audit", "verify", ok=1)
    own.server.start()
