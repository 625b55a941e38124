"""Settings come from the environment, and their absence is said."""

import pytest

from millrace.platform import settings


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("VIDEOS_TABLE", raising=False)
    if value is not None:
        monkeypatch.setenv("VIDEOS_TABLE", value)
    with pytest.raises(settings.MissingSetting, match="VIDEOS_TABLE"):
        settings.require("VIDEOS_TABLE")
    assert settings.optional("VIDEOS_TABLE", "videos") == "videos"


def test_a_setting_is_read_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEOS_TABLE", "one")
    assert settings.require("VIDEOS_TABLE") == settings.optional("VIDEOS_TABLE") == "one"
