"""Loading the shipped knowledge of screening."""

import tomllib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from schemas.screening import CodedLists, DangerRules, Figurative, Knowledge
from transforms.screening.dangers import Dangers

_PLACE = resources.files("sources.screening")


@cache
def shipped_knowledge() -> Knowledge:
    """Load vocabulary, lists and rules."""
    files = [f for f in (_PLACE / "vocabulary").iterdir() if f.name.endswith(".txt")]
    terms = {file.name.removesuffix(".txt"): _terms(file) for file in files}
    figurative = Figurative.load(
        _toml("figurative.toml"), where="sources/screening/figurative.toml"
    )
    rules = DangerRules.load(_toml("rules.toml"), where="sources/screening/rules.toml")
    lists = CodedLists.load(_toml("lists.toml"), where="sources/screening/lists.toml")
    return Knowledge(
        terms=frozenset().union(*terms.values()),
        figurative=figurative,
        parts=terms["parts"] | terms["makers"],
        lists=lists.lists,
        rules=rules.rules,
    )


@cache
def shipped_dangers() -> Dangers:
    """Compile the danger rules, once for all drops of a process."""
    return Dangers.of(shipped_knowledge())


def _terms(file: Traversable) -> frozenset[str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def _toml(name: str) -> dict[str, object]:
    return tomllib.loads((_PLACE / name).read_text(encoding="utf-8"))
