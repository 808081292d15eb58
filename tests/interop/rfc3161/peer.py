"""Answers requests about RFC 3161 with rfc3161-client: a list of objects on standard input, a list of answers on standard output."""

import base64
import json
import sys

from cryptography.x509 import load_der_x509_certificate
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)


def bytes_of(text):
    return base64.b64decode(text)


def text_of(data):
    return base64.b64encode(data).decode()


def length(size):
    if size < 128:
        return bytes([size])
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([128 + len(digits)]) + digits


def response_of(token):
    """The answer of an authority that granted this token: status 0, and the token."""
    body = bytes.fromhex("3003020100") + token
    return b"\x30" + length(len(body)) + body


def answer(request):
    if request["do"] == "request":
        builder = TimestampRequestBuilder().data(bytes_of(request["message"]))
        made = builder.hash_algorithm(HashAlgorithm.SHA256).build()
        return {"request": text_of(made.as_bytes())}
    try:
        response = decode_timestamp_response(response_of(bytes_of(request["token"])))
        root = load_der_x509_certificate(bytes_of(request["root"]))
        verifier = VerifierBuilder().add_root_certificate(root).build()
        verifier.verify_message(response, bytes_of(request["message"]))
    except (VerificationError, ValueError) as error:
        return {"accepted": False, "because": str(error)}
    return {"accepted": True}


json.dump([answer(request) for request in json.load(sys.stdin)], sys.stdout)
