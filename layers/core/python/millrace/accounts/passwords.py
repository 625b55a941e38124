"""Passwords: which are good enough, and how they are kept (argon2id)."""

import unicodedata
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from millrace.accounts.model import folded

MIN_CHARS = 10
MAX_CHARS = 128
COMMON_PASSWORDS = Path(__file__).with_name("common_passwords.txt")

# OWASP's floor for argon2id is 46 MiB with one pass. Two passes take about 60 ms of a present core, so about 90 ms
# on the one vCPU of a 1,769-MB Lambda: dear for a guesser, unnoticed by a person.
MEMORY_KIB = 47104
PASSES = 2
# A Lambda of that size has one vCPU: lanes would only take turns.
LANES = 1

# The hash of a password that nobody knows. An unknown address is checked against it, so that it takes as long to
# refuse as a known one. Its parameters are those above: a test watches over that.
STAND_IN = "$argon2id$v=19$m=47104,t=2,p=1$O5Ag8gARM+g6ROm8vdX+SA$RxNO+1kD/ZADhI2ZoisHO6fd5q5RJ+jUVKFubXcZdQU"


def check_policy(password: str, email: str = "") -> None:
    """Raise ValueError, in words for its owner, where a password is too easily guessed."""
    if not MIN_CHARS <= len(normal(password)) <= MAX_CHARS:
        raise ValueError(f"A password has {MIN_CHARS} to {MAX_CHARS} characters")
    plain = folded(normal(password))
    if email and plain in {folded(email), folded(email.partition("@")[0])}:
        raise ValueError("A password cannot be the email address")
    # "Password2026!" is no better than "password": what is put around a word is what guessers try first.
    word = plain.strip("0123456789!?.,;:-_#$%&*+@ ")
    if plain in _common() or word in _common() or len(set(plain)) < MIN_CHARS // 2:
        raise ValueError("This password is too easy to guess")


def hashed(password: str) -> str:
    """Return the hash to store, with its salt and parameters in it."""
    return _hasher().hash(normal(password))


def matches(password_hash: str, password: str) -> bool:
    """Tell whether the password is the one that was hashed."""
    try:
        return _hasher().verify(password_hash, normal(password))
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Tell whether the hash was made with other parameters than today's."""
    return _hasher().check_needs_rehash(password_hash)


def normal(password: str) -> str:
    """Return the password as it is hashed: keyboards differ in how they compose the same characters."""
    return unicodedata.normalize("NFKC", password)


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID)


@cache
def _common() -> frozenset[str]:
    lines = COMMON_PASSWORDS.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
