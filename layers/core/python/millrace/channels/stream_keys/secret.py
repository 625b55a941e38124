"""Make stream keys and what is stored of them.

A key is 256 random bits, so plain SHA-256 is the right hash: nobody can try 2^256 keys, whatever one try costs.
Slow and salted hashes (argon2) protect secrets that people think up and that could be guessed; here they would
only make each connection of a streamer dear, and forbid finding a key by its hash.
"""

import hashlib
import re
import secrets
from base64 import b32encode

# Tells people, and programs that look for leaked secrets, what the text is.
MARK = "live_"
RANDOM_BYTES = 32
# What a list shows: enough to tell ten keys apart; the rest is 226 bits still.
PREFIX_CHARS = len(MARK) + 6
# Lower-case base 32 without padding: no character that a URL, a shell or an encoder's settings would change.
_KEY = re.compile(MARK + "[a-z2-7]{52}")


def new_key() -> str:
    """Return a fresh stream key."""
    return MARK + b32encode(secrets.token_bytes(RANDOM_BYTES)).decode().rstrip("=").lower()


def prefix_of(key: str) -> str:
    """Return what a list shows of the key."""
    return key[:PREFIX_CHARS]


def hash_of(key: str) -> str | None:
    """Return what is stored of the key, as hexadecimal SHA-256; None for what was never a key of ours."""
    return hashlib.sha256(key.encode()).hexdigest() if _KEY.fullmatch(key) else None
