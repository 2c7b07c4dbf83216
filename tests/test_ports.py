"""What the tests themselves stand on: no two programs of theirs are given one port."""

from __future__ import annotations

import socket

import pytest

from tests.ports import HELD, free_port


def test_nobody_else_gets_the_port_but_a_server_that_it_is_for() -> None:
    port = free_port()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    for _ in range(2):
        with socket.create_server(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
            pass


def test_no_port_is_given_twice_while_it_is_held() -> None:
    assert len({free_port() for _ in range(HELD)}) == HELD
