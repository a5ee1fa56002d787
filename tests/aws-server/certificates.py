#!/usr/bin/env python3
"""certificates.py FOLDER: makes the chains for the tests and the benchmark, each as NAME.pem and NAME.key.

`roots.pem` has the roots that are to be trusted. The library that makes them comes with moto
(scripts/setup).
"""

import datetime
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.now(datetime.timezone.utc)


def name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def key(kind):
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def certificate(subject, public, issuer, signer, *, authority=False, hosts=(), start=-DAY, end=3650 * DAY):
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + start)
        .not_valid_after(NOW + end)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if hosts:
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(signer, hashes.SHA256())


def pem(*certificates):
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)

    def write(what, chain, private):
        (folder / f"{what}.key").write_bytes(
            private.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        (folder / f"{what}.pem").write_bytes(pem(*chain))

    roots = []
    for kind in ("rsa", "ecdsa"):
        root, middle = key(kind), key(kind)
        roots.append(certificate(f"root {kind}", root.public_key(), f"root {kind}", root, authority=True))
        between = certificate(f"middle {kind}", middle.public_key(), f"root {kind}", root, authority=True)

        def leaf(what, *hosts, **limits):
            own = key(kind)
            one = certificate("a service", own.public_key(), f"middle {kind}", middle, hosts=hosts, **limits)
            write(what, [one, between], own)

        # The second is that of bench/src/service/away.rs.
        leaf(kind, "localhost", "dynamodb.bench.test")
        if kind == "ecdsa":
            leaf("expired", "localhost", start=-3 * DAY, end=-2 * DAY)
            leaf("early", "localhost", start=2 * DAY)
            leaf("wrong-name", "example.com")
    own = key("ecdsa")
    write("self-signed", [certificate("self", own.public_key(), "self", own, hosts=["localhost"])], own)
    (folder / "roots.pem").write_bytes(pem(*roots))


main(Path(sys.argv[1]))
