"""Requests of authorities (policy §9): separate acts, recorded person by person, never part of a drop."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from flows.counter.desk import Desk
from ledger.audit import note
from ledger.chain import sha256_of_text
from ledger.private_files import write_private
from schemas.errors import ConfigurationError
from schemas.state_folder import Part
from schemas.strict import Strict

BASES = {
    "authority": "§9① 法令に基づく正式な要請",
    "statute": "§9② 法律に従う閲覧等の義務",
    "cooperation": "§9③ 国の機関等の事務への協力",
    "protection": "§9④ 生命・身体・重要な権利の保護",
    "other": "§9⑤ 準じる合理的な必要性",
}
"""The cases of §9 in which data go to others without consent."""


class LawfulRequest(Strict):
    """What an authority asked for, on which ground, and what it was given."""

    authority: str = Field(min_length=2, max_length=200)
    basis: str
    law: str = Field(min_length=2, max_length=200)
    document: str = Field(min_length=1, max_length=200)
    given: str = Field(min_length=2, max_length=500)


def record_request(desk: Desk, request: LawfulRequest, customers: Sequence[str]) -> Path:
    """Enter a request in the audit chain, with a private record beside it; give its file.

    Raises:
        ConfigurationError: nobody in the records has one of the numbers.
    """
    for number in customers:
        if number not in desk.people.numbers:
            raise ConfigurationError(
                "--customer: この番号の方は記録にいません。確かめてください / "
                "--customer: nobody in the records has this number; check it"
            )
    references = [desk.ledger.references.of(number) for number in dict.fromkeys(customers)]
    text = request.model_dump_json(indent=2)
    path = desk.folder.state / Part.LAWFUL_REQUESTS / f"{desk.actor.at:%Y-%m-%dT%H%M%S%f}.json"
    write_private(path, text.encode())
    told = f"{request.basis}; {len(references)} persons; request {sha256_of_text(text)}"
    with desk.ledger.writing() as connection:
        for reference in references:
            note(connection, desk.actor, "lawful request", reference, told)
    return path
