"""A pattern made compact finds what it finds with Unicode's classes."""

import importlib
import re

import pyarrow
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.reading.passing_names import _BETWEEN
from transforms.reading.patterns import _ELSEWHERE, _FEW_BYTES, _RANGES, compact, split_by

EVERY = [chr(n) for n in range(0x110000) if not 0xD800 <= n < 0xE000]
OF_BLOCKS = [c for c in EVERY if not _ELSEWHERE.match(c)]


def found(pattern, texts):
    return pc.match_substring_regex(texts, pattern).to_pylist()


@pytest.mark.parametrize("form", ["[{}]", "[^{}]"])
@pytest.mark.parametrize("classes", [*_RANGES, "".join(_RANGES)])
def test_every_character_of_the_blocks_is_of_the_same_classes(classes, form):
    pattern = form.format(classes)
    compacted = compact(pattern, pyarrow.array(["山"]))
    texts = pyarrow.array(OF_BLOCKS)
    assert "\\p" not in compacted
    assert found(compacted, texts) == found(pattern, texts)


@pytest.mark.parametrize("character", ["֊", "־", "᠆", "é", "Д", "𠮷", "\u2028", "😀"])
def test_a_text_with_a_character_of_elsewhere_is_looked_at_as_unicode_has_it(character):
    texts = pyarrow.array(["山田", f"山{character}田", None])
    assert compact(_BETWEEN, texts) == _BETWEEN
    assert compact(_BETWEEN, texts[:1]) != _BETWEEN


def test_long_columns_and_other_types_of_texts_are_not_read_through():
    long = pyarrow.array(["山" * _FEW_BYTES])
    assert compact(_BETWEEN, long) == _BETWEEN
    assert compact(_BETWEEN, pyarrow.array(["山֊"], pyarrow.large_string())) == _BETWEEN


ASKED = ("card_texts", "cards", "mentions", "spare_contacts", "stated_numbers")
OF_NAMES = ("reading.given_names", "reading.own_names", "reading.passing_names")


def patterns_asked():
    """The patterns with classes in the modules that have them made compact."""
    for name in (*ASKED, *OF_NAMES):
        of_module = vars(importlib.import_module(f"transforms.{name}"))
        yield from (
            pytest.param(value, id=f"{name}.{each}")
            for each, value in of_module.items()
            if isinstance(value, str) and "\\p" in value and each.startswith("_")
        )


@pytest.mark.parametrize("pattern", list(patterns_asked()))
@given(cells=st.lists(st.text(st.sampled_from("山ア子ー゛々a1１ ・-−(妻と)@、\n"))))
def test_every_pattern_that_is_made_compact_finds_the_same(pattern, cells):
    assert "\\p" not in re.sub(r"\[[^\]]*\]", "", pattern), "a class stands outside of brackets"
    texts = pyarrow.array(cells, pyarrow.string())
    compacted = compact(pattern, texts)
    assert "\\p" not in compacted
    assert found(compacted, texts) == found(pattern, texts)


@given(st.lists(st.none() | st.text(st.sampled_from("山ア子ー゛々a1１ ・-−é֊𠮷\n"))))
def test_texts_are_parted_at_the_same_places(cells):
    texts = pyarrow.array(cells, pyarrow.string())
    parts, places = split_by(texts, _BETWEEN)
    lists = pc.split_pattern_regex(texts, _BETWEEN)
    assert parts.equals(pc.list_flatten(lists))
    assert places.tolist() == pc.list_parent_indices(lists).to_pylist()
