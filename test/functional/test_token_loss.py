# SPDX-License-Identifier: Apache-2.0
"""A server whose keys are in a token that is pulled, forgets its sessions, or wants another PIN."""
import http.client
import json
import threading
import time

import pytest

import craft
import hsm
from authority import CMCD, CMC_REQUEST, CONFIG, Server, World, run

pytestmark = pytest.mark.skipif(bool(hsm.ABSENT), reason=hsm.ABSENT)

OCSP = "ocsp: {{path: /ocsp, certificate: ocsp.crt, key: ocsp.key, minutes: 30}}\nlisten:"
LATER = "tryLater"
BACK_SECONDS = 8  # within which a token that is back is used again


class Place:
    """A server with keys in a token of its own."""

    def __init__(self, folder, keys):
        self.server = Server(folder, CONFIG.replace("workers: 2", "workers: 4").replace(
            "listen:", OCSP, 1))
        self.token = hsm.Hsm(folder / "hsm")
        hsm.move_keys(self.server, self.token, keys)
        self.server.start()
        self.world = World(folder, self.server)
        self.csr = craft.csr(craft.new_key(folder / "load.key"))
        self.n = 0

    def message(self):
        """An enrolment like none before."""
        self.n += 1
        body = craft.pkidata([craft.transaction_id(1, 1000 + self.n), craft.sender_nonce(2)],
                             [craft.tcr(10, self.csr)])
        return craft.message(body, self.world.officer.cert, self.world.officer.key)

    def ask(self, message, link=None):
        """How an enrolment went: "success", or "tryLater" by either way of saying it."""
        if link is None:
            link = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        link.request("POST", "/cmc", message, {"Content-Type": CMC_REQUEST})
        answer = link.getresponse()
        body = answer.read()
        if answer.status == 503:
            assert answer.getheader("Retry-After") is not None
            return LATER
        assert answer.status == 200, body
        status, info = craft.Answer(body).statuses[0][:2]
        return status if status == "success" else info

    def until(self, message, outcome="success", seconds=BACK_SECONDS):
        give_up = time.monotonic() + seconds
        while (got := self.ask(message)) != outcome:
            assert time.monotonic() < give_up, (got, self.server.log_text())
            time.sleep(0.05)

    def log_lines(self, event):
        lines = (self.server.folder / "log").read_text().splitlines()
        return [line for line in lines if event in line]

    def token_state(self):
        status = json.loads(self.server.request("GET", "/status")[2])
        assert len(status["tokens"]) == 1 and status["tokens"][0]["token"] == "pulled hsm"
        return status["tokens"][0]["state"]


def made(tmp_path_factory, name, keys):
    place = Place(tmp_path_factory.mktemp(name), keys)
    yield place
    ended = place.server.process is not None and place.server.process.poll() is not None
    place.server.close()
    assert not ended, "cmcd ended during the tests:\n" + place.server.log_text()


@pytest.fixture
def place(tmp_path_factory):
    """CA, responder and OCSP keys in the token."""
    yield from made(tmp_path_factory, "all", ("ca", "responder", "ocsp"))


@pytest.fixture
def ca_alone(tmp_path_factory):
    """The CA's key in the token, the responder's in a file: it can say what is wrong."""
    yield from made(tmp_path_factory, "ca", ("ca",))


def ocsp(place, person):
    """The OCSPResponseStatus of an answer about somebody."""
    ask = place.server.folder / "ask.ocsp"
    craft.openssl("ocsp", "-issuer", place.server.ca_pem, "-cert", person.pem, "-no_nonce",
                  "-reqout", ask)
    status, _, body = place.server.request("POST", "/ocsp", ask.read_bytes(),
                                           "application/ocsp-request")
    assert status == 200
    return craft.parse(body)[0].content[0]


def test_login_once(place):
    """Four workers, one login; serving searches for nothing in the token."""
    before = place.token.count()
    assert before["logins"] == 1
    person = place.world.issue("login once")
    for _ in range(12):
        assert place.ask(place.message()) == "success"
    assert place.server.request("GET", "/ca.crl")[0] == 200
    assert ocsp(place, person) == 0
    after = place.token.count()
    assert after["logins"] == 1 and after["finds"] == before["finds"]
    # 13 certificates, 13 answers, one OCSP answer; the CRL may have been made before
    assert after["signatures"] >= before["signatures"] + 2 * 13 + 1
    assert place.token_state() == "there"
    assert "good: token 'pulled hsm' is there" in place.server.cmcd("doctor").stdout.decode()


def test_pulled_under_load(place):
    """Pulled while eight connections enrol: tryLater for as long as it is away, all of them in the
    end, none twice; CRL and status go on, OCSP says tryLater."""
    person = place.world.issue("before")
    other = place.world.issue("asked for later")
    assert ocsp(place, person) == 0
    crl = place.server.request("GET", "/ca.crl")[2]
    messages = [place.message() for _ in range(160)]
    before = place.server.counts().certs
    logins = place.token.count()["logins"]
    done, later, lock = [], [], threading.Lock()

    def load(share):
        link = http.client.HTTPConnection("127.0.0.1", place.server.port, timeout=20)
        for message in share:
            while (got := place.ask(message, link)) != "success":
                assert got == LATER, got
                with lock:
                    later.append(time.monotonic())
                time.sleep(0.05)
            with lock:
                done.append(time.monotonic())

    threads = [threading.Thread(target=load, args=(messages[i::8],)) for i in range(8)]
    for thread in threads:
        thread.start()
    while len(done) < 20:
        time.sleep(0.002)
    place.token.say("away")
    pulled = time.monotonic()
    while len(later) < 8:
        assert time.monotonic() < pulled + 10, place.server.log_text()
        time.sleep(0.005)
    assert len(done) < len(messages)
    assert place.token_state() == "away"
    assert place.server.request("GET", "/ca.crl")[2] == crl
    assert place.server.request("GET", "/ca.crt")[0] == 200
    assert ocsp(place, other) == 3
    held = len(done)
    time.sleep(0.7)
    assert len(done) == held, "something was issued without the token"
    place.token.say("ok")
    back = time.monotonic()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive(), place.server.log_text()
    assert len(done) == len(messages)
    assert min(t for t in done if t > back) - back < BACK_SECONDS
    assert place.server.counts().certs == before + len(messages)
    assert place.token_state() == "there"
    assert ocsp(place, other) == 0
    assert len(place.log_lines("token-away")) == 1 and len(place.log_lines("token-back")) == 1
    assert place.token.count()["logins"] == logins + 1
    place.server.audit_verify()
    place.server.stop()


def test_crl_while_away(ca_alone):
    """A revocation needs no CA key; the CRL that would show it comes with the token."""
    place = ca_alone
    person = place.world.issue("revoked while away")
    old = place.server.request("GET", "/ca.crl")[2]
    place.token.say("away")
    assert place.ask(place.message()) == LATER
    assert place.world.revoke(person).statuses[0][0] == "success"
    assert place.server.request("GET", "/ca.crl")[2] == old
    place.token.say("ok")
    give_up = time.monotonic() + BACK_SECONDS
    while place.server.request("GET", "/ca.crl")[2] == old:
        assert time.monotonic() < give_up
        time.sleep(0.05)
    good, words = place.server.openssl_verify(person.pem, place.server.folder)
    assert not good and "revoked" in words


def test_what_is_said(ca_alone):
    """Signed by the responder: failed, tryLater, and nothing is issued or remembered."""
    place = ca_alone
    message = place.message()
    place.token.say("away")
    before = place.server.counts().certs
    _, body = place.server.post("/cmc", message)
    answer = craft.Answer(body)
    assert answer.statuses[0][:2] == ("failed", LATER)
    assert not [c for c in answer.certs if c.spki == craft.public_key(
        place.server.folder / "load.key")]
    assert place.server.counts().certs == before
    doctor = place.server.cmcd("doctor", ok=1).stdout.decode()
    assert "error: " in doctor and "no such token" in doctor
    place.token.say("ok")
    place.until(message)
    assert place.server.counts().certs == before + 1


@pytest.mark.parametrize("line", ["forget %d", "logout %d", "lose 1"])
def test_forgotten(place, line):
    """Sessions or login gone while the token is there: nobody who asks notices."""
    for n in range(2):
        place.token.say(line % n if "%" in line else line + " " * n)
        assert place.ask(place.message()) == "success"
        assert place.ask(place.message()) == "success"
    assert not place.log_lines("token-away") and len(place.log_lines("token-back")) == 2


def test_other_pin(place):
    """A PIN that is refused is not offered again; another one is."""
    place.token.say("away")
    assert place.ask(place.message()) == LATER
    logins = place.token.count()["logins"]
    place.token.set_pin("9999")
    place.token.say("ok")
    give_up = time.monotonic() + 5
    while time.monotonic() < give_up:
        assert place.ask(place.message()) == LATER
        time.sleep(0.1)
    assert place.token.count()["logins"] == logins + 1
    assert place.token_state() == "away"
    place.token.set_pin(hsm.PIN)
    place.until(place.message())
    assert place.token.count()["logins"] == logins + 2
    assert len(place.log_lines("token-away")) == 1


def test_wrong_pin_at_the_start(tmp_path):
    """However many keys of the token are wanted, it hears the wrong PIN once."""
    server = Server(tmp_path, CONFIG)
    token = hsm.Hsm(tmp_path / "hsm")
    hsm.move_keys(server, token, ("ca", "responder"))
    token.set_pin("9999")
    done = server.cmcd("doctor", ok=1).stdout.decode()
    assert token.count()["logins"] == 1 and "password is wrong" in done
    server.close()


def test_doctor_looks_at_who_reads_the_password(place):
    """A token's password in a file is as secret as the key."""
    place.token.pin.chmod(0o640)
    done = run(CMCD, "doctor", "-c", place.server.conf, env=place.server.env, ok=1)
    words = done.stdout.decode()
    for name in ("CA", "responder", "OCSP"):
        assert "password of the token of the %s key %s: mode 0640" % (name, place.token.pin) in words
