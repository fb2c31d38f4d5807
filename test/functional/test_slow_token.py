# SPDX-License-Identifier: Apache-2.0
"""A token that is slow, or hangs: who needs it waits, everybody else does not."""
import http.client
import select
import signal
import socket
import sqlite3
import threading
import time

import pytest

import craft
import hsm
from authority import CMC_REQUEST
from test_token_loss import Place, ocsp

pytestmark = pytest.mark.skipif(bool(hsm.ABSENT), reason=hsm.ABSENT)

TOKEN_SECONDS = 8  # CMC_LIMIT_TOKEN_SECONDS
DESK_REQUESTS = 256  # CMC_LIMIT_DESK_REQUESTS
GRACE_SECONDS = 10


@pytest.fixture
def place(tmp_path_factory):
    place = Place(tmp_path_factory.mktemp("slow"), ("ca", "responder", "ocsp"))
    yield place
    place.server.close()


def get(place, path):
    """How long a GET took, in seconds."""
    begun = time.monotonic()
    assert place.server.request("GET", path)[0] == 200
    return time.monotonic() - begun


def test_others_do_not_wait(place):
    """Half a second for each signature, eight enrolments wait: status, CRL, CA certificate and an
    OCSP answer that is known come as if nothing were."""
    person = place.world.issue("known to OCSP")
    for _ in range(16):  # all four workers have the CRL and the answer
        assert ocsp(place, person) == 0 and get(place, "/ca.crl") < 5
    messages = [place.message() for _ in range(8)]
    place.token.say("delay 500")
    took, outcomes = [], []
    begun = time.monotonic()

    def enroll(message):
        outcomes.append(place.ask(message))
        took.append(time.monotonic() - begun)

    threads = [threading.Thread(target=enroll, args=(m,)) for m in messages]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    gets = []
    while not took:
        gets += [get(place, path) for path in ("/status", "/ca.crl", "/ca.crt")]
    for thread in threads:
        thread.join(30)
    assert outcomes == ["success"] * 8
    assert 0.9 < min(took), "two signatures of half a second each"
    gets.sort()
    p99 = gets[int(len(gets) * 0.99)]
    print("p99 of %d GETs: %.1f ms, slowest %.1f ms; enrolments %.2f to %.2f s" % (
        len(gets), p99 * 1000, gets[-1] * 1000, min(took), max(took)))
    assert len(gets) > 60 and p99 < 0.1
    begun = time.monotonic()
    assert ocsp(place, person) == 0
    assert time.monotonic() - begun < 0.4
    # 8 at a time: all of them together take as long as one, if the machine lets them
    assert max(took) < 4


def test_hangs(place):
    """Nobody waits for ever, not even the end of the server; nothing that was given up is done."""
    message, first = place.message(), place.message()
    before = place.server.counts()
    place.token.say("delay 60000")
    begun = time.monotonic()
    links = []
    for n in range(DESK_REQUESTS + 24):
        link = socket.create_connection(("127.0.0.1", place.server.port))
        body = message if n else first
        link.sendall(b"POST /cmc HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n"
                     b"\r\n%s" % (CMC_REQUEST.encode(), len(body), body))
        links.append(link)
    time.sleep(1)
    refused = select.select(links, [], [], 0)[0]
    assert len(refused) == 24, "those above CMC_LIMIT_DESK_REQUESTS are told at once"
    for link in refused:
        answer = link.recv(4096)
        assert answer.startswith(b"HTTP/1.1 503") and b"too many requests" in answer
        assert b"Retry-After" in answer
    assert get(place, "/status") < 1
    assert get(place, "/ca.crt") < 1
    answer = links[0].recv(4096)
    waited = time.monotonic() - begun
    assert answer.startswith(b"HTTP/1.1 503") and b"CMC_LIMIT_TOKEN_SECONDS" in answer
    assert TOKEN_SECONDS - 1 < waited < TOKEN_SECONDS + 3
    for link in links:
        link.close()
    # The desks hang still; one more waits when the end comes.
    link = http.client.HTTPConnection("127.0.0.1", place.server.port, timeout=20)
    link.request("POST", "/cmc", message, {"Content-Type": CMC_REQUEST})
    took = place.server.stop()
    print("SIGTERM to the end: %.1f s" % took)
    assert took < GRACE_SECONDS + 2
    assert link.getresponse().status == 503
    after = place.server.counts()
    assert after.certs == before.certs
    place.token.say("ok")
    place.server.start()
    assert place.ask(message) == "success"
    assert place.server.counts().certs == before.certs + 1
    place.server.audit_verify()


def test_crl_hangs_at_the_end(tmp_path):
    """The CRL that is made by the clock hangs in the token: the end comes all the same, and says
    why. So does a reload, and what it retires."""
    place = Place(tmp_path, ("ca",))  # the responder's key is in a file: checkpoints need no token
    try:
        place.server.stop()
        with sqlite3.connect(place.server.database) as db:
            db.execute("DELETE FROM crl")  # one is due at once
        before = place.token.count()["signatures"]
        place.token.say("delay 60000")
        place.server.start()
        give_up = time.monotonic() + 10
        while place.token.count()["signatures"] == before:
            assert time.monotonic() < give_up, "no CRL is being made"
            time.sleep(0.05)
        begun = time.monotonic()
        place.server.process.send_signal(signal.SIGHUP)
        while not place.log_lines("reload"):
            assert time.monotonic() < begun + 5, place.server.log_text()
            time.sleep(0.05)
        took = place.server.stop()
        assert took < TOKEN_SECONDS + 3, "both generations' threads at once"
        assert "a token hangs" in place.server.log_text()
        place.token.say("ok")
        place.server.start()
        assert place.server.request("GET", "/ca.crl")[0] == 200
        place.server.audit_verify()
    finally:
        place.server.close()
