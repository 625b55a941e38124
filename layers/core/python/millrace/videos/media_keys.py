"""The key that signs the right to fetch media: the newest of the key group's."""

import hashlib
from functools import cache
from typing import cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from millrace.platform import clients, settings


def key_id() -> str:
    """Return CloudFront's name for the key."""
    return settings.require("MEDIA_KEY_ID")


@cache
def private_key() -> RSAPrivateKey:
    """Return the private half, read once in a container's life; a rotation deploys functions with another secret."""
    return cast(RSAPrivateKey, load_pem_private_key(_pem(), password=None))


def pseudonym(text: str) -> str:
    """Return a short name for the text that nobody can guess back who has not the key."""
    key = hashlib.sha256(_pem()).digest()
    return hashlib.blake2b(text.encode(), key=key, digest_size=12).hexdigest()


@cache
def _pem() -> bytes:
    secret = clients.secrets().get_secret_value(SecretId=settings.require("MEDIA_KEY_SECRET"))
    return secret["SecretString"].encode()
