"""What a run has found so far: readings and samples go in round after round, sums and failures come out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from scripts.benchmark.figures import Figure, Target
from scripts.benchmark.load import Sample


@dataclass(slots=True)
class Findings:
    """A value per round for each figure and road; turns sent, failed, and completed by the ledger's count."""

    values: defaultdict[tuple[Figure, Target], list[float]] = field(default_factory=lambda: defaultdict(list))
    turns: defaultdict[Target, int] = field(default_factory=lambda: defaultdict(int))
    failed: defaultdict[Target, int] = field(default_factory=lambda: defaultdict(int))
    failures: dict[Target, str] = field(default_factory=dict)
    completed_rows: int = 0

    def add(self, found: Mapping[tuple[Figure, Target], float]) -> None:
        """Take in the values of one step in one round."""
        for key, value in found.items():
            self.values[key].append(value)

    def count(self, target: Target, sample: Sample) -> None:
        """Count a load's turns, and keep the first reason why one failed."""
        self.turns[target] += sample.turns
        self.failed[target] += sample.failed
        if sample.failure is not None:
            self.failures.setdefault(target, sample.failure)

    def troubles(self) -> list[str]:
        """Why the figures cannot be trusted, a sentence each: turns that failed, turns the ledger does not have."""
        found = [
            f"{self.failed[target]:,} of {self.turns[target]:,} turns over {target} failed: {reason}."
            for target, reason in self.failures.items()
        ]
        good = self.turns[Target.CODEXLB] - self.failed[Target.CODEXLB]
        if self.completed_rows != good:
            found.append(f"The ledger has {self.completed_rows:,} completed turns, but {good:,} came through codexlb.")
        return found
