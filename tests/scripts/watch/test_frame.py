"""The screen of `codexlb report --watch`, as a person sees it at a fixed moment."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Group

from codexlb_store.usage import Sums
from scripts.data_folder import DataFolder
from scripts.watch.buckets import Buckets
from scripts.watch.choosing import Choosing, Sort
from scripts.watch.frame import Part, Wish, footer, frame, shares
from scripts.watch.look import Look, look
from scripts.watch.place import Place
from tests.scripts.sample_ledger import HOUR, NOW
from tests.scripts.snapshots import printed, snapshot

UTC = datetime.UTC
SIZES = pytest.mark.parametrize(("width", "height"), [(80, 24), (140, 40), (60, 15)], ids=["80x24", "140x40", "60x15"])


def drawn(looked: Look, choosing: Choosing, width: int, height: int, now: float = NOW) -> str:
    return printed(Group(*frame(looked, choosing, Place(width, height, now, UTC))), width)


@SIZES
def test_the_screen(looked: Look, width: int, height: int) -> None:
    shown = drawn(looked, Choosing(), width, height)

    assert shown == snapshot(f"watch-{width}x{height}", shown)


@pytest.mark.parametrize("width", [80, 140])
def test_the_screen_filtered_and_in_another_order(looked: Look, width: int) -> None:
    shown = drawn(looked, Choosing(Sort.NAME, "ann", is_typing=True), width, 24)

    assert shown == snapshot(f"watch-filtered-{width}", shown)


@pytest.mark.parametrize("width", [80, 140])
def test_the_screen_of_an_empty_store(folder: DataFolder, width: int) -> None:
    shown = drawn(look(folder, Buckets(), NOW, UTC), Choosing(), width, 24)

    assert shown == snapshot(f"watch-empty-{width}", shown)


def test_a_filter_that_fits_nothing_says_so(looked: Look) -> None:
    shown = drawn(looked, Choosing(filter="nobody"), 80, 24)

    assert "No account fits the filter." in shown
    assert shown.count("none that fits the filter") == 2


@pytest.mark.parametrize("height", [1, 2, 3, 5, 10, 15, 24, 40, 100])
@pytest.mark.parametrize("width", [1, 10, 20, 37, 60, 80, 140, 300])
def test_every_screen_is_filled_exactly(looked: Look, width: int, height: int) -> None:
    lines = frame(looked, Choosing(filter="example"), Place(width, height, NOW, UTC))

    assert len(lines) == height
    assert max(cell_len(line.plain) for line in lines) <= width


def test_columns_stay_where_they_are_whatever_stands_in_them(looked: Look) -> None:
    quiet = replace(looked, burns={}, in_flight=0, views=[replace(view, in_flight=0) for view in looked.views])
    head = [line for line in drawn(looked, Choosing(), 140, 40).splitlines() if line.startswith("Account")]

    assert head[0] in drawn(quiet, Choosing(), 140, 40).splitlines()


def test_only_clocks_move_while_nothing_happens(looked: Look) -> None:
    before, after = (drawn(looked, Choosing(), 80, 24, NOW + later).splitlines() for later in (0, 60))
    differing = [line for line, other in zip(after, before, strict=True) if line != other]

    assert differing
    assert all("17:21" in line or " h " in line or " min" in line for line in differing)


def test_the_order_that_was_chosen(looked: Look) -> None:
    def names(sort: Sort) -> list[str]:
        lines = drawn(looked, Choosing(sort), 140, 60).splitlines()
        return [line.split("@")[0] for line in lines if "━" in line or "╌" in line if "@" in line[:20]]

    assert names(Sort.USUAL) == ["ann.miller", "bob", "carol", "dora"]
    assert set(names(Sort.TOKENS)) == set(names(Sort.COST)) == set(names(Sort.USUAL))
    assert names(Sort.NAME) == sorted(names(Sort.NAME))


@pytest.mark.parametrize(
    ("room", "gap", "given"),
    [
        pytest.param(30, 1, (7, 3, 9), id="all of everything"),
        pytest.param(14, 1, (7, 3, 0), id="the first wholly, no room for the third to stand apart"),
        pytest.param(13, 0, (7, 3, 3), id="without gaps"),
        pytest.param(15, 0, (7, 3, 5), id="a list takes what is left"),
        pytest.param(7, 0, (4, 3, 0), id="what is whole or not at all is not cut"),
        pytest.param(2, 0, (0, 0, 0), id="nothing fits"),
    ],
)
def test_lines_are_given_in_the_order_of_wishes(room: int, gap: int, given: tuple[int, int, int]) -> None:
    parts = (Part.ACCOUNTS, Part.SPARKS, Part.SESSIONS)
    wishes = [
        Wish(Part.ACCOUNTS, 4),
        Wish(Part.SPARKS, 3),
        Wish(Part.ACCOUNTS, 7),
        Wish(Part.SESSIONS, 3),
        Wish(Part.SESSIONS, 9, is_whole=False),
    ]

    found = shares(room, wishes, gap)

    assert tuple(found.get(part, 0) for part in parts) == given
    assert sum(found.values()) + gap * len(found) <= room


@pytest.mark.parametrize(
    ("choosing", "text"),
    [
        (Choosing(), "q quit   s sort: usual   / filter"),
        (Choosing(Sort.COST, "ann"), "q quit   s sort: cost   / filter: ann · Esc clear"),
        (Choosing(filter="an", is_typing=True), "/an▏  Enter keep · Esc clear"),
    ],
    ids=["keys", "filtered", "typing"],
)
def test_the_last_line_tells_the_keys(choosing: Choosing, text: str) -> None:
    assert footer(choosing).plain == text


def test_a_day_without_requests_and_no_proxy_are_said(looked: Look) -> None:
    shown = drawn(replace(looked, processes=0, today=Sums()), Choosing(), 80, 24)

    assert shown.splitlines()[:2] == ["Codex-LB · 17:20 · no proxy runs", "Today · 0 requests"]


def test_windows_that_were_read_long_ago_are_said_to_be(looked: Look) -> None:
    shown = drawn(looked, Choosing(), 140, 40, NOW + 4 * HOUR)

    assert "read 4 h ago" in shown
