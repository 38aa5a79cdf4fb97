"""Photographs: made anew without any metadata, bounded in size; whatever is no photograph is a fault.

A photograph carries where and when it was taken, and by which device; none of that leaves. The picture
itself is the shop's to clear (`is_cleared_for_sharing`): faces and other cars' plates are not looked for.
"""

import io
import ntpath
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from schemas.shop_rules import Images
from transforms.reading.folding import nfkc

_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 85


@dataclass(frozen=True)
class Photograph:
    """A photograph that may leave, or why it may not."""

    content: bytes = b""
    fault: str = ""


def read_photograph(home: Path, rules: Images, name: str) -> Photograph:
    """Read a photograph of the shop and make it anew as a JPEG of nothing but its picture.

    Args:
        home: the shop's folder.
        rules: where photographs are, and how large they may be.
        name: the file, as the records name it.
    """
    try:
        content = _content(home, rules, name)
    except OSError:
        return Photograph(fault="unreadable")
    except Exception:  # noqa: BLE001 (a crafted name makes paths raise anything)
        return Photograph(fault="missing")
    if isinstance(content, Photograph):
        return content
    try:
        return _made_anew(content, rules)
    except Exception:  # noqa: BLE001 (a crafted file makes decoders raise anything)
        return Photograph(fault="not_an_image")


def filed_as(home: Path, rules: Images, name: str) -> str:
    """Give one text for all ways to name a file: `./A.JPG`, `a.jpg` and its path may be one photograph."""
    folder, told = (home / rules.folder).resolve(), nfkc(name).replace("\\", "/")
    with suppress(OSError, ValueError, RuntimeError):
        for place in (folder, home, home.parent):
            path = (place / told).resolve()
            if path.is_file():
                return str(path).casefold()
    return ntpath.normpath(str(folder / told)).replace("\\", "/").casefold()


def _content(home: Path, rules: Images, name: str) -> bytes | Photograph:
    """Read a file, or tell why it cannot be a photograph that leaves."""
    folder = (home / rules.folder).resolve()
    path = (folder / name).resolve()
    if folder not in path.parents:
        return Photograph(fault="outside_the_folder")
    if not path.is_file():
        return Photograph(fault="missing")
    if path.stat().st_size > rules.max_file_bytes:
        return Photograph(fault="too_large")
    return path.read_bytes()


def _opaque(image: Image.Image) -> Image.Image:
    """Put a picture on white: what somebody erased would show again if its transparency were dropped."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layers = image.convert("RGBA")
    white = Image.new("RGB", image.size, "white")
    white.paste(layers, mask=layers.getchannel("A"))
    return white


def _made_anew(content: bytes, rules: Images) -> Photograph:
    with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
        if image.width * image.height > rules.max_pixels:
            return Photograph(fault="too_large")
        upright = _opaque(ImageOps.exif_transpose(image))
    upright.thumbnail((rules.max_side_pixels, rules.max_side_pixels))
    picture = Image.frombytes("RGB", upright.size, upright.tobytes())
    made = io.BytesIO()
    picture.save(made, "JPEG", quality=_QUALITY)
    return Photograph(made.getvalue())
