"""PyPI webauthn as relying party: what an authenticator says, judged by somebody else. One JSON request on stdin, or a
list of them, one JSON answer to each on stdout. Bytes are base64url.

{"do":"register","credential","challenge","origin","rpId","root"} -> {"verified":true,"id","key","counter","aaguid"} | {"verified":false,"why"}
{"do":"assert","credential","challenge","origin","rpId","key","counter"} -> {"verified":true,"counter"} | the same
"""

import json
import socket
import sys

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.structs import AttestationFormat


def refuse(*_arguments, **_named):
    raise RuntimeError("no network in tests")


socket.socket.connect = refuse
socket.getaddrinfo = refuse


def register(request):
    root = x509.load_der_x509_certificate(base64url_to_bytes(request["root"]))
    found = verify_registration_response(
        credential=request["credential"],
        expected_challenge=base64url_to_bytes(request["challenge"]),
        expected_origin=request["origin"],
        expected_rp_id=request["rpId"],
        require_user_verification=True,
        pem_root_certs_bytes_by_fmt={AttestationFormat.PACKED: [root.public_bytes(Encoding.PEM)]},
    )
    return {
        "verified": True,
        "id": bytes_to_base64url(found.credential_id),
        "key": bytes_to_base64url(found.credential_public_key),
        "counter": found.sign_count,
        "aaguid": found.aaguid,
    }


def assertion(request):
    found = verify_authentication_response(
        credential=request["credential"],
        expected_challenge=base64url_to_bytes(request["challenge"]),
        expected_origin=request["origin"],
        expected_rp_id=request["rpId"],
        credential_public_key=base64url_to_bytes(request["key"]),
        credential_current_sign_count=request["counter"],
        require_user_verification=True,
    )
    return {"verified": True, "counter": found.new_sign_count}


def answer(request):
    try:
        return {"register": register, "assert": assertion}[request["do"]](request)
    except Exception as problem:  # a refusal is an answer
        return {"verified": False, "why": f"{type(problem).__name__}: {problem}"}


asked = json.load(sys.stdin)
answers = [answer(one) for one in asked] if isinstance(asked, list) else answer(asked)
json.dump(answers, sys.stdout)
