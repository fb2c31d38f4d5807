# SPDX-License-Identifier: Apache-2.0
"""A server that says what a test wants to hear said: it stands before a real cmcd or makes up its
answers, signed with the responder's key either way."""
import http.server
import threading

import craft
from authority import CMC_REQUEST
from der import gentime, integer, octets, parse, seq, utf8

CMC_RESPONSE = "application/pkcs7-mime; smime-type=CMC-Response"


class Asked:
    """A Full PKI Request as the server got it."""

    def __init__(self, body):
        self.body = body
        data = parse(body)[1][0]
        self.content = parse(data[2][1][0].content)
        self.signers = data.parts[-1].parts
        self.controls = {c[1].oid(): c[2][0] for c in self.content[0].parts}
        self.requests = self.content[1].parts

    def control(self, number):
        return self.controls.get(craft.CMC + str(number))

    def ids(self):
        """Body part ids of the certification requests (PKCS#10: first part; CRMF: certReqId)."""
        return [r[0].int() if r.tag == 0xa0 else r[0][0].int() for r in self.requests]

    def echoes(self, first_id, nonce=b"the server's nonce"):
        """recipientNonce, senderNonce and transactionId of an answer to this."""
        return [craft.control(first_id, 7, octets(self.control(6).content)),
                craft.control(first_id + 1, 6, octets(nonce)),
                craft.control(first_id + 2, 5, self.control(5).whole)]


def status_info(part, status, ids=(0,), fail=None, text=None, pending=None, number=25, extended=None):
    """A statusInfoV2 control, or with number 1 a statusInfo."""
    other = b""
    if fail is not None:
        other = integer(fail)
    elif pending is not None:
        other = seq(octets(pending), gentime("20300101000000Z"))
    elif extended is not None:
        other = extended
    return craft.control(part, number, seq(integer(status), seq(*map(integer, ids)),
                                           utf8(text) if text else b"", other))


class Teller:
    """script(asked, n) gives the HTTP status and body for the n-th request, or only the body.
    asked is an Asked, or for a bare PKCS#10 its octets."""

    def __init__(self, world, script, path="/cmc"):
        self.world, self.script, self.path = world, script, path
        self.asked = []
        teller = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                asked = (Asked(body) if self.headers["Content-Type"].startswith(
                    "application/pkcs7-mime") else body)
                teller.asked.append(asked)
                said = teller.script(asked, len(teller.asked) - 1)
                code, answer = said if isinstance(said, tuple) else (200, said)
                self.send_response(code)
                self.send_header("Content-Type", CMC_RESPONSE)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.server.shutdown()
        self.server.server_close()

    def real(self, asked):
        """What the real cmcd says to this."""
        return self.world.server.post(self.path, asked.body, CMC_REQUEST)[1]

    def answer(self, controls, certs=(), crls=()):
        """A PKIResponse of these controls, signed by the responder."""
        home = self.world.server.home
        responder = craft.Cert(craft.pem_to_der(home / "responder.crt"))
        content = seq(seq(*controls), seq(), seq())
        signer = craft.signer_info(content, responder, home / "responder.key",
                                   econtent=craft.PKIRESPONSE)
        return craft.signed_data(content, [signer], [responder.der, *certs],
                                 econtent=craft.PKIRESPONSE)

    def changed(self, body, change):
        """A real answer whose controls went through change(list of Nodes), signed again."""
        got = craft.Answer(body)
        data = parse(body)[1][0]
        controls = parse(data[2][1][0].content)[0].parts
        responder = craft.Cert(craft.pem_to_der(self.world.server.home / "responder.crt"))
        return self.answer(change(controls),
                           [c.der for c in got.certs if c.der != responder.der])
