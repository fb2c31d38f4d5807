# SPDX-License-Identifier: Apache-2.0
"""Each of the 14 failInfo values and 7 statuses of RFC 10002 sections 6.1.3 and 6.1.4: cmcd says
it, for its own reason, and cmc understands it, with its exit code and what to do next. Where no
command of cmc makes the wrong message, it is made by craft and goes out by cmc submit."""
import contextlib
import hashlib
import json
import resource
import sqlite3
import time

import pytest

import craft
from authority import CMC, CONFIG, Server, World, run
from craft import control
from der import gentime, integer, octets, oid, parse, seq, set_of, utf8
from protect import authenticated

OK, FAILED, USAGE, LOCAL, PENDING, TRY_LATER, NOT_TRUSTED = range(7)
EVERYTHING = CONFIG.replace("listen:\n", "secrets: {{key: secrets.key, failures: 50}}\nlisten:\n", 1
                            ).replace("endpoints:\n", """\
  - {{name: once, days: 90, key-reuse: refuse}}
  - {{name: archive, days: 90, archive: required}}
endpoints:
""") + """\
  - {{path: /secret, accept: [cmc], answer: [cmc], profile: client, officer: required,
     secrets: true}}
  - {{path: /once, accept: [cmc], answer: [cmc], profile: once, officer: required}}
  - {{path: /archive, accept: [cmc], answer: [cmc], profile: archive, officer: required}}
  - {{path: /held, accept: [cmc], answer: [cmc], profile: client, officer: required,
     approvals: 1, poll: 0}}
  - {{path: /confirm, accept: [cmc], answer: [cmc], profile: client, officer: required,
     confirm: 60}}
  - {{path: /now, accept: [cmc], answer: [cmc], profile: client, officer: required,
     signing-time: 5}}
  - {{path: /dogtag, accept: [cmc], answer: [cmc], profile: client, officer: required,
     compat: dogtag}}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("every")
    server = Server(folder, EVERYTHING)
    server.start()
    yield World(folder, server)
    server.close()


# -- how things are asked for -------------------------------------------------------------------

def there(world, path):
    return ["-u", world.server.url + path, "-T", world.server.ca_pem]


def officer(world):
    return ["--officer-cert", world.officer.pem, "--officer-key", world.officer.key]


def enroll(world, path, *args, who=None, key=None):
    key = ["--key", key] if key else ["--new-key", "ec:P-256", "--key-out", world.fresh("key")]
    return run(CMC, "enroll", *there(world, path), *(who or officer(world)), *key, "-s", "CN=alice",
               "-o", world.fresh("crt"), *args, ok=None)


def revoke(world, *args):
    return run(CMC, "revoke", *there(world, "/cmc"), *officer(world), *args, ok=None)


def submit(world, body, path="/cmc", *args):
    file = world.fresh("crq")
    file.write_bytes(body)
    return run(CMC, "submit", *there(world, path), *args, file, ok=None)


def message(world, *requests, controls=(), cms=(), **how):
    content = craft.pkidata([craft.transaction_id(1, next_number(world)), craft.sender_nonce(2),
                             *controls], requests, cms)
    return craft.message(content, world.officer.cert, world.officer.key, **how)


def next_number(world):
    world.n += 1
    return 4711000 + world.n


def new_csr(world, cn):
    return craft.csr(craft.new_key(world.fresh("key")), cn)


# -- what is refused ----------------------------------------------------------------------------

def bad_alg(world):
    secret = world.fresh("secret")
    secret.write_bytes(world.server.cmcd("secret", "add", "v1").stdout)
    return enroll(world, "/secret", "--proof-v1", who=["--secret-file", secret, "-i", "v1"])


def bad_message_check(world):
    return submit(world, message(world, craft.tcr(9, world.csr), digest_value=bytes(32)))


def bad_request(world):
    return revoke(world, "-c", world.dead.pem, "-r", "hold")


def date_to_come(world):
    return revoke(world, "-c", world.holder.pem, "--invalidity-date", "2199-01-01")


def clock_of_yesterday(world):
    """What a machine sends whose clock is a day behind."""
    content = craft.pkidata([craft.transaction_id(1, next_number(world)), craft.sender_nonce(2)],
                            [craft.tcr(9, world.csr)])
    signed_at = seq(oid("1.2.840.113549.1.9.5"), set_of(
        gentime(time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() - 86400)))))
    return submit(world, craft.message(content, world.officer.cert, world.officer.key, attributes=[
        craft.attribute(craft.CONTENT_TYPE, oid(craft.PKIDATA)),
        craft.attribute(craft.MESSAGE_DIGEST, octets(hashlib.sha256(content).digest())),
        signed_at]), "/now")


def bad_cert_id(world):
    return revoke(world, "--serial", "0x1234567890abcdef", "--issuer-cert", world.server.ca_pem)


def unsupported_ext(world):
    return enroll(world, "/p256", "--eku", "1.2.3.4")


def must_archive_keys(world):
    return enroll(world, "/archive")


def stranger(world):
    return enroll(world, "/cmc", who=["--officer-cert", world.stranger.pem, "--officer-key",
                                      world.stranger.key])


def wrong_secret(world):
    world.server.cmcd("secret", "add", "somebody")
    secret = world.fresh("secret")
    secret.write_text("this is not it, but as long\n")
    return enroll(world, "/secret", who=["--secret-file", secret, "-i", "somebody"])


def pop_required(world):
    key, csr = world.fresh("key"), world.fresh("csr")
    run(CMC, "csr", "--new-key", "x25519", "--key-out", key, "-s", "CN=x", "-o", csr)
    return run(CMC, "submit", *there(world, "/open"), "--answer", "cmc", csr, ok=None)


def pop_required_and_challenged(world):
    key, csr, crq = (world.fresh(s) for s in ("key", "csr", "crq"))
    run(CMC, "csr", "--new-key", "x25519", "--key-out", key, "-s", "CN=x", "-o", csr)
    run(CMC, "request", "--signer-cert", world.officer.pem, "--signer-key", world.officer.key, "-o",
        crq, csr)
    return run(CMC, "submit", *there(world, "/cmc"), crq, ok=None)


def pop_failed(world):
    return submit(world, message(world, craft.tcr(9, craft.csr(
        world.key, mutate=lambda info: info.replace(b"bad input", b"bad INPUT")))))


def key_for_two(world):
    key = craft.new_key(world.fresh("key"))
    assert enroll(world, "/once", key=key).returncode == OK
    return enroll(world, "/once", key=key)


def key_for_renewal(world):
    return run(CMC, "enroll", *there(world, "/cmc"), "--renew", world.holder.pem, "--renew-key",
               world.holder.key, "--key", world.holder.key, "-o", world.fresh("crt"), ok=None)


def auth_data_fail(world):
    """Controls under a MAC by another secret than that of the identification."""
    world.server.cmcd("secret", "add", "authdata")
    inner = craft.pkidata([control(70, 18, octets(b"anything"))])
    return submit(world, message(
        world, craft.tcr(9, new_csr(world, "auth data")),
        controls=[control(3, 2, utf8("authdata")), control(4, 27, integer(60))],
        cms=[seq(integer(60), authenticated("authdata", "this is not the secret", inner))]),
        "/secret")


REFUSED = [
    ("badAlg", bad_alg, "use an algorithm that this server takes"),
    ("badMessageCheck", bad_message_check, "check that key and certificate belong together"),
    ("badRequest", bad_request, "mend the request"),
    ("badTime", date_to_come, "mend the date in the request"),
    ("badTime", clock_of_yesterday, "set the clock of this machine"),
    ("badCertId", bad_cert_id, "check issuer and serial number"),
    ("unsupportedExt", unsupported_ext, "leave the extension out"),
    ("mustArchiveKeys", must_archive_keys, "use an endpoint that does not"),
    ("badIdentity", stranger, "check who asks"),
    ("badIdentity", wrong_secret, "or --identification and secret"),
    ("popRequired", pop_required, "name it with --key"),
    ("popRequired", pop_required_and_challenged, "name it with --key"),
    ("popFailed", pop_failed, "make the request anew with its own key"),
    ("noKeyReuse", key_for_two, "make a new one with --new-key"),
    ("noKeyReuse", key_for_renewal, "make a new one with --new-key"),
    ("authDataFail", auth_data_fail, "check the shared secret"),
]


def advised(done, name, what):
    """It is named, and the next thing on standard error is what to do. cmc revoke says the name in
    its list of certificates, on standard output."""
    lines = done.stderr.decode().splitlines()
    at = next((i for i, line in enumerate(lines) if "what to do: " in line), None)
    assert at is not None and what in lines[at], lines
    named = lines[at - 1] if done.args[1] != "revoke" else done.stdout.decode()
    assert name in named, (named, lines)


@pytest.mark.parametrize("name, ask, what", REFUSED,
                         ids=["%s-%s" % (n, a.__name__) for n, a, _ in REFUSED])
def test_refused(world, name, ask, what):
    """[10002-5-a, 10002-3.2-g]"""
    world.holder, world.dead, world.stranger  # pylint: disable=pointless-statement
    before = world.server.counts()
    done = ask(world)
    assert done.returncode == FAILED, done
    advised(done, "failed " + name, what)
    after = world.server.counts()
    assert after.revoked == before.revoked
    assert after.certs == before.certs + (ask is key_for_two)
    assert after.audits > before.audits


# -- a CA in trouble ----------------------------------------------------------------------------

@pytest.fixture
def own(tmp_path):
    server = Server(tmp_path)
    server.start()
    yield World(tmp_path, server)
    server.close()


@contextlib.contextmanager
def no_file_may_grow(server):
    """A full disk, as far as that process can see."""
    before = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, before)


def test_internal_ca_error(own):
    """The disk is full: nothing is done, the operator is named; and when there is room again the
    same message is answered."""
    body = message(own, craft.tcr(9, own.csr))
    before = own.server.counts()
    with no_file_may_grow(own.server):
        done = submit(own, body)
    assert done.returncode == FAILED, done
    advised(done, "failed internalCAError", "tell its operator the time and the transaction")
    assert own.server.counts() == before
    done = submit(own, body)
    assert done.returncode == OK, (done, own.server.log_text())
    assert own.server.counts().certs == before.certs + 1
    own.server.audit_verify()


def test_try_later(own):
    """Somebody holds the database for longer than cmcd waits for it. The same message again is
    answered once it is free."""
    body = message(own, craft.tcr(9, own.csr))
    before = own.server.counts()
    db = sqlite3.connect(own.server.database, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    done = submit(own, body, "/cmc", "--timeout", "60")
    db.execute("ROLLBACK")
    db.close()
    assert done.returncode == TRY_LATER, done
    advised(done, "failed tryLater", "send the same again after a while")
    assert own.server.counts().certs == before.certs
    assert submit(own, body).returncode == OK
    assert own.server.counts().certs == before.certs + 1


# -- the statuses -------------------------------------------------------------------------------

def test_success(world):
    assert enroll(world, "/cmc").returncode == OK
    done = submit(world, message(world, craft.tcr(9, new_csr(world, "fine"))))
    assert done.returncode == OK and b"status: success" in done.stdout
    assert b"what to do" not in done.stderr


def test_failed(world):
    """That the 14 are told with this status is in test_refused; here by JSON."""
    done = revoke(world, "-c", world.dead.pem, "-r", "hold", "--json")
    assert done.returncode == FAILED and b'"failed"' in done.stdout


def test_pending(world):
    done = enroll(world, "/held", "--json")
    assert done.returncode == PENDING
    advised(done, "pending", "ask again with the token")
    said = json.loads(done.stdout)
    assert said["result"] == "pending" and said["statuses"][0]["status"] == "pending"


def test_no_support(world):
    """[10002-3.2.1-a, 10002-3.2.1-b]"""
    before = world.server.counts()
    for others in ([], [craft.tcr(8, world.csr)]):
        done = submit(world, message(world, *others, craft.orm(9)))
        assert done.returncode == FAILED
        advised(done, "noSupport", "use PKCS#10 or CRMF")
    assert world.server.counts().certs == before.certs


def test_confirm_required(world):
    before = world.server.counts()
    done = submit(world, message(world, craft.tcr(9, new_csr(world, "to be confirmed"))),
                  "/confirm")
    assert done.returncode == PENDING
    advised(done, "confirmRequired", "confirm the certificate to the CA")
    assert world.server.counts().certs == before.certs + 1
    assert enroll(world, "/confirm").returncode == OK  # by itself
    assert enroll(world, "/confirm", "--no-confirm").returncode == PENDING


def test_pop_required(world):
    """As a status: Dogtag's way to ask for the second trip."""
    done = submit(world, message(world, craft.crm(craft.crmf(world.key, 9, pop="none"))), "/dogtag")
    assert done.returncode == FAILED
    advised(done, "popRequired", "--key")
    assert b"status: popRequired" in done.stdout, done


def ids_and_tokens(answer):
    """Of each pending part: id and token."""
    return [(value[1][0].int(), value.parts[-1].parts[0].content)
            for dotted, value in answer.controls if dotted == craft.CMC + "25"]


def test_partial(world):
    """Two of one message are asked for together, when one is decided and one is not."""
    keys = [craft.new_key(world.fresh("key")) for _ in range(2)]
    body = message(world, *[craft.tcr(9 + i, craft.csr(k, "partial %d" % i))
                            for i, k in enumerate(keys)])
    first = craft.Answer(world.server.post("/held", body)[1])
    assert [s[0] for s in first.statuses] == ["pending", "pending"]
    tokens = dict(ids_and_tokens(first))
    row = next(r for r in world.server.cmcd("request", "list").stdout.decode().splitlines()
               if r.endswith("CN=partial 1"))
    world.server.cmcd("request", "approve", row.split()[0])
    content = craft.pkidata([parse_again(body), craft.sender_nonce(2),
                             control(5, 21, octets(tokens[9])), control(6, 21, octets(tokens[10]))])
    before = world.server.counts()
    done = submit(world, craft.message(content, world.officer.cert, world.officer.key), "/held")
    assert done.returncode == PENDING, done
    advised(done, "partial", "a part is done")
    assert b"status: partial" in done.stdout and b"status: success" in done.stdout
    assert world.server.counts().certs == before.certs + 1


def parse_again(body):
    """The transactionId control of a message."""
    content = parse(parse(body)[1][0][2][1][0].content)
    return next(c.whole for c in content[0].parts if c[1].oid() == craft.CMC + "5")


# -- what is told apart ---------------------------------------------------------------------------

def test_not_trusted(world):
    """A right answer of a CA that is not trusted: nothing is saved, and it is no refusal."""
    cert = world.fresh("crt")
    done = run(CMC, "enroll", "-u", world.server.url + "/cmc", "-T", world.stranger.pem,
               *officer(world), "--new-key", "ec:P-256", "--key-out", world.fresh("key"), "-s",
               "CN=x", "-o", cert, ok=NOT_TRUSTED)
    assert b"no trusted path" in done.stderr and not cert.exists()


def test_all_are_here():
    """Nothing is left out of this file."""
    alone = {"internalCAError", "tryLater"}
    assert {name for name, _, _ in REFUSED} | alone == set(craft.FAIL_INFO)
    words = "".join(c if c.isalnum() else "_" for c in " ".join(craft.STATUS.values()))
    for status in words.split("_"):
        snake = "".join("_" + c.lower() if c.isupper() else c for c in status)
        assert "test_" + snake in globals(), status
