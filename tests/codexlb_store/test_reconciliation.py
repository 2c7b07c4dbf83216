from __future__ import annotations

from collections.abc import Sequence

import pytest

from codexlb_store.reconciliation import Range, Reconciliation, Use, reconcile
from codexlb_store.windows import Window

RESET = 18_000.0


def read(at: float, percent: float, resets_at: float | None = RESET) -> Window:
    return Window("a1", 300, percent, resets_at, at)


def known(at: float, usd: float) -> Use:
    return Use(at, usd, None)


def estimated(at: float, usd: float) -> Use:
    return Use(at, None, usd)


LEARNED = [read(0, 0), read(100, 10), read(200, 20), read(300, 21)]
"""Twenty percent of known use, then one of something else."""
TWENTY_DOLLARS = [known(50, 8.0), known(150, 12.0)]
A_DOLLAR = Range(20 / 21, 20 / 19)
"""What one percent is worth by the first twenty."""
LEARNED_OF_ALL = Range(20 / 22, 20 / 20)
"""And when the last one counts with them, for nothing estimated ran in it."""


@pytest.mark.parametrize(
    ("readings", "uses", "estimates", "usd", "price", "implied"),
    [
        pytest.param(
            LEARNED,
            [*TWENTY_DOLLARS, estimated(250, 0.7)],
            *(1, 0.7, A_DOLLAR, Range(0.0, 2 * 20 / 19)),
            id="a small one: one percent either way",
        ),
        pytest.param(
            [*LEARNED[:3], read(300, 30)],
            [*TWENTY_DOLLARS, known(210, 4.0), estimated(250, 5.5), estimated(260, 0.5)],
            *(2, 6.0, A_DOLLAR, Range(9 * 20 / 21 - 4, 11 * 20 / 19 - 4)),
            id="what is known beside them is taken off",
        ),
        pytest.param(
            [*LEARNED[:3], read(300, 20), read(400, 30)],
            [*TWENTY_DOLLARS, estimated(250, 5.0), estimated(350, 5.0)],
            *(2, 10.0, A_DOLLAR, Range(9 * 20 / 21, 11 * 20 / 19)),
            id="one stretch after the other is as exact as one",
        ),
        pytest.param(
            [*LEARNED[:3], read(300, 30), read(400, 30), read(500, 40)],
            [*TWENTY_DOLLARS, estimated(250, 9.0), known(350, 0.5), estimated(450, 9.0)],
            *(2, 18.0, Range(20.5 / 22, 20.5 / 18), Range(18 * 20.5 / 22, 22 * 20.5 / 18)),
            id="two stretches apart are less so",
        ),
        pytest.param(
            [*LEARNED[:3], read(300, 21)],
            [*TWENTY_DOLLARS, known(210, 9.0), estimated(250, 0.7)],
            *(1, 0.7, A_DOLLAR, Range(0.0, 0.0)),
            id="never less than nothing",
        ),
        pytest.param(
            LEARNED,
            [known(-50, 9.0), estimated(0, 9.0), *TWENTY_DOLLARS, estimated(250, 0.7)],
            *(1, 0.7, A_DOLLAR, Range(0.0, 2 * 20 / 19)),
            id="what ended before the first reading",
        ),
        # too little to tell
        pytest.param([], [estimated(50, 1.0)], 0, 0, None, None, id="no readings"),
        pytest.param([read(100, 3)], [estimated(50, 1.0)], 0, 0, None, None, id="one reading"),
        pytest.param(LEARNED, TWENTY_DOLLARS, 0, 0, LEARNED_OF_ALL, None, id="no estimates"),
        pytest.param(LEARNED, [*TWENTY_DOLLARS, estimated(900, 1.0)], 0, 0, LEARNED_OF_ALL, None, id="not yet read"),
        pytest.param([read(0, 0), read(100, 5)], [estimated(50, 1.0)], 1, 1.0, None, None, id="nothing known ran"),
        pytest.param(
            [read(0, 0), read(100, 1), read(200, 5)],
            [known(50, 1.0), estimated(150, 1.0)],
            *(1, 1.0, None, None),
            id="what is known is of no more than one percent",
        ),
        # stretches that tell nothing
        pytest.param(
            [*LEARNED[:3], read(300, 5, 36_000.0), read(400, 7, 36_000.0)],
            [*TWENTY_DOLLARS, estimated(250, 5.0), estimated(350, 2.0)],
            *(1, 2.0, A_DOLLAR, Range(20 / 21, 3 * 20 / 19)),
            id="a reset in between",
        ),
        pytest.param(
            [*LEARNED[:3], read(19_000, 25, 36_000.0)],
            [*TWENTY_DOLLARS, estimated(250, 5.0)],
            *(0, 0, A_DOLLAR, None),
            id="a reset in between, and more used than before",
        ),
        pytest.param(
            [*LEARNED[:3], read(300, 30), read(400, 31)],
            [*TWENTY_DOLLARS, Use(210, None, None), estimated(250, 5.0), estimated(350, 1.0)],
            *(1, 1.0, A_DOLLAR, Range(0.0, 2 * 20 / 19)),
            id="something ran of which nothing is known",
        ),
        pytest.param(
            [read(-100, 0), *(read(w.read_at, w.used_percent + 4) for w in LEARNED)],
            [*TWENTY_DOLLARS, estimated(250, 0.7)],
            *(1, 0.7, Range(20 / 25, 20 / 23), Range(0.0, 2 * 20 / 23)),
            id="growth without requests counts with those after it",
        ),
        pytest.param(
            [read(0, 0, None), read(100, 20, None), read(200, 21, None)],
            [known(50, 20.0), estimated(150, 0.7)],
            *(1, 0.7, A_DOLLAR, Range(0.0, 2 * 20 / 19)),
            id="a window that tells no reset",
        ),
        pytest.param(
            [read(0, 0, 17_990.0), read(100, 20, 18_010.0), read(200, 21)],
            [known(50, 20.0), estimated(150, 0.7)],
            *(1, 0.7, A_DOLLAR, Range(0.0, 2 * 20 / 19)),
            id="a reset told a little otherwise each time",
        ),
    ],
)
def test_what_readings_imply_of_estimates(
    readings: Sequence[Window],
    uses: Sequence[Use],
    estimates: int,
    usd: float,
    price: Range | None,
    implied: Range | None,
) -> None:
    found = reconcile(readings, uses)

    assert found.estimates == estimates
    assert found.estimated_usd == pytest.approx(usd)
    assert bounds(found.usd_per_percent) == pytest.approx(bounds(price))
    assert bounds(found.implied_usd) == pytest.approx(bounds(implied))


def bounds(found: Range | None) -> tuple[float, ...]:
    return (found.low, found.high) if found else ()


def test_nothing_is_nothing() -> None:
    assert reconcile([], []) == Reconciliation(0, 0, None, None)
