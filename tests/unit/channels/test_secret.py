"""Stream keys as secrets."""

import re

from millrace.channels.stream_keys.secret import PREFIX_CHARS, hash_of, new_key, prefix_of


def test_keys_are_long_random_and_plain() -> None:
    keys = [new_key() for _ in range(200)]
    assert len({prefix_of(key) for key in keys}) == 200
    assert all(re.fullmatch(r"live_[a-z2-7]{52}", key) for key in keys)
    # Every character but the mark and the last one, which carries one bit, takes many values.
    assert all(len({key[place] for key in keys}) > 20 for place in range(5, 56))


def test_of_a_key_only_its_own_hash_is_made() -> None:
    key = new_key()
    assert hash_of(key) == hash_of(key)
    assert len(str(hash_of(key))) == 64
    for wrong in (key.upper(), key + "\n", key[:-1], prefix_of(key), "", "live_" + "1" * 52):
        assert hash_of(wrong) is None
    assert len(prefix_of(key)) == PREFIX_CHARS
