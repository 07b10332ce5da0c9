"""Mail servers beyond loopback: nothing is said to them in the clear; who signs in is told apart from who may not."""
import shutil
import ssl
import subprocess
import uuid

import facts
import pytest
from aiosmtpd.smtp import AuthResult
from harness.bus import Bus
from harness.until import until
from mailserver import MailServer

# Reaches this machine, and is not one of the names of loopback.
ANYWHERE = "0.0.0.0"


@pytest.fixture
def make_post(request):
    from conftest import LOGS
    made = []

    def make(server, **settings):
        told = {"COLIS_SMTP_URL": server.url} | settings
        bus = Bus(LOGS / request.node.name[:60], programs=("notifier",), settings={"notifier": told})
        made.append(bus)
        return bus.open()
    yield make
    for bus in made:
        bus.abandon()


@pytest.fixture
def certificate(tmp_path):
    """(file of certificate, file of key) for ANYWHERE, signed by itself."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=mail", "-addext", f"subjectAltName=IP:{ANYWHERE}", "-days", "1", "-keyout", key,
                    "-out", cert], check=True, capture_output=True)
    return cert, key


def context(certificate):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*certificate)
    return made


def tell(post):
    person = str(uuid.uuid4())
    address = facts.profile(post, person)
    facts.registered(post, person)
    return address


def away(post):
    return until(lambda: post.notifier.metric("colis_notifier_provider_up") == 0, 20, "the provider to be away")


def test_a_server_beyond_loopback_without_tls_gets_no_mail(make_post):
    with MailServer(ANYWHERE) as server:
        post = make_post(server)
        tell(post)
        away(post)
        assert not server.kept and facts.states(post) != {"dead": 1}


def test_a_certificate_nobody_vouches_for_gets_no_mail(make_post, certificate):
    with MailServer(ANYWHERE, tls_context=context(certificate)) as server:
        post = make_post(server)
        tell(post)
        away(post)
        assert not server.kept


def test_who_signs_in_over_starttls_is_served(make_post, certificate):
    seen = []

    def authenticate(server, session, envelope, mechanism, data):
        seen.append((data.login, data.password))
        return AuthResult(success=True)
    with MailServer(ANYWHERE, tls_context=context(certificate), require_starttls=True, auth_required=True,
                    authenticator=authenticate) as server:
        post = make_post(server, COLIS_SMTP_CA_FILE=str(certificate[0]), COLIS_SMTP_USER="colis",
                         COLIS_SMTP_PASSWORD="a long one")
        address = tell(post)
        until(lambda: server.mails(address), 20, "the mail")
        assert seen[0] == (b"colis", b"a long one")
        assert "a long one" not in post.notifier.log.read_text()


def test_who_may_not_sign_in_loses_no_notification(make_post, certificate):
    allowed = []
    with MailServer(ANYWHERE, tls_context=context(certificate), auth_required=True,
                    authenticator=lambda *_: AuthResult(success=bool(allowed), handled=False)) as server:
        post = make_post(server, COLIS_SMTP_CA_FILE=str(certificate[0]), COLIS_SMTP_USER="colis",
                         COLIS_SMTP_PASSWORD="wrong")
        address = tell(post)
        away(post)
        allowed.append(True)
        until(lambda: server.mails(address), 20, "the mail")
        assert post.value("select attempts from bus.notification") == 1
