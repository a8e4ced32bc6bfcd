"""A certificate authority of a test's own, and a certificate of it for a server on loopback."""

import datetime as dt
import ssl
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_DAY = dt.timedelta(days=1)


def make_certificates(folder: Path, host: str) -> tuple[Path, ssl.SSLContext]:
    """Return the file with the authority, after another one that signed nothing, and what a server of ``host`` needs."""
    other, authority, server = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    bundle = _sign("Another authority", other, "Another authority", other) + _sign(
        "Authority", authority, "Authority", authority
    )
    (folder / "authorities.pem").write_bytes(bundle)
    key = server.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "server.pem").write_bytes(_sign(host, server, "Authority", authority) + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return folder / "authorities.pem", context


def _sign(name: str, key: ec.EllipticCurvePrivateKey, by: str, by_key: ec.EllipticCurvePrivateKey) -> bytes:
    now, is_authority = dt.datetime.now(dt.UTC), name == by
    names = [x509.DNSName(name), x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    certificate = x509.CertificateBuilder(
        issuer_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, by)]),
        subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - _DAY,
        not_valid_after=now + _DAY,
    ).add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    if not is_authority:
        certificate = certificate.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return certificate.sign(by_key, hashes.SHA256()).public_bytes(Encoding.PEM)
