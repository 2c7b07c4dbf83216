from __future__ import annotations

import pytest

from codexlb_store.home import home_folder
from codexlb_store.schema import StoreError


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        pytest.param({}, "/home/ann/.codex-lb", id="not set"),
        pytest.param({"CODEXLB_HOME": ""}, "/home/ann/.codex-lb", id="empty"),
        pytest.param({"CODEXLB_HOME": "/data/lb"}, "/data/lb", id="set"),
        pytest.param({"CODEXLB_HOME": "~/lb"}, "/home/ann/lb", id="below the user's home"),
    ],
)
def test_the_data_folder(environ: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")

    assert str(home_folder(environ)) == folder


def test_a_home_that_nobody_has_is_one_sentence() -> None:
    with pytest.raises(StoreError, match="~ of ~nobody-has-this-name/lb stands for: set CODEXLB_HOME"):
        home_folder({"CODEXLB_HOME": "~nobody-has-this-name/lb"})
