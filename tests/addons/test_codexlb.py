"""The chain as a script of mitmdump: where it is not in place nothing is forwarded."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.addons.test_config_file import mitmdump
from tests.ports import free_port


def test_mitmproxy_does_not_go_on_without_the_chain(tmp_path: Path) -> None:
    """It would forward what nobody has judged, client keys and all; here an addon refuses to be loaded."""
    (tmp_path / "drift.py").write_text("from mitmproxy.proxy.layers import http; del http.SendHttp")
    program, *line = mitmdump(tmp_path, f"reverse:http://127.0.0.1:9@127.0.0.1:{free_port()}", 0).arguments

    ended = subprocess.run(
        [program, "-s", str(tmp_path / "drift.py"), *line], capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == 1
    assert "is not one that Codex-LB can be built into (mitmproxy.proxy.layers.http.SendHttp is gone" in ended.stdout
    assert "Codex-LB is not in place, and without it mitmproxy would forward everything: so it ends." in ended.stdout
