"""A mail server on loopback for tests: mail_server.py BEHAVIOUR FOLDER.

Prints its port, and ends when its standard input does. Mails are written to FOLDER as JSON, one file
each; FOLDER/ca.pem certifies the server, and FOLDER/seen lists what clients dared to send.
"""

import asyncio
import json
import os
import ssl
import sys
import threading

import trustme
from aiosmtpd.smtp import SMTP, AuthResult

USER, PASSWORD = b"relay", b"swordfish"

behaviour, folder = sys.argv[1], sys.argv[2]


def saw(what):
    with open(os.path.join(folder, "seen"), "a", encoding="utf-8") as seen:
        seen.write(what + "\n")


class Handler:
    mails = 0

    async def handle_MAIL(self, server, session, envelope, address, options):
        saw("mail")
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if behaviour == "busy":
            return "450 try later, " + address
        if behaviour == "refusing":
            return "550 there is no " + address
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "login": session.auth_data,
            "tls": session.ssl is not None or behaviour == "tls",
            "text": envelope.content.decode("utf-8", "replace"),
        }
        self.mails += 1
        path = os.path.join(folder, f"{self.mails}.json")
        with open(path + ".part", "w", encoding="utf-8") as file:
            json.dump(mail, file)
        os.rename(path + ".part", path)
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    saw("login")
    if (data.login, data.password) == (USER, PASSWORD):
        return AuthResult(success=True, auth_data=data.login.decode())
    return AuthResult(success=False, handled=False)


def certified(name):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(os.path.join(folder, "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


async def main():
    tls = certified("elsewhere.example" if behaviour == "misnamed" else "localhost")
    handler, loop = Handler(), asyncio.get_running_loop()
    plain = {"enable_SMTPUTF8": False, "loop": loop}
    login = {"authenticator": authenticate, "auth_required": True, **plain}
    protocols = {
        "plain": lambda: SMTP(handler, **plain),
        "starttls": lambda: SMTP(handler, tls_context=tls, require_starttls=True, **login),
        "misnamed": lambda: SMTP(handler, tls_context=tls, require_starttls=True, **login),
        "stripped": lambda: SMTP(handler, auth_require_tls=False, **login),
        "tls": lambda: SMTP(handler, auth_require_tls=False, **login),
        "silent": asyncio.Protocol,
        "busy": lambda: SMTP(handler, **plain),
        "refusing": lambda: SMTP(handler, **plain),
    }
    server = await loop.create_server(
        protocols[behaviour], "127.0.0.1", 0, ssl=tls if behaviour == "tls" else None
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def end_with_input():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_input, daemon=True).start()
asyncio.run(main())
