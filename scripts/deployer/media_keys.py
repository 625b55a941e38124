"""Make the secrets of a new stack: the key pair that signs access to private media, and the distribution's word."""

from __future__ import annotations

import secrets

PUBLIC_KEY_PARAMETER = "MediaPublicKey"
PRIVATE_KEY_PARAMETER = "MediaPrivateKey"
ORIGIN_SECRET_PARAMETER = "OriginSecret"  # noqa: S105 - the name of a parameter


def new_origin_secret() -> dict[str, str]:
    """Return what the distribution says to the API so that it is believed the viewer's address."""
    return {ORIGIN_SECRET_PARAMETER: secrets.token_hex(32)}


def new_media_keys() -> dict[str, str]:
    """Return a fresh RSA-2048 pair as template parameters: CloudFront takes no other kind for signed cookies."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {PUBLIC_KEY_PARAMETER: public.decode(), PRIVATE_KEY_PARAMETER: private.decode()}
