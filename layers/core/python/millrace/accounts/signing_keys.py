"""The keys of access tokens, kept by KMS: the private halves never leave it.

`TOKEN_KEY_IDS` lists them. The first signs; all of them prove, so a key is rotated by putting a new one in front
and dropping the old one once its last token has expired.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from joserfc.jwk import ECKey

from millrace.accounts.errors import KeysUnavailable
from millrace.platform import clients, settings
from millrace.platform.observability import logger

# A token with an unknown key id may be signed with a key that an alias points to since a moment ago; asking again
# more often than this would let anyone with a made-up token make us call KMS.
REFRESH_AFTER_S = 60
COORDINATE_BYTES = 32
# States of a key that is being retired: the others still work.
_RETIRED = frozenset({"DisabledException", "KMSInvalidStateException", "NotFoundException"})


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair: its id in KMS, its thumbprint (RFC 7638) and its public half."""

    kms_id: str
    kid: str
    public: ECKey


class KeyRing:
    """The public halves by thumbprint, fetched on first use and again when a thumbprint is unknown."""

    def __init__(self, kms_ids: tuple[str, ...]) -> None:
        """Take the ids in KMS; the first one signs."""
        self._kms_ids = kms_ids
        self._keys: Mapping[str, SigningKey] = {}
        self._fetched_at_s = float("-inf")

    def find(self, kid: str) -> ECKey | None:
        """Return the public key with this thumbprint, or None; raises KeysUnavailable."""
        if kid not in self._keys and time.monotonic() - self._fetched_at_s >= REFRESH_AFTER_S:
            self._fetch()
        key = self._keys.get(kid)
        return key.public if key else None

    def all(self) -> tuple[SigningKey, ...]:
        """Return every key that proves tokens; raises KeysUnavailable."""
        if not self._keys:
            self._fetch()
        return tuple(self._keys.values())

    def signer(self) -> SigningKey:
        """Return the key that signs; raises KeysUnavailable."""
        for key in self.all():
            if key.kms_id == self._kms_ids[0]:
                return key
        raise KeysUnavailable

    def _fetch(self) -> None:
        keys = [key for key in map(_fetch_key, self._kms_ids) if key is not None]
        if not keys:
            raise KeysUnavailable
        self._keys = {key.kid: key for key in keys}
        self._fetched_at_s = time.monotonic()


@cache
def ring() -> KeyRing:
    """Return the key ring of this container."""
    return KeyRing(tuple(settings.require("TOKEN_KEY_IDS").split(",")))


def sign(key: SigningKey, message: bytes) -> bytes:
    """Sign with ES256: r and s, 32 bytes each (RFC 7518 3.4); raises KeysUnavailable."""
    try:
        answer = clients.kms().sign(
            KeyId=key.kms_id,
            Message=sha256(message).digest(),
            MessageType="DIGEST",
            SigningAlgorithm="ECDSA_SHA_256",
        )
    except (BotoCoreError, ClientError) as error:
        raise KeysUnavailable from error
    # KMS answers in DER, JOSE wants the bare numbers.
    r, s = decode_dss_signature(answer["Signature"])
    return r.to_bytes(COORDINATE_BYTES, "big") + s.to_bytes(COORDINATE_BYTES, "big")


def _fetch_key(kms_id: str) -> SigningKey | None:
    try:
        der = clients.kms().get_public_key(KeyId=kms_id)["PublicKey"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in _RETIRED:
            raise KeysUnavailable from error
        logger().warning("token key is retired", kms_key_id=kms_id)
        return None
    except BotoCoreError as error:
        raise KeysUnavailable from error
    pem = load_der_public_key(der).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    public = ECKey.import_key(pem)
    return SigningKey(kms_id=kms_id, kid=public.thumbprint(), public=public)
