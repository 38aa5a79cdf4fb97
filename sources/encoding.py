"""Telling a text file's encoding strictly: BOM, then UTF-8, then CP932; never a guess.

A few bytes lost from UTF-8 often leave something that decodes as CP932, every word of it another; so what is
UTF-8 for the greater part is refused.
"""

import codecs
import re
from pathlib import Path

import numpy as np

from schemas.errors import SourceUnreadableError

_CHUNK_BYTES = 1 << 20
_WORDS_IN_UTF8 = re.compile(rb"(?:[\xe3-\xe9\xef][\x80-\xbf]{2}){3}")
"""Three kana or kanji in a row; hardly a line of CP932 holds that and reads as UTF-8 from end to end."""

_FIRST_OF_THREE_BYTES, _LOST = 0x800, 0xFFFD


def encoding_of(path: Path) -> str:
    """Name the encoding in which the whole file decodes: `utf-8-sig`, `utf-8` or `cp932`.

    Raises:
        SourceUnreadableError: it decodes in none of them, or is damaged UTF-8; the message names the byte.
    """
    with path.open("rb") as file:
        start = file.read(len(codecs.BOM_UTF16_LE))
    if start in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        raise SourceUnreadableError(
            f"{path.name}: UTF-16 です。「CSV UTF-8」か普通の CSV で保存し直してください / "
            f"{path.name}: is UTF-16; save it as 'CSV UTF-8' or as plain CSV and run again"
        )
    damage = _first_fault(path, "utf-8")
    if damage is None:
        with path.open("rb") as file:
            has_mark = file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
        return "utf-8-sig" if has_mark else "utf-8"
    if _is_mostly_utf8(path):
        raise SourceUnreadableError(
            f"{path.name}: UTF-8 ですが、{damage} バイト目が壊れています。"
            "お店のシステムから出力し直してください / "
            f"{path.name}: is UTF-8, but damaged at byte {damage}; export the file again from the shop's "
            "system"
        )
    fault = _first_fault(path, "cp932")
    if fault is None:
        _refuse_mixed(path)
        return "cp932"
    raise SourceUnreadableError(
        f"{path.name}: UTF-8 でも CP932（Windows の Shift_JIS）でもなく、{fault} バイト目が読めません。"
        "お店のシステムから出力し直してください / "
        f"{path.name}: neither UTF-8 nor CP932 (Shift_JIS of Windows): cannot be read at byte {fault}; "
        "export the file again from the shop's system"
    )


def _refuse_mixed(path: Path) -> None:
    """Refuse CP932 with a line of UTF-8 in it, as some programs append one: it would read as other words."""
    with path.open("rb") as file:
        before, rest = 0, b""
        while chunk := file.read(_CHUNK_BYTES):
            whole, end, rest = (rest + chunk).rpartition(b"\n")
            _refuse_utf8_lines(whole, before, path)
            before += whole.count(b"\n") + len(end)
        _refuse_utf8_lines(rest, before, path)


def _refuse_utf8_lines(lines: bytes, before: int, path: Path) -> None:
    for found in _WORDS_IN_UTF8.finditer(lines):
        start, stop = lines.rfind(b"\n", 0, found.start()) + 1, lines.find(b"\n", found.end())
        try:
            lines[start : stop if stop >= 0 else len(lines)].decode("utf-8")
        except UnicodeDecodeError:
            continue
        number = before + lines.count(b"\n", 0, start) + 1
        raise SourceUnreadableError(
            f"{path.name}: CP932（Windows の Shift_JIS）ですが、{number} 行目は UTF-8 です。"
            "一つの文字コードで出力し直してください / "
            f"{path.name}: is CP932 (Shift_JIS of Windows), but line {number} is UTF-8; export the file "
            "again in one encoding"
        )


def _is_mostly_utf8(path: Path) -> bool:
    """Tell whether as many characters decode as UTF-8 as there are places where bytes do not.

    Only characters of three bytes count: half-width kana in CP932 may look like those of two. Of words in
    CP932 hardly one in ten holds such a character by chance.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    sound = lost = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            text = np.frombuffer(decoder.decode(chunk).encode("utf-32-le"), np.uint32)
            is_lost = text == _LOST
            lost += int((is_lost & ~np.append(False, is_lost[:-1])).sum())
            sound += int((~is_lost & (text >= _FIRST_OF_THREE_BYTES)).sum())
    return sound > 0 and sound >= lost


def _first_fault(path: Path, encoding: str) -> int | None:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    read = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                return read + error.start
            read += len(chunk)
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return read
    return None
