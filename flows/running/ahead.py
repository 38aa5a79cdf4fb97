"""What one run does before a stage needs it: beside what leaves a core idle, or in an earlier stage."""

from dataclasses import dataclass, field

from drops.packing_ahead import PackingAhead
from flows.running.begun_work import BegunWork
from flows.running.keys_ahead import KeysAhead
from flows.running.scratch import Scratch
from transforms.mentions import Mentions
from transforms.remembered import Refusers


@dataclass(frozen=True)
class Ahead:
    """Work in a thread, keys by helper processes, parcels by others; by partner what finds who refused."""

    begun: BegunWork
    keys: KeysAhead
    packing: PackingAhead = field(default_factory=PackingAhead)
    finders: dict[str, tuple[Refusers, Mentions]] = field(default_factory=dict)

    @classmethod
    def of(cls, scratch: Scratch) -> "Ahead":
        """Begin nothing yet; what has to wait does so in the run's folder."""
        return cls(BegunWork(), KeysAhead(scratch))

    def close(self) -> None:
        """Begin no more, and stop what nobody took."""
        self.begun.close()
        self.keys.close()
        self.packing.close()
        self.finders.clear()
