# SPDX-License-Identifier: Apache-2.0
"""What cmc makes of answers that a server makes up: each status and failInfo, with its exit code and
what to do next; and answers that are late, changed or for somebody else. For what the real cmcd
says there is test_every_answer.py."""
import json

import pytest

import craft
from authority import CMC, CONFIG, Server, World, run
from der import octets, oid, parse, seq, tlv
from teller import Teller, status_info

OK, FAILED, USAGE, LOCAL, PENDING, TRY_LATER, NOT_TRUSTED = range(7)
FAILURES = craft.FAIL_INFO


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("answers")
    server = Server(folder, CONFIG.replace(
        "listen:\n", "secrets: {{key: secrets.key, failures: 50}}\nlisten:\n") + """\
  - {{path: /secret, accept: [cmc], answer: [cmc], profile: client, officer: required,
     secrets: true, revoke: {{allow: true}}}}
""")
    server.start()
    yield World(folder, server)
    server.close()


def officer(world):
    return ["--officer-cert", world.officer.pem, "--officer-key", world.officer.key]


def enroll(world, url, *args, ok=True, kind="ec:P-256"):
    """(done, key, certificate file)."""
    key, cert = world.fresh("key"), world.fresh("crt")
    done = run(CMC, "enroll", "-u", url, "-T", world.server.ca_pem, *officer(world), "--new-key",
               kind, "--key-out", key, "-s", "CN=alice", "-o", cert, *args, ok=ok)
    return done, key, cert


def told(world, *statuses):
    """A teller that answers each request with these status controls and the right echoes."""
    def script(asked, _):
        controls = [status_info(n + 1, ids=asked.ids(), **how) for n, how in enumerate(statuses)]
        return teller.answer(controls + asked.echoes(90))

    teller = Teller(world, script)
    return teller


# -- each failInfo and status through the real client -----------------------------------------

@pytest.mark.parametrize("number", range(14))
def test_fail_info(world, number):
    """Name, advice and exit code; nothing is saved. [10002-5-a]"""
    with told(world, dict(status=2, fail=number, text="because")) as teller:
        done, _, cert = enroll(world, teller.url, ok=None)
        assert done.returncode == (TRY_LATER if FAILURES[number] == "tryLater" else FAILED)
        lines = done.stderr.decode().splitlines()
        assert "failed %s" % FAILURES[number] in lines[0] and lines[0].endswith(": because")
        assert lines[1].startswith("cmc enroll: what to do: ")
        assert "the new key stays" in lines[2] and len(lines) == 3
        assert not cert.exists()
        done, _, _ = enroll(world, teller.url, "--json", ok=None)
        said = json.loads(done.stdout)
        assert said["result"] == "failed"
        assert said["statuses"][0]["failInfo"] == FAILURES[number] and said["statuses"][0]["advice"]


STATUSES = {2: FAILED, 3: PENDING, 4: FAILED, 6: FAILED, 7: PENDING}


@pytest.mark.parametrize("number", STATUSES)
def test_status(world, number):
    pending = b"token" if number in (3, 7) else None
    with told(world, dict(status=number, pending=pending)) as teller:
        done, _, cert = enroll(world, teller.url, ok=STATUSES[number])
        lines = done.stderr.decode().splitlines()
        assert craft.STATUS[number] in lines[0] and "what to do: " in lines[1]
        assert not cert.exists()


def test_nothing_to_confirm(world):
    """confirmRequired, and no certificate comes with it."""
    with told(world, dict(status=5)) as teller:
        done, _, cert = enroll(world, teller.url, ok=FAILED)
        assert b"no certificate for the requested key" in done.stderr and not cert.exists()
        assert len(teller.asked) == 2  # the server is told that it is rejected


@pytest.mark.parametrize("number, words", [(1234, "private"), (99, "in no RFC")])
def test_numbers_that_nobody_knows(world, number, words):
    """[10002-6.1.4-b]"""
    with told(world, dict(status=2, fail=number)) as teller:
        done, _, _ = enroll(world, teller.url, ok=FAILED)
        assert ("failInfo %d" % number) in done.stderr.decode() and words in done.stderr.decode()


@pytest.mark.parametrize("tag", [None, 0xa1])
def test_extended_fail_info_is_an_internal_error(world, tag):
    """In both encodings. [10002-6.1.1-u4, 10002-6.1-e]"""
    value = seq(oid("1.3.6.1.4.1.99999.1"), octets(b"x"))
    extended = value if tag is None else bytes([tag]) + value[1:]
    with told(world, dict(status=2, extended=extended)) as teller:
        done, _, _ = enroll(world, teller.url, ok=FAILED)
        assert b"internalCAError" in done.stderr and b"CA's side" in done.stderr


def test_several_statuses_for_one_part(world):
    """The worst decides; each is said. [10002-6.1-b, 10002-6.1-d, 10004-5.2-b]"""
    with told(world, dict(status=0), dict(status=2, fail=2), dict(status=2, fail=2, number=1),
              dict(status=3, pending=b"t")) as teller:
        done, _, cert = enroll(world, teller.url, ok=FAILED)
        text = done.stderr.decode()
        assert text.count("failed badRequest") == 1 and "pending" in text
        assert not cert.exists()


def test_version_1_alone(world):
    with told(world, dict(status=2, fail=12, number=1)) as teller:
        done, _, _ = enroll(world, teller.url, ok=TRY_LATER)
        assert b"tryLater" in done.stderr


def test_no_status_is_success(world):
    """[10002-6.1.1-a, 10002-6.1.2-b, 10002-6.1.2-u1]"""
    def script(asked, _):
        return teller.changed(teller.real(asked), lambda controls: [
            c.whole for c in controls if c[1].oid() != craft.CMC + "25"])

    with Teller(world, script) as teller:
        _, _, cert = enroll(world, teller.url)
        assert cert.exists()


# -- echoes -------------------------------------------------------------------------------------

@pytest.mark.parametrize("number, words", [(7, b"recipientNonce"), (5, b"transactionId")])
@pytest.mark.parametrize("how", ["another", "missing"])
def test_for_somebody_else(world, number, words, how):
    """[10002-6.6-u2, 10002-6.6-u4]"""
    def change(controls):
        out = []
        for c in controls:
            whole = c.whole
            if c[1].oid() == craft.CMC + str(number):
                if how == "missing":
                    continue
                whole = bytearray(whole)
                whole[-1] ^= 1
            out.append(bytes(whole))
        return out

    with Teller(world, lambda asked, _: teller.changed(teller.real(asked), change)) as teller:
        done, _, cert = enroll(world, teller.url, ok=NOT_TRUSTED)
        assert words in done.stderr and how.encode() in done.stderr and not cert.exists()


def test_tampered_answer(world):
    """Any octet of the content that is changed on the way: not trusted."""
    def script(asked, _):
        body = bytearray(teller.real(asked))
        body[body.index(b"\x06\x08\x2b\x06\x01\x05\x05\x07\x07\x19") + 20] ^= 1
        return bytes(body)

    with Teller(world, script) as teller:
        done, _, cert = enroll(world, teller.url, ok=None)
        assert done.returncode == NOT_TRUSTED and not cert.exists(), done.stderr


def test_another_ca(world):
    """[10002-9-b]: the chain decides, and then the purpose of the responder."""
    key, cert = world.fresh("key"), world.fresh("crt")
    done = run(CMC, "enroll", "-u", world.server.url + "/cmc", "-T", world.stranger.pem,
               *officer(world), "--new-key", "ec:P-256", "--key-out", key, "-s", "CN=x", "-o", cert,
               ok=NOT_TRUSTED)
    assert b"no trusted path" in done.stderr and not cert.exists()


def test_simple_answer_to_a_full_request(world):
    """[10002-4.1-a, 10002-3.1-a]"""
    _, key, cert = enroll(world, world.server.url + "/cmc", "--answer", "certs-only")
    assert cert.exists()


def test_self_signed_is_offered_and_not_trusted(world):
    """[10002-4.1-e, 10002-4.1-f, 10002-4.1-g, 10002-4.2-e, 10002-4.2-f, 10002-4.2-g]"""
    stranger = craft.pem_to_der(world.stranger.pem)

    def script(asked, _):
        real = craft.Answer(teller.real(asked))
        return teller.answer(asked.echoes(90), [c.der for c in real.certs] + [stranger])

    with Teller(world, script) as teller:
        out = world.fresh("pem")
        done, _, cert = enroll(world, teller.url, "--save-self-signed", out)
        assert cert.exists() and stranger in [
            craft.openssl("x509", "-outform", "DER", data=(p + "-----END CERTIFICATE-----\n").encode())
            for p in out.read_text().split("-----END CERTIFICATE-----\n")[:-1]]
        assert b"CN=stranger" in done.stderr and b"not trusted" in done.stderr
        # What an answer brought does not make the next one trusted.
        key, other = world.fresh("key"), world.fresh("crt")
        run(CMC, "enroll", "-u", teller.url, "-T", world.stranger.pem, *officer(world), "--new-key",
            "ec:P-256", "--key-out", key, "-s", "CN=x", "-o", other, ok=NOT_TRUSTED)


def with_crl(world, body):
    """The same message with the CA's CRL beside the certificates."""
    data = parse(body)[1][0]
    crl = world.server.request("GET", "/ca.crl")[2]
    parts = [p.whole for p in data.parts]
    at = next(i for i, p in enumerate(data.parts) if p.tag == 0xa0) + 1
    return seq(oid(craft.SIGNED_DATA), tlv(0xa0, seq(*parts[:at], tlv(0xa1, crl), *parts[at:])))


@pytest.mark.parametrize("form", ["cmc", "certs-only"])
def test_crls_come_along(world, form):
    """[10002-4.1-d, 10002-4.2-d]"""
    def script(asked, _):
        accept = {"cmc": "CMC-Response", "certs-only": "certs-only"}[form]
        body = world.server.post("/cmc", asked.body, headers={
            "Accept": "application/pkcs7-mime; smime-type=" + accept})[1]
        return with_crl(world, body)

    with Teller(world, script) as teller:
        _, key, cert = enroll(world, teller.url)
        assert cert.exists()


# -- HTTP ---------------------------------------------------------------------------------------

def test_http_error_with_a_refusal_is_read(world):
    with told(world, dict(status=2, fail=7)) as teller:
        inner = teller.script
        teller.script = lambda asked, n: (403, inner(asked, n))
        done, _, _ = enroll(world, teller.url, ok=FAILED)
        assert b"badIdentity" in done.stderr


def test_http_error_is_no_success(world):
    """[10003-6-u4]"""
    with Teller(world, lambda asked, _: (500, teller.real(asked))) as teller:
        done, _, cert = enroll(world, teller.url, ok=LOCAL)
        assert b"HTTP 500" in done.stderr and not cert.exists()


def test_http_503_is_try_later(world):
    with Teller(world, lambda asked, _: (503, b"busy")) as teller:
        enroll(world, teller.url, ok=TRY_LATER)


def test_nobody_there(world):
    done, _, _ = enroll(world, "http://127.0.0.1:1/", ok=LOCAL)
    assert done.stderr.count(b"\n") == 2


# -- challenges -----------------------------------------------------------------------------------

def challenges(teller, asked, wrong=False):
    """The real server's challenge; wrong: with another witness."""
    def change(controls):
        out = []
        for c in controls:
            whole = bytearray(c.whole)
            if wrong and c[1].oid() == craft.CMC + "9":
                whole[-1] ^= 1  # the witness ends the value
            out.append(bytes(whole))
        return out

    return teller.changed(teller.real(asked), change)


def test_wrong_witness_ends_it(world):
    """The server is told so, in the same transaction, by the same signer. [10002-6.7-g,
    10002-6.7-u4, 10002-6.7-u5, 10002-6.6-b, 10002-6.6-u3]"""
    with Teller(world, lambda asked, _: challenges(teller, asked, True)) as teller:
        before = world.server.counts().certs
        done, _, cert = enroll(world, teller.url, kind="x25519", ok=FAILED)
        assert b"witness" in done.stderr and not cert.exists()
        first, last = teller.asked
        status = craft.Answer.status(last.control(25))
        assert status[:2] == ("failed", "popFailed") and not last.requests
        assert last.control(5).whole == first.control(5).whole
        assert last.control(7) is not None and last.control(10) is None
        assert len(last.signers) == 1 and last.signers[0][1].whole == first.signers[0][1].whole
        assert world.server.counts().certs == before


def test_a_second_challenge_is_answered_once_more(world):
    """And then it ends. [10002-6.7-i]"""
    def script(asked, n):
        if n == 0:
            script.first = teller.real(asked)
        # The first challenge again, as an answer to this request.
        real = parse(parse(script.first)[1][0][2][1][0].content)[0].parts
        challenge = next(c for c in real if c[1].oid() == craft.CMC + "9")
        return teller.answer([challenge.whole] + asked.echoes(90))

    with Teller(world, script) as teller:
        done, _, cert = enroll(world, teller.url, kind="x25519", ok=FAILED)
        assert b"challenges the key again" in done.stderr and not cert.exists()
        assert len(teller.asked) == 3
        assert teller.asked[1].control(10) is not None and teller.asked[2].control(10) is not None
        assert teller.asked[2].control(5).whole == teller.asked[0].control(5).whole


def test_a_second_challenge_that_comes_right(world):
    def script(asked, n):
        if n == 1:
            return teller.answer([script.challenge] + asked.echoes(90, script.nonce))
        answer = teller.real(asked)
        script.nonce = craft.Answer(answer).control(6).content  # the real one knows its own again
        real = parse(parse(answer)[1][0][2][1][0].content)[0].parts
        script.challenge = next((c.whole for c in real if c[1].oid() == craft.CMC + "9"), None)
        return answer

    with Teller(world, script) as teller:
        _, _, cert = enroll(world, teller.url, kind="x25519")
        assert cert.exists() and len(teller.asked) == 3


def test_second_trip_in_steps(world):
    """cmc request --challenge: without enroll doing it all."""
    key, csr, first, answer, second = (world.fresh(s) for s in ("key", "csr", "crq", "crp", "crq"))
    signer = ["--signer-cert", world.officer.pem, "--signer-key", world.officer.key]
    there = ["-u", world.server.url + "/cmc", "-T", world.server.ca_pem]
    run(CMC, "csr", "--new-key", "x448", "--key-out", key, "-s", "CN=x", "-o", csr)
    run(CMC, "request", *signer, "-o", first, csr)
    run(CMC, "submit", *there, "-o", answer, first, ok=FAILED)
    done = run(CMC, "request", "--challenge", answer, "-T", world.server.ca_pem, *signer, "-o",
               second, first, ok=USAGE)
    assert b"request 1" in done.stderr
    run(CMC, "request", "--challenge", answer, "-T", world.stranger.pem, *signer, "--request-key",
        key, "-o", second, first, ok=NOT_TRUSTED)
    run(CMC, "request", "--challenge", answer, "-T", world.server.ca_pem, *signer, "--request-key",
        key, "-o", second, first)
    done = run(CMC, "submit", *there, second)
    assert b"success" in done.stdout


# -- what is said -----------------------------------------------------------------------------------

def test_verbose(world):
    """Both messages with their controls on standard error, nothing on standard output."""
    done, _, _ = enroll(world, world.server.url + "/cmc", "--verbose")
    text = done.stderr.decode()
    assert text.index("senderNonce") < text.index("answer, HTTP 200") < text.index("statusInfoV2")
    assert done.stdout.startswith(b"certificate of ")


def test_show_gives_advice(world):
    body = world.fresh("crp")
    with told(world, dict(status=2, fail=10, text="seen before")) as teller:
        enroll(world, teller.url, ok=FAILED)
        body.write_bytes(teller.script(teller.asked[0], 0))
    text = run(CMC, "show", "--brief", body).stdout.decode()
    assert "failed noKeyReuse" in text and "what to do: " in text and "--new-key" in text
