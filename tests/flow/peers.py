"""Peers of the recorder's messages that more than one flow test has: a private authority of certificates,
and an SMTP server that demands TLS and a login."""
import datetime
import email
import email.policy
import ipaddress
import os
import ssl
import sys
import warnings

try:
    from aiosmtpd.controller import Controller
except ModuleNotFoundError:  # another Python than the one that Debian's packages are for
    os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from recorder import free_port

warnings.simplefilter("ignore", DeprecationWarning)  # of aiosmtpd about itself

# --- a private authority ---


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def sign(subject, key, issuer, issuer_key, is_authority):
    now = datetime.datetime.utcnow()
    builder = (x509.CertificateBuilder().subject_name(name_of(subject)).issuer_name(name_of(issuer))
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(now - datetime.timedelta(days=1))
               .not_valid_after(now + datetime.timedelta(days=2))
               .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True))
    if not is_authority:
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def make_authority(directory, name):
    """NAME-ca.pem, NAME.pem and NAME.key: an authority, and a server of it on loopback."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = sign(f"{name} authority", ca_key, f"{name} authority", ca_key, True)
    server = sign("localhost", key, f"{name} authority", ca_key, False)
    (directory / f"{name}-ca.pem").write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    (directory / f"{name}.pem").write_bytes(server.public_bytes(serialization.Encoding.PEM))
    (directory / f"{name}.key").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return server.fingerprint(hashes.SHA256()).hex()


def server_tls(directory):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "good.pem", directory / "good.key")
    return context


# --- the peers ---


class Mailbox:
    """An SMTP server: STARTTLS and a login are demanded, or TLS from the first byte."""

    def __init__(self, directory, with_starttls, password):
        self.directory, self.with_starttls, self.password = directory, with_starttls, password
        self.port, self.mails, self.controller = free_port(), [], None
        self.start()

    def authenticate(self, _server, _session, _envelope, _mechanism, data):
        is_right = data.login == b"recorder" and data.password == self.password.encode()
        return AuthResult(success=is_right)

    async def handle_DATA(self, _server, _session, envelope):
        self.mails.append((envelope.rcpt_tos, email.message_from_bytes(
            envelope.content, policy=email.policy.default), envelope.content))
        return "250 taken"

    def start(self):
        tls = server_tls(self.directory)
        if self.with_starttls:
            self.controller = Controller(self, hostname="127.0.0.1", port=self.port, tls_context=tls,
                                         require_starttls=True, authenticator=self.authenticate,
                                         auth_required=True)
        else:
            self.controller = Controller(self, hostname="127.0.0.1", port=self.port, ssl_context=tls)
        self.controller.start()

    def stop(self):
        self.controller.stop()

    def texts(self):
        return [mail.get_content() for _, mail, _ in self.mails]
