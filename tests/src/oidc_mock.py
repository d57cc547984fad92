"""An identity provider for tests: oidc-provider-mock, and a way to tell it what to do wrong.

Prints {"port": N} once it listens. PUT /fault {"fault": NAME} spoils every ID token from then on; PUT /rotate gives it
another key. GET /seen tells what the token endpoint was sent last.
"""

import base64
import hashlib
import hmac
import json
import logging
import os
import socket
import sys
import time
import warnings

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
logging.disable(logging.WARNING)
warnings.simplefilter("ignore")

import flask  # noqa: E402
import uvicorn  # noqa: E402
from authlib import jose  # noqa: E402
from oidc_provider_mock import app as provider  # noqa: E402
from oidc_provider_mock._storage import storage  # noqa: E402

app = provider(require_nonce=True)
told = {"fault": None, "seen": {}}


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims_of(token):
    text = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def signed(claims, key):
    return jose.JsonWebToken(["RS256"]).encode({"alg": "RS256", "kid": key.thumbprint()}, claims, key).decode()


def spoiled(token, fault):
    claims = claims_of(token)
    key = storage.jwk
    if fault == "alg_none":
        return f"{part({'alg': 'none'})}.{part(claims)}."
    if fault == "hmac":
        # The public key, which everybody has, taken for a shared secret.
        text = f"{part({'alg': 'HS256'})}.{part(claims)}"
        digest = hmac.new(key.as_pem(is_private=False), text.encode(), hashlib.sha256).digest()
        return f"{text}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
    if fault == "foreign_key":
        return signed(claims, jose.RSAKey.generate_key(2048, is_private=True))
    if fault == "tampered":
        header, _, signature = token.split(".")
        return f"{header}.{part({**claims, 'preferred_username': 'root'})}.{signature}"
    changes = {
        "foreign_issuer": {"iss": "http://127.0.0.1:1"},
        "foreign_audience": {"aud": ["another-client"]},
        "expired": {"exp": int(time.time()) - 3600, "iat": int(time.time()) - 7200},
        "other_nonce": {"nonce": "of another browser"},
        "oversized": {"padding": "x" * 400_000},
        "many_groups": {"groups": [f"g{n}" for n in range(5_000)]},
        "odd_groups": {"groups": [{"name": "administrators"}]},
    }
    return signed({**claims, **changes[fault]}, key)


@app.after_request
def spoil(response):
    if flask.request.path == "/oauth2/token":
        told["seen"] = flask.request.form.to_dict()
        if told["fault"] and response.status_code == 200:
            answer = response.get_json()
            answer["id_token"] = spoiled(answer["id_token"], told["fault"])
            response.set_data(json.dumps(answer))
    return response


@app.put("/fault")
def set_fault():
    told["fault"] = flask.request.get_json()["fault"]
    return "", 204


@app.put("/rotate")
def rotate():
    storage.jwk = jose.RSAKey.generate_key(2048, is_private=True)
    return "", 204


@app.get("/seen")
def seen():
    return flask.jsonify(told["seen"])


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen()
print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
config = uvicorn.Config(app, interface="wsgi", log_level="error")
uvicorn.Server(config).run(sockets=[listener])
