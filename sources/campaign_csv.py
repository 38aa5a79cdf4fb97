"""A CSV of campaigns that an operator writes or copies together, a range a row."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from schemas.campaigns import Campaign, Model
from schemas.errors import ConfigurationError
from sources.campaign_cells import CATEGORIES, day_of, joined, meaning, models_of, range_of, wrong
from transforms.reading.folding import nfkc

CSV_COLUMNS = (
    *("届出番号", "届出日", "区分", "車名", "通称名", "型式", "車台番号_from", "車台番号_to"),
    *("製作期間_from", "製作期間_to", "台数", "装置", "状況", "改善措置"),
)
"""Headers of the CSV; those of `_REQUIRED` must be there."""

_REQUIRED = ("届出番号", "届出日", "車名", "型式", "車台番号_from", "車台番号_to")


@dataclass
class CsvCampaigns:
    """One CSV file."""

    name: str
    text: str
    announced: int | None = None

    def campaigns(self) -> Iterator[Campaign]:
        """Give the campaigns, each with all of its rows."""
        rows = self._rows()
        _, first = next(rows, ("", []))
        header = [nfkc(cell).strip() for cell in first]
        missing = [name for name in _REQUIRED if name not in header]
        if missing:
            raise ConfigurationError(
                f"{self.name}: 列 {', '.join(missing)} がありません / "
                f"{self.name}: the columns {', '.join(missing)} are missing; the header is "
                f"{','.join(CSV_COLUMNS)}"
            )
        twice = {name for name in header if name and header.count(name) > 1}
        more = {n for n in header if n not in CSV_COLUMNS and ("型式" in n or "車台番号" in n)}
        for name in sorted(twice | more):
            raise wrong(
                self.name,
                f"列「{name[:20]}」が二度あるか、分からない列です。範囲は一行に一つずつ書いてください",
                f"the column '{name[:20]}' is there twice or unknown; write one range a row",
            )
        found: dict[str, list[Campaign]] = {}
        for place, cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise wrong(
                    place,
                    f"セルが {len(cells)} 個ですが、見出しは {len(header)} 個です",
                    f"it has {len(cells)} cells, the header {len(header)}",
                )
            row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
            campaign = self._campaign(place, row)
            known = found.setdefault(campaign.number, [])
            if known and known[0].notified_on != campaign.notified_on:
                raise wrong(
                    campaign.place,
                    "同じ届出番号に届出日が二つあります。古い届出の行か、表計算でずれた日付を直してください",
                    "one 届出番号 has two 届出日; take out the rows of the earlier one, or mend the date",
                )
            known.append(campaign)
        yield from map(joined, found.values())

    def _rows(self) -> Iterator[tuple[str, list[str]]]:
        """Give place and cells of each line; a quotation mark left open would swallow all that follow."""
        lines = csv.reader(io.StringIO(self.text.lstrip("\ufeff"), newline=""), strict=True)
        while True:
            try:
                cells = next(lines, None)
            except csv.Error:
                break
            if cells is None:
                return
            yield f"{self.name}, line {lines.line_num}", cells
        raise wrong(
            f"{self.name}, line {lines.line_num}",
            '引用符（"）が閉じていないか、セルの途中にあります',
            "a quotation mark is not closed, or not where a cell begins or ends",
        )

    def _campaign(self, place: str, row: Mapping[str, str]) -> Campaign:
        number = nfkc(row["届出番号"])
        if not number:
            raise wrong(place, "届出番号が空です", "届出番号 is empty")
        place = f"{place} ({number})"
        ends = range_of(row["車台番号_from"], row["車台番号_to"])
        ranges = (ends,) if ends.first or ends.last else ()
        model = Model(row["車名"], row["型式"], row.get("通称名", ""), ranges)
        return Campaign(
            number=number,
            printed_number="",
            notified_on=day_of(row["届出日"], place, "届出日"),
            category=meaning(CATEGORIES, nfkc(row.get("区分", "")), place, "区分"),
            is_import=number.startswith("外"),
            is_withdrawn=False,
            device=row.get("装置", ""),
            situation=row.get("状況", ""),
            models=tuple(models_of(model, place)),
            place=place,
        )
