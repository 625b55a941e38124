"""Make the secrets of a new stack: the key pair that signs access to private media, and the distribution's word."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

PUBLIC_KEY_PARAMETER = "MediaPublicKey"
PRIVATE_KEY_PARAMETER = "MediaPrivateKey"
# Names the place whose key signs; every key that is there is trusted.
SIGNER_PARAMETER = "MediaSigner"
ORIGIN_SECRET_PARAMETER = "OriginSecret"  # noqa: S105 - the name of a parameter


def new_origin_secret() -> dict[str, str]:
    """Return what the distribution says to the API so that it is believed the viewer's address."""
    return {ORIGIN_SECRET_PARAMETER: secrets.token_hex(32)}


@dataclass(frozen=True)
class Place:
    """One of the two places for a pair, used in turns: CloudFront never lets a key change in its place."""

    name: str
    public: str
    private: str


FIRST = Place("first", PUBLIC_KEY_PARAMETER, PRIVATE_KEY_PARAMETER)
SECOND = Place("second", "SecondMediaPublicKey", "SecondMediaPrivateKey")


def signing_and_idle(parameters: Mapping[str, str]) -> tuple[Place, Place]:
    """Return the place whose key signs, and the other one, as the stack's parameters say."""
    return (SECOND, FIRST) if parameters.get(SIGNER_PARAMETER) == SECOND.name else (FIRST, SECOND)


def new_media_keys(place: Place = FIRST) -> dict[str, str]:
    """Return a fresh RSA-2048 pair as template parameters: CloudFront takes no other kind for signed cookies."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {place.public: public.decode(), place.private: private.decode()}
