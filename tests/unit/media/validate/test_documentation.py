"""The page about the checker lists every rule as it is."""

import re
from pathlib import Path

from millrace.media.validate import RULES

PAGE = Path(__file__).parents[4] / "docs" / "validate.md"


def test_the_page_lists_every_rule_and_no_other() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+) \| (.+) \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    assert rows == [(rule.code, rule.severity.value, rule.says, rule.clause) for rule in RULES.values()]
