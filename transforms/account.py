"""The account of a table: every row read is in exactly one place (invariant 3)."""

from collections import Counter

from schemas.drop import Account
from schemas.errors import UnbalancedAccountError
from transforms.verdicts import Disposition, Verdict


def account_of(table: str, read: int, written: int, verdicts: Counter[Verdict]) -> Account:
    """Add up a table's verdicts and hold them against the rows read and the rows written.

    Raises:
        UnbalancedAccountError: a row is missing, counted twice, or written against its verdict.
    """
    counts = Counter[str]()
    for verdict, count in verdicts.items():
        counts[verdict.disposition.name.lower()] += count
    account = Account(read=read, **counts)
    if not account.is_balanced or account.delivered != written:
        raise UnbalancedAccountError(
            f"{table}: 読んだ行数と行き先の合計が合わないので、何も納品しません。記録をそのままにして、"
            "この行をお知らせください / "
            f"{table}: {read} rows read, {dict(counts)}, {written} written: this does not balance; "
            "nothing is published. Keep the records as they are and report this"
        )
    return account


def reasons_of(verdicts: Counter[Verdict]) -> dict[str, int]:
    """Count the rows that do not leave by `disposition: reason`."""
    return {
        f"{verdict.disposition.name.lower()}: {verdict.reason}": count
        for verdict, count in sorted(verdicts.items())
        if verdict.disposition is not Disposition.DELIVERED
    }
