"""Real films, damaged by chance, play or are refused or are found damaged: nothing else, ever.

More of them: `--fuzz-cases 3000 --fuzz-seed 1000`, or benchmarks/fuzz.py for a table.
"""

from pathlib import Path

import pytest

from tests.media_fixtures.fuzzing import FINE, SEEDS, fuzz, make_seeds
from tests.media_fixtures.judging import judge_file
from tests.media_fixtures.mutations import mutate


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A whole film of every kind."""
    return make_seeds(tmp_path_factory.mktemp("films"))


def test_whole_films_play(films: list[Path], tmp_path: Path) -> None:
    for film in films:
        scratch = tmp_path / film.name
        scratch.mkdir()
        assert judge_file(film, scratch).outcome == "plays", film.name


@pytest.mark.timeout(0)
def test_damaged_films_end_well(films: list[Path], request: pytest.FixtureRequest) -> None:
    count, seed = (int(request.config.getoption(name)) for name in ("--fuzz-cases", "--fuzz-seed"))
    cases = list(fuzz(films, count, seed))
    assert [case for case in cases if case.ending not in FINE] == []
    if count >= 5 * len(SEEDS):
        assert {"plays", "refused"} <= {case.ending for case in cases}, "the damage is too small, or too great"


def test_damage_can_be_repeated() -> None:
    data = bytes(range(256)) * 64
    assert mutate(data, 7) == mutate(data, 7)
    assert len({mutate(data, seed) for seed in range(20)}) > 15
