# SPDX-License-Identifier: Apache-2.0
"""A server that says what a test wants said."""
import http.server
import threading


class Liar:
    """Answers every POST with the same octets, and keeps what was asked."""

    def __init__(self, answer, type="application/pkcs7-mime; smime-type=certs-only"):
        liar = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                liar.asked = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Type", type)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args):
                pass

        self.asked = None
        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_port

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        return self

    def __exit__(self, *args):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
