"""RTMPS: the same protocol, encrypted."""

import asyncio
import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from rtmp_ingest.rtmp.limits import Limits
from rtmp_ingest.rtmp.server import RtmpServer, ServerSettings
from tests.integration.rtmp.serving import PATIENCE_S, Recorder, publish, serving


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> ServerSettings:
    certificate, key = self_signed(tmp_path_factory.mktemp("tls"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return ServerSettings(port=0, tls=context, limits=Limits(handshake_s=1.5))


def self_signed(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = folder / "certificate.pem", folder / "key.pem"
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_path.write_bytes(key.private_bytes(*plain))
    return certificate_path, key_path


def test_ffmpeg_publishes_encrypted(settings: ServerSettings) -> None:
    recorder = Recorder()

    async def scenario() -> None:
        async with serving(settings, recorder) as server:
            address = f"rtmps://127.0.0.1:{server.rtmps_port}/live/hush"
            published = await publish(address, 1, options=("-tls_verify", "0"))
            assert published.returncode == 0, published.said
            await asyncio.wait_for(recorder.recordings["hush"].has_ended.wait(), PATIENCE_S)

    asyncio.run(scenario())
    packets = recorder.recordings["hush"].packets()
    assert packets["avc1/KEY"] + packets["avc1/FRAMES"] == 25
    assert recorder.recordings["hush"].client.is_encrypted


def test_who_does_not_encrypt_or_says_nothing_is_disconnected(settings: ServerSettings) -> None:
    async def until_disconnected(server: RtmpServer, said: bytes) -> None:
        assert server.rtmps_port is not None
        reader, writer = await asyncio.open_connection("127.0.0.1", server.rtmps_port)
        writer.write(said)
        try:
            while await reader.read(4096):
                pass
        except ConnectionError:
            return
        finally:
            writer.transport.abort()

    async def scenario() -> None:
        async with serving(settings, Recorder()) as server, asyncio.timeout(PATIENCE_S):
            await asyncio.gather(until_disconnected(server, b"\x03" + bytes(1536)), until_disconnected(server, b""))
            assert server.connection_count == 0

    asyncio.run(scenario())
