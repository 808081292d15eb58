"""A timestamp authority (RFC 3161) by PyPI certomancer, which is a library for testing PKIs, with certificates made per run.

A list of requests on stdin, a list of answers on stdout; bytes are base64.

{"do":"answer","request","key","usage","clock"?} -> {"answer","root"}

"key" is p256, p384 or rsa; "usage" is what the certificate of the authority is for: timestamps, code or both; it is good for 2026 alone, and "clock", in seconds, is the
authority's own, if it is not the machine's.
"""

import base64
import datetime
import json
import socket
import sys

from asn1crypto import keys, tsp, x509
from certomancer.services import TimeStamper
from cryptography import x509 as make
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

UTC = datetime.timezone.utc


def refuse(*_arguments, **_named):
    raise RuntimeError("no network in tests")


socket.socket.connect = refuse
socket.getaddrinfo = refuse

PURPOSES = make.ExtendedKeyUsageOID
USAGES = {
    "timestamps": [PURPOSES.TIME_STAMPING],
    "code": [PURPOSES.CODE_SIGNING],
    "both": [PURPOSES.TIME_STAMPING, PURPOSES.CODE_SIGNING],
}
KEYS = {
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
}


def named(text):
    return make.Name([make.NameAttribute(make.NameOID.COMMON_NAME, text)])


def certificate(subject, key, issuer, by, years, extensions):
    builder = make.CertificateBuilder(
        issuer_name=named(issuer),
        subject_name=named(subject),
        public_key=key.public_key(),
        serial_number=make.random_serial_number(),
        not_valid_before=datetime.datetime(years[0], 1, 1, tzinfo=UTC),
        not_valid_after=datetime.datetime(years[1], 1, 1, tzinfo=UTC),
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def usage(**named_ones):
    all_of = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
        "key_cert_sign crl_sign encipher_only decipher_only"
    )
    return make.KeyUsage(**{name: named_ones.get(name, False) for name in all_of.split()})


def answer(request):
    top, own = ec.generate_private_key(ec.SECP256R1()), KEYS[request["key"]]()
    authority = [make.BasicConstraints(ca=True, path_length=None), usage(key_cert_sign=True)]
    stamps = [usage(digital_signature=True), make.ExtendedKeyUsage(USAGES[request["usage"]])]
    root = certificate("Root", top, "Root", top, (2020, 2040), authority)
    leaf = certificate("Authority", own, "Root", top, (2026, 2027), stamps)
    private = own.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    clock = request.get("clock")
    stamper = TimeStamper(
        x509.Certificate.load(leaf),
        keys.PrivateKeyInfo.load(private),
        fixed_dt=None if clock is None else datetime.datetime.fromtimestamp(clock, UTC),
    )
    asked = tsp.TimeStampReq.load(base64.b64decode(request["request"]))
    made = stamper.request_tsa_response(asked).dump()
    return {"answer": base64.b64encode(made).decode(), "root": base64.b64encode(root).decode()}


json.dump([answer(request) for request in json.load(sys.stdin)], sys.stdout)
