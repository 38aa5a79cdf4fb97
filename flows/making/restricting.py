"""A recall's drop holds the cars it is about, their papers and their customers, and nothing else."""

from collections.abc import Iterable

import numpy as np

from transforms.spine import Spine, at
from transforms.verdicts import Disposition, Verdicts


def restrict(verdicts: Verdicts, spine: Spine, vehicles: Iterable[int]) -> None:
    """Rule everything out that is not about these cars."""
    is_meant = np.zeros(spine.count("vehicles"), bool)
    is_meant[list(vehicles)] = True
    keeps = np.zeros(spine.count("customers"), bool)
    owners = spine.rows("vehicles", "customer_id")[is_meant]
    keeps[owners[owners >= 0]] = True
    of_paper = at(is_meant, spine.rows("certificates", "vehicle_id"))
    for table, mask in (("customers", keeps), ("vehicles", is_meant), ("certificates", of_paper)):
        verdicts.rule(table, ~mask, Disposition.OUT_OF_SCOPE, "no_campaign")
