"""How names and addresses were folded by versions up to 0.4, for what those remembered of people.

What a ledger remembers of somebody erased are digests of folded texts. It cannot be folded anew; so who
comes back is looked for as folded then, too. Nothing else uses these forms, and they never change.
"""

import pyarrow

from transforms.reading.joined_text import JoinedText

_OLD_FORMS = dict(
    zip(
        "髙﨑嵜碕濵濱邉邊齋齊斉𠮷桒冨嶋嶌眞惠廣澤瀧德渕淵藏國櫻榮曾龍彌與壽假條鐵寬﨟栁舘",
        "高崎崎崎浜浜辺辺斎斎斎吉桑富島島真恵広沢滝徳淵淵蔵国桜栄曽竜弥与寿仮条鉄寛臈柳館",
        strict=True,
    )
)
_BLANKS = " \t\n\f\r\u3000"
_DASHES = "ー‐‑‒–—―−－ｰ"
_PREFECTURE = "(?:東京都|北海道|(?:京都|大阪)府|[^{edge}]{{2}}県|[^{edge}]{{3}}県)"


def fold_names_as_before(names: pyarrow.Array) -> pyarrow.Array:
    """Fold names: width, spaces, dots, some old forms, two company marks, 様 and remarks behind."""
    joined = _plain(names)
    joined.exchange(dict.fromkeys(f"{_BLANKS}・･.,、。", ""))
    joined.replace("(株)", "株式会社")
    joined.replace("(有)", "有限会社")
    edge = joined.boundary
    joined.substitute(rf"\([^(){edge}]{{2,}}\){edge}", edge, only_with="(")
    joined.substitute(f"(?:様|殿|さん|御中|先生){edge}", edge, only_with="様殿ん中生")
    return joined.cells()


def fold_addresses_as_before(addresses: pyarrow.Array) -> pyarrow.Array:
    """Fold addresses: as codes, without prefecture, 大字 and 字, with 丁目 and 番地 as dashes."""
    joined = _plain(addresses)
    joined.exchange(dict.fromkeys(_BLANKS, ""))
    joined.exchange(dict.fromkeys(_DASHES, "-"))
    edge = joined.boundary
    joined.substitute(edge + _PREFECTURE.format(edge=edge), edge, only_with="都道府県")
    for part in ("大字", "字"):
        joined.replace(part, "")
    joined.substitute(r"([0-9])の([0-9])", r"\1-\2", only_with="の")
    for part in ("丁目", "番地の", "番地", "番", "号室", "号", "地割"):
        joined.replace(part, "-")
    joined.substitute("--+", "-", only_with="-")
    joined.replace(f"{edge}-", edge)
    joined.replace(f"-{edge}", edge)
    return joined.cells()


def _plain(texts: pyarrow.Array) -> JoinedText:
    joined = JoinedText(texts)
    joined.compatible()
    joined.exchange(_OLD_FORMS)
    joined.upper()
    return joined
