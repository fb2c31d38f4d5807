# SPDX-License-Identifier: Apache-2.0
"""Officers: roles, limits by profile and name space, and who changes them; with the real programs."""
import hashlib
import json
import sqlite3
import threading

import pytest

import craft
from authority import CMC, CMCD, CONFIG, Server, World, run

CONFIGURED = CONFIG.replace("listen:\n", "secrets: {{key: secrets.key}}\nlisten:\n").replace(
    "endpoints:\n", """\
  - {{name: ra, days: 90, extensions: [{{name: extendedKeyUsage, value: cmcRA}}]}}
  - {{name: other, days: 90, from-request: [subjectAltName]}}
  - {{name: from-cn, days: 90, san: {{kinds: [DNS], from-cn: true}}}}
  - {{name: fixed, days: 90, san: {{kinds: [DNS], fixed: "DNS:fixed.test"}}}}
  - {{name: branded, days: 90, subject: [{{type: O, value: Brand}}, {{type: CN}}],
     other-names: drop}}
endpoints:
""") + """\
  - {{path: /ra-cert, accept: [cmc], answer: [cmc], profile: ra, officer: required}}
  - {{path: /from-cn, accept: [cmc], answer: [cmc], profile: from-cn, officer: required}}
  - {{path: /fixed, accept: [cmc], answer: [cmc], profile: fixed, officer: required}}
  - {{path: /branded, accept: [cmc], answer: [cmc], profile: branded, officer: required}}
  - {{path: /held-cn, accept: [cmc], answer: [cmc], profile: from-cn, officer: required,
     approvals: 1, poll: 0}}
  - {{path: /other, accept: [cmc], answer: [cmc], profile: other, officer: required,
     revoke: {{allow: true}}}}
  - {{path: /quorum, accept: [cmc], answer: [cmc], profile: client, officer: required, quorum: 2,
     revoke: {{allow: true, quorum: 2}}}}
  - {{path: /held, accept: [cmc], answer: [cmc], profile: client, officer: required,
     approvals: 1, poll: 0}}
  - {{path: /simple, accept: [pkcs10], answer: [cmc], profile: client, officer: required}}
  - {{path: /ra, accept: [cmc], answer: [cmc], profile: client, officer: required,
     ra: [template, pop, identity, controls]}}
  - {{path: /secret, accept: [cmc], answer: [cmc], profile: client, officer: required,
     secrets: true}}
"""
SAN = "2.5.29.17"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("officers")
    server = Server(folder, CONFIGURED)
    server.start()
    w = World(folder, server)
    w.ann = officer(w, "ann", "enroll,revoke,approve")
    w.bob = officer(w, "bob", "enroll,revoke", "--names", "C=SE, O=Example", "--names",
                    "DNS:example.org", "--names", "IP:192.0.2.0/24")
    w.eve = officer(w, "eve", "enroll,revoke,approve", "--profiles", "client", "--names",
                    "DNS:eve.test")
    yield w
    server.close()


def officer(world, name, roles, *limits, path="/cmc"):
    person = world.issue(name, path=path)
    world.server.cmcd("officer", "add", name, "--cert", person.pem, "--roles", roles, *limits)
    return person


def records(world, event=None):
    lines = world.server.cmcd("audit", "export").stdout.decode().splitlines()
    found = [json.loads(line)["record"] for line in lines]
    return [r for r in found if event is None or r["event"] == event]


def signer(person):
    return "--signer-cert", person.pem, "--signer-key", person.key


def request(world, subject, san, *who):
    """A message of cmc request for a new key, signed by these."""
    key, csr, out = world.fresh("key"), world.fresh("csr"), world.fresh("crq")
    run(CMC, "csr", "--new-key", "ec:P-256", "--key-out", key, "-s", subject,
        *(("--san", san) if san else ()), "-o", csr)
    run(CMC, "request", *signer(who[0]), "-o", out, csr)
    for person in who[1:]:
        more = world.fresh("crq")
        run(CMC, "sign", out, *signer(person), "-o", more)
        out = more
    return out


def submit(world, path, message):
    """(status, failInfo, text) of the one answer, and whether a certificate came."""
    _, answer = world.server.post(path, message.read_bytes())
    got = craft.Answer(answer)
    own = {world.server.ca.der, world.person("", "", world.server.home / "responder.crt").cert.der}
    text = run(CMC, "show", "-", input=answer).stdout.decode()
    return got.statuses[0][0], got.statuses[0][1], text, any(c.der not in own for c in got.certs)


def refused(world, path, message, fail_info, *words):
    status, fail, text, issued = submit(world, path, message)
    assert (status, fail, issued) == ("failed", fail_info, False), text
    for word in words:
        assert word in text, text
    last = records(world)[-1]
    assert last["outcome"] == "failed" and last["failInfo"] == fail_info
    for word in words:
        assert word in last["text"], last
    return last


def granted(world, path, message):
    status, fail, text, issued = submit(world, path, message)
    assert (status, fail, issued) == ("success", None, True), text
    assert records(world)[-1]["outcome"] == "success"
    return records(world)[-1]


# -- limits ---------------------------------------------------------------------------------

NAMES = [
    ("C=SE, O=Example, CN=x", "DNS:www.example.org", None),
    ("C=SE, O=Example, CN=www.example.org", "DNS:example.org,IP:192.0.2.9", None),
    ("C=SE, O=Example, CN=x", None, None),
    ("C=SE, O=Example, CN=www.bank.test", None, "www.bank.test"),
    ("C=SE, O=Other, CN=x", None, "O=Other"),
    ("C=SE, O=Example, CN=x", "DNS:www.example.org,DNS:www.bank.test", "DNS:www.bank.test"),
    ("C=SE, O=Example, CN=x", "DNS:badexample.org", "DNS:badexample.org"),
    ("C=SE, O=Example, CN=x", "IP:192.0.3.1", "IP:192.0.3.1"),
    ("C=SE, O=Example, CN=x", "email:x@example.org", "email:x@example.org"),
    ("C=SE, O=Example, CN=x", "URI:https://example.org/", "URI:https://example.org/"),
]


@pytest.mark.parametrize("subject,san,outside", NAMES)
def test_names_that_are_issued(world, subject, san, outside):
    message = request(world, subject, san, world.bob)
    if outside is None:
        assert granted(world, "/cmc", message)["event"] == "issue"
        return
    record = refused(world, "/cmc", message, "badRequest", "officer bob", outside)
    assert record["event"] == "issue" and record["requester"] == "bob"
    # what is one officer's limit is none of another's
    granted(world, "/cmc", request(world, subject, san, world.ann))


def test_other_names_are_outside(world):
    key = craft.new_key(world.fresh("key"))
    other = craft.seq(craft.oid(SAN), craft.octets(craft.seq(craft.tlv(0x88, b"\x2a\x03"))))
    body = craft.pkidata([craft.sender_nonce(1)],
                         [craft.tcr(10, craft.csr(key, extensions=[other], subject=craft.seq()))])
    _, answer = world.server.post("/cmc", craft.message(body, world.bob.cert, world.bob.key))
    assert craft.Answer(answer).statuses[0][:2] == ("failed", "badRequest")
    assert "kind that is not judged" in records(world)[-1]["text"]


def test_names_that_the_profile_gives(world):
    """Limits are about what is issued: also about a name that nobody asked for."""
    dan = officer(world, "dan", "enroll", "--names", "DNS:dan.test", "--names", "O=Brand")
    for path, subject, san, good in (
            ("/from-cn", "O=Brand,CN=host.dan.test", None, True),
            ("/from-cn", "O=Brand,CN=host.bob.test", None, False),
            ("/held-cn", "O=Brand,CN=host.bob.test", None, False),
            ("/fixed", "O=Brand,CN=x", "DNS:host.dan.test", False),
            ("/branded", "O=Else,CN=x", None, True),
            ("/branded", "CN=x", None, True)):
        message = request(world, subject, san, dan)
        if good:
            granted(world, path, message)
        else:
            refused(world, path, message, "badRequest", "lies outside of its names")


def test_profiles(world):
    granted(world, "/cmc", request(world, "CN=a.eve.test", None, world.eve))
    refused(world, "/other", request(world, "CN=a.eve.test", None, world.eve), "badRequest",
            "officer eve", "profile other is not among its own (client)")


def test_a_bare_pkcs10(world):
    """The officer is the TLS client."""
    for cn, status in (("a.eve.test", "success"), ("a.bank.test", "failed")):
        csr = craft.csr(craft.new_key(world.fresh("key")), cn)
        _, _, answer = world.server.request("POST", "/simple", csr, "application/pkcs10",
                                            tls=world.eve)
        got = craft.Answer(answer)
        assert got.statuses[0][0] == status
    assert "officer eve" in records(world)[-1]["text"]


def revocation(world, victim, *who, reason="superseded"):
    out = world.fresh("crq")
    run(CMC, "revoke", "-c", victim.pem, "-r", reason, "--officer-cert", who[0].pem,
        "--officer-key", who[0].key, "-o", out)
    for person in who[1:]:
        more = world.fresh("crq")
        run(CMC, "sign", out, *signer(person), "-o", more)
        out = more
    return out


def test_names_that_are_revoked(world):
    mine, other = world.issue("mine.eve.test"), world.issue("www.bank.test")
    record = refused(world, "/cmc", revocation(world, other, world.eve), "badRequest",
                     "officer eve", "www.bank.test")
    assert record["event"] == "revoke"
    assert submit(world, "/cmc", revocation(world, mine, world.eve))[0] == "success"
    assert submit(world, "/cmc", revocation(world, other, world.ann))[0] == "success"
    # a certificate of another profile, with a name of hers
    third = world.issue("third.eve.test", path="/other")
    refused(world, "/other", revocation(world, third, world.eve), "badRequest", "profile other")
    # hold and release are revocations too
    refused(world, "/cmc", revocation(world, third, world.eve, reason="hold"), "badRequest",
            "officer eve")


# -- quorums --------------------------------------------------------------------------------

def test_two_of_three(world):
    """2 of 3 officers issue; 1 of 3, twice the same, one outside of its names do not."""
    bob_s, anyones = "C=SE, O=Example, CN=x", "CN=www.bank.test"
    record = granted(world, "/quorum", request(world, bob_s, None, world.ann, world.bob))
    assert set(record["signers"].split(",")) == {"ann", "bob"}
    # one more who does not count does no harm, and is noted
    record = granted(world, "/quorum", request(world, bob_s, None, world.ann, world.bob,
                                               world.eve))
    assert "officer eve" in record["notCounted"]
    for who, words in (
            ((world.ann,), ("2 different officers", "ann")),
            ((world.ann, world.bob), ("officer bob", "www.bank.test")),
            ((world.bob, world.eve), ("officer bob", "officer eve", "0 count")),
    ):
        record = refused(world, "/quorum", request(world, anyones, None, *who), "badRequest",
                         *words)
        assert record["event"] == "issue"
    # twice the same: another certificate of hers with the same key
    twin = world.issue("ann too", key=world.ann.key)
    world.server.cmcd("officer", "add", "ann too", "--cert", twin.pem, "--roles", "enroll")
    refused(world, "/quorum", request(world, anyones, None, world.ann, twin), "badRequest",
            "2 different officers")
    world.server.cmcd("officer", "remove", "ann too")
    # three, of whom two may
    granted(world, "/quorum", request(world, anyones, None, world.ann, world.eve, world.officer))
    world.server.audit_verify()


def test_two_of_three_revoke(world):
    victim = world.issue("quorum.eve.test")
    refused(world, "/quorum", revocation(world, victim, world.ann), "badRequest",
            "2 different officers")
    refused(world, "/quorum", revocation(world, victim, world.ann, world.bob), "badRequest",
            "officer bob", "1 count")
    assert submit(world, "/quorum", revocation(world, victim, world.ann, world.eve))[0] == "success"


# -- registration authorities ----------------------------------------------------------------

def test_an_ra_in_its_names(world):
    """Who vouches for an identity answers for the names."""
    rita = officer(world, "rita", "ra", "--names", "DNS:eve.test", path="/ra-cert")
    for cn, status in (("ok.eve.test", "success"), ("www.bank.test", "failed")):
        key = craft.new_key(world.fresh("key"))
        witness = craft.control(5, "1.3.6.1.5.5.7.7.35", craft.seq(craft.integer(10)))
        body = craft.pkidata([craft.sender_nonce(1), witness], [craft.tcr(10, craft.csr(key, cn))])
        _, answer = world.server.post("/ra", craft.message(body, rita.cert, rita.key))
        assert craft.Answer(answer).statuses[0][0] == status, cn
    assert "officer rita" in records(world)[-1]["text"]
    assert records(world)[-1]["failInfo"] == "badRequest"


# -- requests that are held -------------------------------------------------------------------

def hold(world, cn, who):
    key, cert = world.fresh("key"), world.fresh("crt")
    run(CMC, "enroll", "-u", world.server.url + "/held", "-T", world.server.ca_pem,
        "--officer-cert", who.pem, "--officer-key", who.key, "--new-key", "ec:P-256", "--key-out",
        key, "-s", "CN=" + cn, "-o", cert, ok=4)
    rows = [r.split() for r in world.server.cmcd("request", "list").stdout.decode().splitlines()]
    number = [r[0] for r in rows if r[-1] == "CN=" + cn][0]
    return number, cert


def test_the_right_is_judged_again(world):
    fred = officer(world, "fred", "enroll")
    changes = [
        ("role", ("modify", "fred", "--roles", "revoke"), "has the role enroll no more",
         ("modify", "fred", "--roles", "enroll")),
        ("names", ("modify", "fred", "--names", "DNS:fred.test"), "lies outside of its names",
         ("modify", "fred", "--any-name")),
        ("profile", ("modify", "fred", "--profiles", "other"), "not among its own",
         ("modify", "fred", "--any-profile")),
        ("gone", ("remove", "fred"), "not registered any more",
         ("add", "fred", "--cert", fred.pem, "--roles", "enroll")),
    ]
    for cn, change, why, back in changes:
        number, cert = hold(world, "held.%s.test" % cn, fred)
        world.server.cmcd("request", "approve", number)
        world.server.cmcd("officer", *change)
        done = run(CMC, "poll", str(cert) + ".pending", ok=1)
        assert b"badRequest" in done.stderr + done.stdout, done
        last = records(world)[-1]
        assert last["outcome"] == "failed"
        assert why in last["text"] and last["failInfo"] == "badRequest", last
        world.server.cmcd("officer", *back)
        # the officer may again, and the request is still there
        run(CMC, "poll", str(cert) + ".pending")
        craft.openssl("verify", "-CAfile", world.server.ca_pem, cert)


def test_approval_within_limits(world):
    out = world.fresh("crq")
    number, _ = hold(world, "approve.bank.test", world.ann)
    world.server.cmcd("request", "show", number, "-m", out)
    by_eve = world.fresh("crq")
    run(CMC, "sign", out, *signer(world.eve), "-o", by_eve)
    record = refused(world, "/held", by_eve, "badRequest", "officer eve", "approve.bank.test")
    assert record["event"] == "approve"
    number, _ = hold(world, "approve.eve.test", world.ann)
    world.server.cmcd("request", "show", number, "-m", out)
    by_eve = world.fresh("crq")
    run(CMC, "sign", out, *signer(world.eve), "-o", by_eve)
    assert submit(world, "/held", by_eve)[0] == "success"


# -- shared secrets ---------------------------------------------------------------------------

def test_a_secret_in_its_names(world):
    secret = world.server.cmcd("secret", "add", "device", "--make", "--names", "DNS:dev.test"
                               ).stdout
    listed = world.server.cmcd("secret", "list").stdout.decode()
    assert "names DNS:dev.test" in listed
    path = world.fresh("secret")
    path.write_bytes(secret)
    for subject, san, ok in (("CN=a.dev.test", "DNS:a.dev.test", True),
                             ("CN=a.dev.test", "DNS:www.bank.test", 1),
                             ("CN=www.bank.test", "DNS:a.dev.test", 1)):
        done = run(CMC, "enroll", "-u", world.server.url + "/secret", "-T", world.server.ca_pem,
                   "--identification", "device", "--secret-file", path, "--new-key", "ec:P-256",
                   "--key-out", world.fresh("key"), "-s", subject, "--san", san, "-o",
                   world.fresh("crt"), ok=ok)
        if ok is not True:
            assert b"badIdentity" in done.stderr, done.stderr
            assert "the shared secret stands for" in records(world)[-1]["text"]
    world.server.cmcd("secret", "add", "x", "--make", "--names", "DNS:.x", ok=2)


# -- the register -----------------------------------------------------------------------------

def test_what_is_shown(world):
    shown = world.server.cmcd("officer", "show", "bob").stdout.decode()
    assert "names: C=SE, O=Example; DNS:example.org; IP:192.0.2.0/24\n" in shown
    assert "profiles: any\n" in shown and "roles: enroll,revoke\n" in shown
    row = [r for r in world.server.cmcd("officer", "list").stdout.decode().splitlines()
           if r.startswith("eve ")][0]
    assert "profiles: client" in row and "names: DNS:eve.test" in row
    world.server.cmcd("officer", "show", "nobody", ok=1)


def test_options_that_do_not_fit(world):
    bad = [
        (("add", "x", "--cert", world.ann.pem, "--roles", "root"), 2, b"unknown role"),
        (("add", "x", "--cert", world.ann.pem, "--roles", "audit"), 1, b"is registered"),
        (("modify", "bob"), 2, b"nothing to change"),
        (("modify", "bob", "--profiles", "clientt"), 2, b"is no profile of the configuration"),
        (("modify", "bob", "--profiles", "client,"), 2, b"is no profile of the configuration"),
        (("modify", "bob", "--names", "DNS:.org"), 2, b"a domain such as"),
        (("modify", "bob", "--names", ""), 2, b"is empty"),
        (("modify", "bob", "--names", "CN=a\nCN=b"), 2, b"control character"),
        (("modify", "bob", "--names", "DN:", "--any-name"), 2, b"a limit and no limit"),
        (("modify", "nobody", "--any-name"), 1, b"not registered"),
        (("modify", "bob", "--cert", world.ann.pem), 1, b"is registered"),
        # nobody has the role admin: then nobody signs
        (("modify", "bob", "--any-name", "--as", "ann", "--key", world.ann.key), 2, b"yet"),
    ]
    before = len(records(world))
    for args, status, text in bad:
        done = world.server.cmcd("officer", *args, ok=status)
        assert text in done.stderr, done.stderr
    assert len(records(world)) == before


# -- admins -----------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def ruled(tmp_path_factory):
    """An authority with admins. The server runs all the while."""
    folder = tmp_path_factory.mktemp("ruled")
    server = Server(folder, CONFIGURED)
    server.start()
    w = World(folder, server)
    w.root, w.ann = w.issue("root"), w.issue("ann")
    w.register(w.ann, "enroll")
    w.register(w.root, "admin")
    yield w
    server.close()


def by(person):
    return "--as", person.name, "--key", person.key


def change(world, *args, ok=True):
    return world.server.cmcd("officer", *args, ok=ok).stderr


def test_only_an_admin_changes_officers(ruled):
    add = ("add", "new", "--cert", ruled.issue("new").pem, "--roles", "enroll")
    for args in (add, ("modify", "ann", "--roles", "enroll,revoke"), ("remove", "ann")):
        assert b"give --as NAME and --key" in change(ruled, *args, ok=2)
        assert b"is no officer with the role admin" in change(ruled, *args, *by(ruled.ann), ok=1)
        assert b"is no officer with the role admin" in change(ruled, *args, "--as", "nobody",
                                                              "--key", ruled.root.key, ok=1)
        assert b"not the key of officer root" in change(ruled, *args, "--as", "root", "--key",
                                                        ruled.ann.key, ok=1)
        refusal = records(ruled, "officer-refused")[-1]
        assert refusal["by"] == "root" and refusal["change"] == "officer-" + args[0]
    change(ruled, *add, *by(ruled.root))
    record = records(ruled, "officer-add")[-1]
    assert record["name"] == "new" and record["admin"] == "root"
    assert json.loads(record["order"])["name"] == "new"
    change(ruled, "modify", "new", "--roles", "enroll,revoke", "--names", "DNS:a.test",
           "--profiles", "client,other", *by(ruled.root))
    record = records(ruled, "officer-modify")[-1]
    assert record["before"]["roles"] == "enroll" and "names" not in record["before"]
    assert record["roles"] == "enroll,revoke" and record["names"] == ["DNS:a.test"]
    assert record["profiles"] == "client,other"
    change(ruled, "remove", "new", *by(ruled.root))
    assert records(ruled, "officer-remove")[-1]["before"]["names"] == ["DNS:a.test"]
    said = ruled.server.cmcd("audit", "verify").stdout.decode()
    assert "orders of officers verified" in said


def test_an_admin_does_nothing_else(ruled):
    """A role is what it says: an admin neither enrols nor revokes."""
    refused(ruled, "/cmc", request(ruled, "CN=x", None, ruled.root), "badRequest",
            "officer root does not have the role enroll")


def test_the_last_admin_stays(ruled):
    for args in (("remove", "root"), ("modify", "root", "--roles", "enroll")):
        assert b"the last with the role admin" in change(ruled, *args, *by(ruled.root), ok=1)
        assert "last" in records(ruled, "officer-refused")[-1]["text"]
    change(ruled, "modify", "root", "--roles", "admin,enroll", *by(ruled.root))
    granted(ruled, "/cmc", request(ruled, "CN=x", None, ruled.root))
    change(ruled, "modify", "root", "--roles", "admin", *by(ruled.root))


def test_two_admins_cannot_remove_each_other_at_once(ruled):
    second = ruled.issue("second")
    for _ in range(3):
        change(ruled, "add", "second", "--cert", second.pem, "--roles", "admin", *by(ruled.root))
        codes = {}

        def go(who, whom, codes=codes):
            codes[who.name] = ruled.server.cmcd("officer", "modify", whom.name, "--roles",
                                                "enroll", *by(who), ok=None).returncode

        threads = [threading.Thread(target=go, args=a) for a in
                   ((ruled.root, second), (second, ruled.root))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        listed = ruled.server.cmcd("officer", "list").stdout.decode()
        admins = [r.split()[0] for r in listed.splitlines() if r.split()[1] == "admin"]
        assert sorted(codes.values()) == [0, 1] and len(admins) == 1, (codes, listed)
        left = ruled.root if admins == ["root"] else second
        other = second if left is ruled.root else ruled.root
        change(ruled, "modify", other.name, "--roles", "admin", *by(left))
        change(ruled, "remove", "second", *by(ruled.root))
    ruled.server.audit_verify()


def test_workers_notice_at_once(ruled):
    zoe = ruled.issue("zoe")
    change(ruled, "add", "zoe", "--cert", zoe.pem, "--roles", "enroll", *by(ruled.root))
    for _ in range(4):
        granted(ruled, "/cmc", request(ruled, "CN=x", None, zoe))
    change(ruled, "modify", "zoe", "--names", "DNS:zoe.test", *by(ruled.root))
    for _ in range(4):
        refused(ruled, "/cmc", request(ruled, "CN=x", None, zoe), "badRequest", "officer zoe")
    change(ruled, "modify", "zoe", "--any-name", "--roles", "approve", *by(ruled.root))
    for _ in range(4):
        refused(ruled, "/cmc", request(ruled, "CN=x", None, zoe), "badRequest", "role enroll")


def test_a_new_certificate(ruled):
    newer = ruled.issue("ann again")
    change(ruled, "modify", "ann", "--cert", newer.pem, *by(ruled.root))
    granted(ruled, "/cmc", request(ruled, "CN=x", None, newer))
    _, answer = ruled.server.post("/cmc", request(ruled, "CN=x", None, ruled.ann).read_bytes())
    assert craft.Answer(answer).statuses[0][:2] == ("failed", "badIdentity")


def test_a_change_without_a_key_is_found(ruled, tmp_path):
    """Who can write to the database can compute the chain anew, and cannot sign."""
    copy = tmp_path / "copy.db"
    ruled.server.cmcd("backup", copy)
    conf = ruled.server.home / "copy.yaml"
    conf.write_text(ruled.server.conf.read_text().replace(str(ruled.server.database), str(copy)))
    before = copy.read_bytes()

    def verify(ok):
        return run(CMCD, "audit", "verify", "-c", conf, ok=ok).stderr.decode()

    verify(True)

    def tamper(edit):
        copy.write_bytes(before)
        db = sqlite3.connect(copy)
        rows = db.execute("SELECT seq, at, json FROM audit ORDER BY seq").fetchall()
        rows = edit([list(r) for r in rows])
        last = b"\0" * 32
        db.execute("DELETE FROM audit")
        for i, (_, at, text) in enumerate(rows):
            last = hashlib.sha256(last + (i + 1).to_bytes(8, "big") + at.to_bytes(8, "big") +
                                  text.encode()).digest()
            db.execute("INSERT INTO audit VALUES (?, ?, ?, ?)", (i + 1, at, text, last))
        db.execute("UPDATE counter SET value = ? WHERE name = 'audit'", (len(rows),))
        db.commit()
        db.close()
        return verify(1)

    def last_modify(rows):
        return [r for r in rows if '"officer-modify"' in r[2] and "signature" in r[2]][-1]

    def widen(rows):
        row = last_modify(rows)
        o = json.loads(row[2])
        o["roles"] = "enroll,revoke,admin"
        row[2] = json.dumps(o, separators=(",", ":"))
        return rows

    def unsigned(rows):
        rows.append([0, rows[-1][1], json.dumps(
            {"event": "officer-add", "name": "mallory", "roles": "admin", "certificate": "00" * 32},
            separators=(",", ":"))])
        return rows

    def again(rows):
        rows.append(list(last_modify(rows)))
        return rows

    def elsewhere(rows):
        at = max(i for i, r in enumerate(rows) if r is last_modify(rows))
        rows[at - 1][2] = rows[at - 1][2].replace("{", '{"more":1,', 1)
        return rows

    def broken(rows):
        row = last_modify(rows)
        o = json.loads(row[2])
        o["order"] = o["order"].replace("officer-modify", "officer-remove")
        row[2] = json.dumps(o, separators=(",", ":"))
        return rows

    assert "it is not what was ordered" in tamper(widen)
    assert "lacks the order of an officer" in tamper(unsigned)
    assert "its order was used before" in tamper(again)
    assert "another log, or at another time" in tamper(elsewhere)
    assert "the signature of its order is wrong" in tamper(broken)


def test_recovery_is_for_lost_admins(ruled):
    spare = ruled.issue("spare")
    add = ("add", "spare", "--cert", spare.pem, "--roles", "admin", "--recover")
    assert b"can sign; give --as" in change(ruled, *add, ok=1)
    # the last one is revoked: its order is worth nothing, and the owner of the database may help
    ruled.server.cmcd("revoke", ruled.root.cert.serial.hex(), "-r", "keyCompromise")
    assert b"revoked" in change(ruled, "remove", "ann", *by(ruled.root), ok=1)
    change(ruled, *add)
    assert records(ruled, "officer-add")[-1]["recovery"] is True
    change(ruled, "remove", "root", *by(spare))
    said = ruled.server.cmcd("audit", "verify").stdout.decode()
    assert "1 change of officers without an order" in said
    ruled.root = spare


def test_who_exports_the_log(ruled):
    ruled.server.cmcd("audit", "export")
    otto = ruled.issue("otto")
    change(ruled, "add", "otto", "--cert", otto.pem, "--roles", "audit", *by(ruled.root))
    export = ("audit", "export")
    assert b"role audit here" in ruled.server.cmcd(*export, ok=2).stderr
    assert b"no officer with the role audit" in ruled.server.cmcd(*export, *by(ruled.root),
                                                                  ok=1).stderr
    lines = ruled.server.cmcd(*export, *by(otto)).stdout.decode().splitlines()
    last = json.loads(lines[-1])["record"]
    assert last["event"] == "audit-export" and last["admin"] == "otto"
    # verifying needs nobody's leave
    ruled.server.audit_verify()
