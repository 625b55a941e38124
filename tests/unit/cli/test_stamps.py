"""Knowing whether something was built from what is there now."""

from pathlib import Path

from scripts.stamps import digest, is_current, write_stamp


def _tree(root: Path) -> Path:
    (root / "inner").mkdir(parents=True)
    (root / "a.txt").write_text("a")
    (root / "inner" / "b.txt").write_text("b")
    return root


def test_the_same_content_has_the_same_digest_wherever_it_is(tmp_path: Path) -> None:
    assert digest([_tree(tmp_path / "one")]) == digest([_tree(tmp_path / "two")])


def test_every_change_changes_the_digest(tmp_path: Path) -> None:
    tree = _tree(tmp_path / "tree")
    seen = {digest([tree]), digest([tree], "3.13")}
    (tree / "a.txt").write_text("A")
    seen.add(digest([tree]))
    (tree / "a.txt").rename(tree / "c.txt")
    seen.add(digest([tree]))
    (tree / "c.txt").chmod(0o755)
    seen.add(digest([tree]))
    assert len(seen) == 5


def test_what_a_build_leaves_beside_its_sources_does_not_count(tmp_path: Path) -> None:
    tree = _tree(tmp_path / "tree")
    before = digest([tree])
    for name in ("node_modules", "dist", "__pycache__"):
        (tree / name).mkdir()
        (tree / name / "x").write_text("x")
    assert digest([tree]) == before


def test_a_stamp_holds_until_the_content_changes(tmp_path: Path) -> None:
    folder = tmp_path / "built"
    assert not is_current(folder, "x", "1")
    write_stamp(folder, "x", "1")
    assert is_current(folder, "x", "1")
    assert not is_current(folder, "x", "2")
    assert not is_current(folder, "y", "1")
