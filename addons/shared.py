"""What the steps of a chain have in common, handed to those that are added behind it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from addons.exchange import Exchanges
from codexlb_store.pool import Pool
from codexlb_store.writer import Writer


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """The open exchanges, the accounts, and where the store is and is written."""

    home: Path
    exchanges: Exchanges
    pool: Pool
    writer: Writer


def nothing_more(_: Shared) -> tuple[object, ...]:
    """The chain alone."""
    return ()
