# SPDX-License-Identifier: Apache-2.0
"""cmcd with the shipped etc/dogtag.yaml, and an administrator of Dogtag before it."""
import pathlib
import re
import subprocess

import authority
import dogtag

ETC = pathlib.Path(__file__).resolve().parent.parent.parent / "etc"
PASSWORD = "Secret.123"


class Dogtag:
    """cmcd in Dogtag's place, and an administrator's folder with an NSS database."""

    def __init__(self, folder, agent="agent"):
        self.folder = folder
        text = (ETC / "dogtag.yaml").read_text()
        text = re.sub(r"port: 8080|port: 8443", "port: 0", text)
        self.server = authority.Server(folder, text.replace("{", "{{").replace("}", "}}"))
        self.server.start()
        home = self.server.home
        (folder / "pw").write_text(PASSWORD + "\n")
        self.db = folder / "db"
        self.db.mkdir()
        self.certutil("-N")
        self.certutil("-A", "-n", "CA", "-t", "CT,C,C", "-i", home / "ca.crt", "-a")
        subprocess.run(["openssl", "pkcs12", "-export", "-in", home / "officer.crt", "-inkey",
                        home / "officer.key", "-name", agent, "-out", folder / "agent.p12",
                        "-passout", "pass:" + PASSWORD], check=True)
        subprocess.run(["pk12util", "-i", folder / "agent.p12", "-d", self.db, "-k", folder / "pw",
                        "-W", PASSWORD], check=True, capture_output=True)

    def certutil(self, *args):
        done = subprocess.run(["certutil", *map(str, args), "-d", str(self.db), "-f",
                               str(self.folder / "pw")], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def tool(self, name, *args, **kw):
        return dogtag.run(name, *args, cwd=self.folder, **kw)

    def make(self, tool, name, *args):
        """A request by PKCS10Client or CRMFPopClient; the key id it wrote down."""
        self.tool(tool, "-d", self.db, "-p", PASSWORD, "-o", name + ".csr", *args)
        return (self.folder / (name + ".csr.keyId")).read_text().strip()

    def cmc_request(self, name, **params):
        params = dict(dict(dbdir=self.db, password=PASSWORD, tokenname="internal", numRequests=1,
                           input=name + ".csr", output=name + ".cmc"), **params)
        dogtag.config(self.folder / (name + ".cfg"), **params)
        return self.tool("CMCRequest", name + ".cfg")

    def send(self, name, path, code=0):
        """What CMCResponse says of the answer; its exit code is 1 when the request failed."""
        dogtag.config(self.folder / (name + ".http.cfg"), host="127.0.0.1", port=self.server.port,
                      secure="false", input=name + ".cmc", output=name + ".resp",
                      servlet=path)
        self.tool("HttpClient", name + ".http.cfg")
        return self.tool("CMCResponse", "-d", self.db, "-i", name + ".resp", code=code).stdout

    def certificate(self, name, subject):
        """The certificate with this subject in the response, imported by certutil."""
        out = self.folder / (name + ".pem")
        certs = subprocess.run(["openssl", "cms", "-cmsout", "-inform", "DER", "-in",
                                self.folder / (name + ".resp"), "-certsout", out],
                               capture_output=True)
        if not out.exists():
            subprocess.run(["openssl", "cms", "-verify", "-noverify", "-inform", "DER", "-in",
                            self.folder / (name + ".resp"), "-certsout", out, "-out", "/dev/null"],
                           check=True, capture_output=True)
        for pem in re.findall(r"-----BEGIN.*?-----END CERTIFICATE-----\n", out.read_text(), re.S):
            text = subprocess.run(["openssl", "x509", "-noout", "-subject", "-nameopt", "RFC2253",
                                   "-serial"], input=pem, capture_output=True, text=True).stdout
            if subject in text:
                one = self.folder / (name + ".crt")
                one.write_text(pem)
                self.certutil("-A", "-n", name, "-t", "u,u,u", "-i", one, "-a")
                return re.search(r"serial=(\w+)", text).group(1), one
        raise AssertionError("no certificate of %s: %s" % (subject, certs.stderr))
