# SPDX-License-Identifier: Apache-2.0
"""Nothing acknowledged is lost, and nothing is done twice."""
import concurrent.futures
import http.client
import os
import signal
import socket
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


def test_the_same_message_in_another_form(world):
    """Asked for otherwise, the answer is given otherwise, and is still about one certificate."""
    request = craft.csr(world.key, "once, in two forms")
    before = world.server.counts()
    _, first = world.server.post("/pkcs10", request, "application/pkcs10", tls=world.officer)
    headers, second = world.server.post("/pkcs10", request, "application/pkcs10",
                                        headers={"Accept": "application/pkix-cert"},
                                        tls=world.officer)
    assert headers["content-type"] == "application/pkix-cert"
    assert [c.der for c in craft.Answer(first).certs] == [second]
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
    """SIGTERM: a request that is under way is answered, and then cmcd ends with status 0."""
    message = enrolment(own)
    link = socket.create_connection(("127.0.0.1", own.server.port), timeout=20)
    head = ("POST /cmc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/pkcs7-mime\r\n"
            "Content-Length: %d\r\n\r\n" % len(message)).encode()
    link.sendall(head + message[:len(message) // 2])
    time.sleep(0.3)
    own.server.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", own.server.port), timeout=5)
    link.sendall(message[len(message) // 2:])
    answer = http.client.HTTPResponse(link)
    answer.begin()
    assert answer.status == 200
    assert craft.Answer(answer.read()).statuses[0][0] == "success"
    link.close()
    assert own.server.process.wait(timeout=20) == 0, own.server.log_text()
    own.server.process = None


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
