"""A push service on loopback for tests: push_peer.py web|apns|fcm FOLDER.

Prints its port when all is ready, and ends when its standard input does. What it takes is written to
FOLDER/received as JSON, one file each. A request takes the first file of FOLDER/answers/send or
FOLDER/answers/token for its answer, and is answered with success where there is none.

FOLDER/ca.pem certifies the service. A device to push to is in FOLDER/subscription.json (web); what a
sender needs to know is in FOLDER/key.p8 (apns) or FOLDER/account.json (fcm).
"""

import asyncio
import base64
import json
import os
import socket
import sys
import threading
from urllib.parse import parse_qs

import http_ece
import trustme
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypercorn.asyncio import serve
from hypercorn.config import Config
from py_vapid import Vapid02

KEY_ID, TEAM_ID, PROJECT = "ABC123DEFG", "DEF123GHIJ", "tide-test"
ENCODINGS = serialization.Encoding
FORMATS = serialization.PublicFormat


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def private_pem(key):
    return key.private_bytes(
        ENCODINGS.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def segments(jwt):
    header, claims, _ = jwt.split(".")
    return json.loads(from_base64url(header)), json.loads(from_base64url(claims))


def signed_part(jwt):
    part, signature = jwt.rsplit(".", 1)
    return part.encode(), from_base64url(signature)


class Refused(Exception):
    """A request that a real service would refuse, too, with its answer."""


class WebPush:
    """Decrypts (RFC 8291) and verifies who has sent it (RFC 8292)."""

    def __init__(self, folder, origin):
        self.origin = origin
        self.key, self.auth = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
        public = self.key.public_key().public_bytes(ENCODINGS.X962, FORMATS.UncompressedPoint)
        write(folder, "subscription.json", {
            "endpoint": origin + "/push/secret-of-the-device",
            "p256dh": base64url(public),
            "auth": base64url(self.auth),
        })

    def take(self, path, headers, body):
        authorization = headers.get("authorization", "")
        if not Vapid02.verify(authorization):
            raise Refused(403, {}, "the signature is wrong")
        parts = dict(part.split("=", 1) for part in authorization[len("vapid "):].split(","))
        header, claims = segments(parts["t"])
        # Whether it is still good is for tests to say, whose clocks may differ from ours.
        if claims["aud"] != self.origin or header["alg"] != "ES256":
            raise Refused(403, {}, "the token is wrong")
        if headers.get("content-encoding") != "aes128gcm" or not headers.get("ttl", "").isdigit():
            raise Refused(400, {}, "a header is wrong")
        if len(body) > 4096:
            raise Refused(413, {}, "the body is too large")
        text = http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth).decode()
        received = {"header": header, "claims": claims, "key": parts["k"], "body": json.loads(text)}
        return received, (201, {"location": self.origin + "/message/secret"}, "")

    def token(self, body):
        raise Refused(404, {}, "")


class Apns:
    """Speaks HTTP/2 and nothing else, and knows tokens of one key."""

    def __init__(self, folder, origin):
        key = ec.generate_private_key(ec.SECP256R1())
        self.public = key.public_key()
        with open(os.path.join(folder, "key.p8"), "w", encoding="utf-8") as file:
            file.write(private_pem(key))

    def take(self, path, headers, body):
        scheme, _, jwt = headers.get("authorization", "").partition(" ")
        part, signature = signed_part(jwt)
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        self.public.verify(encode_dss_signature(r, s), part, ec.ECDSA(hashes.SHA256()))
        header, claims = segments(jwt)
        known = (scheme, header["alg"], header["kid"], claims["iss"])
        if known != ("bearer", "ES256", KEY_ID, TEAM_ID):
            raise Refused(403, {}, '{"reason":"InvalidProviderToken"}')
        if len(body) > 4096:
            raise Refused(413, {}, '{"reason":"PayloadTooLarge"}')
        received = {"header": header, "claims": claims, "key": jwt, "body": json.loads(body)}
        return received, (200, {"apns-id": headers.get("apns-id", "")}, "")

    def token(self, body):
        raise Refused(404, {}, '{"reason":"BadPath"}')


class Fcm:
    """Gives tokens for assertions of one account, and takes messages with the last of them."""

    def __init__(self, folder, origin):
        key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        self.public, self.origin, self.given = key.public_key(), origin, 0
        write(folder, "account.json", {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": KEY_ID,
            "private_key": private_pem(key),
            "client_email": "push@tide.example",
            "token_uri": origin + "/token",
        })

    def take(self, path, headers, body):
        if headers.get("authorization") != f"Bearer token-{self.given}":
            raise Refused(401, {}, '{"error":{"code":401,"status":"UNAUTHENTICATED"}}')
        if path != f"/v1/projects/{PROJECT}/messages:send":
            raise Refused(404, {}, '{"error":{"code":404,"status":"NOT_FOUND"}}')
        name = f"projects/{PROJECT}/messages/0:1"
        return {"body": json.loads(body)}, (200, {}, json.dumps({"name": name}))

    def token(self, body):
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        part, signature = signed_part(form["assertion"])
        self.public.verify(signature, part, padding.PKCS1v15(), hashes.SHA256())
        header, claims = segments(form["assertion"])
        lifetime = claims["exp"] - claims["iat"]
        if claims["aud"] != self.origin + "/token" or lifetime > 3_600 or header["alg"] != "RS256":
            raise Refused(400, {}, '{"error":"invalid_grant"}')
        self.given += 1
        token = {"access_token": f"token-{self.given}", "expires_in": 3_599, "token_type": "Bearer"}
        received = {"header": header, "claims": claims, "body": form}
        return received, (200, {"content-type": "application/json"}, json.dumps(token))


def write(folder, name, value):
    path = os.path.join(folder, name)
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.rename(path + ".part", path)


class Application:
    """What the services have in common: reading, noting, and answering as was told."""

    def __init__(self, service, folder):
        self.service, self.folder, self.requests = service, folder, 0

    def told(self, route):
        folder = os.path.join(self.folder, "answers", route)
        for name in sorted(name for name in os.listdir(folder) if name.endswith(".json")):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                answer = json.load(file)
            os.remove(os.path.join(folder, name))
            return answer["status"], answer["headers"], answer["body"]
        return None

    def answer(self, scope, body):
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        route = "token" if scope["path"] == "/token" else "send"
        note = {
            "route": route,
            "method": scope["method"],
            "path": scope["path"],
            "http_version": scope["http_version"],
            "headers": headers,
            "body_bytes": len(body),
        }
        try:
            if route == "token":
                received, answer = self.service.token(body)
            else:
                received, answer = self.service.take(scope["path"], headers, body)
            answer = self.told(route) or answer
        except Refused as refused:
            received, answer = {}, refused.args
        except Exception as error:
            received, answer = {"fault": repr(error)}, (400, {}, "this is no request to be understood")
        note.update(received, status=answer[0])
        self.requests += 1
        write(os.path.join(self.folder, "received"), f"{self.requests}.json", note)
        return answer

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        status, headers, text = self.answer(scope, body)
        headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": text.encode()})


def configuration(kind, folder, listener):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(os.path.join(folder, "ca.pem"))
    certificate = os.path.join(folder, "certificate.pem")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.certfile = config.keyfile = certificate
    config.alpn_protocols = ["h2"] if kind == "apns" else ["h2", "http/1.1"]
    config.loglevel = "ERROR"
    return config


def main():
    kind, folder = sys.argv[1], sys.argv[2]
    for name in ("received", "answers/send", "answers/token"):
        os.makedirs(os.path.join(folder, name))
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    services = {"web": WebPush, "apns": Apns, "fcm": Fcm}
    service = services[kind](folder, f"https://localhost:{port}")
    config = configuration(kind, folder, listener)
    print(port, flush=True)
    asyncio.run(serve(Application(service, folder), config, shutdown_trigger=asyncio.Event().wait))


def end_with_input():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_input, daemon=True).start()
main()
