"""Handing the user's pip settings on to uv."""

from pathlib import Path

from scripts.pip_settings import uv_environment


def test_nothing_is_set_where_the_user_set_nothing() -> None:
    assert uv_environment({"PATH": "/bin"}, []) == {"PATH": "/bin", "UV_PYTHON_DOWNLOADS": "never"}


def test_variables_of_pip_reach_uv_under_its_names(tmp_path: Path) -> None:
    given = {
        "PIP_INDEX_URL": "https://mirror.example/simple",
        "PIP_EXTRA_INDEX_URL": "https://one.example https://two.example",
        "PIP_CERT": "/etc/own.pem",
        "PIP_FIND_LINKS": f"{tmp_path} /not/there https://wheels.example",
        "PIP_DEFAULT_TIMEOUT": "180",
    }
    found = uv_environment(given, [])
    assert found["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert found["UV_INDEX"] == "https://one.example https://two.example"
    assert found["SSL_CERT_FILE"] == "/etc/own.pem"
    assert found["UV_FIND_LINKS"] == f"{tmp_path},https://wheels.example"
    assert found["UV_HTTP_TIMEOUT"] == "180"


def test_settings_for_uv_win(tmp_path: Path) -> None:
    given = {"PIP_INDEX_URL": "https://pip.example", "UV_INDEX_URL": "https://uv.example", "UV_HTTP_TIMEOUT": "5"}
    found = uv_environment({**given, "PIP_DEFAULT_TIMEOUT": "9"}, [])
    assert "UV_DEFAULT_INDEX" not in found
    assert found["UV_HTTP_TIMEOUT"] == "5"


def test_files_are_read_and_the_environment_is_stronger(tmp_path: Path) -> None:
    weak, strong, broken = tmp_path / "weak", tmp_path / "strong", tmp_path / "broken"
    weak.write_text("[global]\nindex-url = https://weak.example\ncert = /weak.pem\n")
    strong.write_text("[install]\nindex-url = https://strong.example\n")
    broken.write_text("no section\n")
    files = [weak, broken, strong, tmp_path / "missing"]
    found = uv_environment({}, files)
    assert (found["UV_DEFAULT_INDEX"], found["SSL_CERT_FILE"]) == ("https://strong.example", "/weak.pem")
    assert uv_environment({"PIP_INDEX_URL": "https://env.example"}, files)["UV_DEFAULT_INDEX"] == "https://env.example"
