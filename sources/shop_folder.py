"""A shop is a folder: `shop.toml`, `notice.toml`, `notices/*.toml` (earlier ones), `partners/<id>.toml`."""

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from schemas.agreement import Agreement
from schemas.carrying import FolderPlace
from schemas.drop import Version
from schemas.errors import ConfigurationError, RefusedError
from schemas.notice import Notice
from schemas.policy import DatedNotice, Policy
from schemas.shop import ShopConfiguration


@dataclass(frozen=True)
class ShopFolder:
    """A shop's configuration and policy, loaded and checked against each other."""

    home: Path
    shop: ShopConfiguration
    policy: Policy

    @property
    def state(self) -> Path:
        """Folder of the shop's memory; nothing in it is for partners."""
        return self.home / self.shop.places.state

    @property
    def drops(self) -> Path:
        """Folder of the published drops."""
        return self.home / self.shop.places.drops


def load_shop(home: Path) -> ShopFolder:
    """Load a shop's folder.

    Raises:
        ConfigurationError: a file is missing or wrong.
        RefusedError: an agreement goes beyond the notice.
    """
    shop = ShopConfiguration.load(_toml(home / "shop.toml")[0], where="shop.toml")
    policy = load_policy(home)
    _refuse_one_folder(home, policy)
    return ShopFolder(home, shop, policy)


def _refuse_one_folder(home: Path, policy: Policy) -> None:
    """Refuse two partners with one folder as their place, however each spells it."""
    owners: dict[Path, str] = {}
    for partner, agreement in policy.agreements.items():
        if isinstance(agreement.place, FolderPlace):
            owner = owners.setdefault((home / agreement.place.path).resolve(), partner)
            if owner != partner:
                raise RefusedError(
                    f"partners/{partner}.toml: place が partners/{owner}.toml と同じフォルダです。"
                    "利用者ごとに別のものにしてください / "
                    f"partners/{partner}.toml: place is the folder of partners/{owner}.toml, too; each "
                    "partner has its own"
                )


def load_policy(home: Path) -> Policy:
    """Load notice and agreements of a folder."""
    content, digest = _toml(home / "notice.toml")
    notice = Notice.load(content, where="notice.toml")
    agreements = {}
    own_fingerprint = Version(version=notice.version, sha256=digest)
    fingerprints = {}
    earlier = tuple(_earlier_notice(path, notice) for path in _files_of(home / "notices"))
    _refuse_twins([notice, *(version.notice for version in earlier)])
    for path in _files_of(home / "partners"):
        where = f"partners/{path.name}"
        content, digest = _toml(path)
        agreement = Agreement.load(content, where=where)
        if agreement.partner != path.stem:
            raise ConfigurationError(
                f"{where}: partner が '{agreement.partner}' です。ファイル名を同じにしてください / "
                f"{where}: partner is '{agreement.partner}'; name the file after it"
            )
        agreements[agreement.partner] = agreement
        fingerprints[agreement.partner] = Version(version=agreement.version, sha256=digest)
    if not agreements:
        raise ConfigurationError(
            "partners/: 覚書がありません。なければ何も渡せません / "
            "partners/: no agreement; without one nothing can be shared"
        )
    return Policy(notice, agreements, fingerprints, own_fingerprint, earlier)


def _files_of(folder: Path) -> list[Path]:
    """List the TOML files of a folder.

    Raises:
        ConfigurationError: something else is there: a version or an agreement under a spoilt name would
            be passed over.
    """
    found = sorted(path for path in folder.glob("*") if not _is_of_the_system(path.name))
    for path in found:
        if path.suffix.lower() != ".toml" or not path.is_file():
            raise ConfigurationError(
                f"{folder.name}/{path.name}: 名前が .toml で終わるファイルではないので、読まれません。名前を"
                "直すか、ほかの場所に移してください / "
                f"{folder.name}/{path.name}: no file whose name ends in .toml, so it would not be read; "
                "correct its name, or move it elsewhere"
            )
    return found


def _is_of_the_system(name: str) -> bool:
    return name.startswith((".", "~$")) or name.lower() in {"thumbs.db", "desktop.ini"}


def _refuse_twins(notices: list[Notice]) -> None:
    """Refuse two versions of the notice from one day on: nothing says which one holds."""
    days = [notice.effective_on for notice in notices]
    for twice in sorted({day for day in days if days.count(day) > 1}):
        raise ConfigurationError(
            f"notices/: {twice} に発効する公表事項が二つあります。一方を直すか消してください / "
            f"notices/: two versions of the notice take effect on {twice}; correct or remove one"
        )


def _earlier_notice(path: Path, current: Notice) -> DatedNotice:
    content, digest = _toml(path)
    notice = Notice.load(content, where=f"notices/{path.name}")
    if notice.effective_on >= current.effective_on:
        raise ConfigurationError(
            f"notices/{path.name}: effective_on が、最新である notice.toml のものより前ではありません / "
            f"notices/{path.name}: effective_on is not before that of notice.toml, which is the newest"
        )
    return DatedNotice(notice, Version(version=notice.version, sha256=digest))


def _toml(path: Path) -> tuple[dict[str, object], str]:
    try:
        content = path.read_bytes()
        return tomllib.loads(content.decode("utf-8-sig")), hashlib.sha256(content).hexdigest()
    except OSError:
        japanese = "がないか、開けません。--shop のフォルダを確かめてください"
        english = "is missing or cannot be opened; is --shop the right folder?"
    except UnicodeDecodeError:
        japanese, english = "を UTF-8 で保存してください", "is not UTF-8; save it so"
    except tomllib.TOMLDecodeError as error:
        fault = str(error).splitlines()[0]
        line = re.search(r"at line (\d+)", fault)
        where = f"{line[1]} 行目あたりの" if line else ""
        japanese = (
            f"の{where}書き方が正しくありません。記号と空白は半角で書き、フォルダの区切りは / にしてください"
            f"（{fault}）"
        )
        english = f"is not TOML: {fault}; write folders with /"
    raise ConfigurationError(f"{path.name} {japanese} / {path.name} {english}")
