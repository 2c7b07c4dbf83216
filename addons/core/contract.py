"""Guards our HTTP layer against drift in mitmproxy's HTTP core.

`problems()` says what this mitmproxy lacks of the shape that `layer.py` builds on; empty means it can be used.
The shapes were read in mitmproxy 11.0.2 and 12.2.3.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from h11 import _readers
from mitmproxy.addonmanager import AddonManager
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.net.http import http1
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.layers import http as core
from mitmproxy.proxy.server import ConnectionHandler

SIGNATURES: dict[tuple[type, str], list[str]] = {
    (core.HttpStream, "__init__"): ["self", "context", "stream_id"],
    (core.HttpStream, "_handle_event"): ["self", "event"],
    (core.HttpStream, "state_wait_for_response_headers"): ["self", "event"],
    (core.HttpStream, "state_consume_request_body"): ["self", "event"],
    (core.HttpStream, "state_stream_response_body"): ["self", "event"],
    (core.HttpStream, "state_consume_response_body"): ["self", "event"],
    (core.HttpStream, "state_errored"): ["self", "_"],
    (core.HttpStream, "make_server_connection"): ["self"],
    (core.HttpStream, "handle_protocol_error"): ["self", "event"],
    (core.HttpStream, "check_body_size"): ["self", "request"],
    (core.HttpStream, "check_killed"): ["self", "emit_error_hook"],
    (core.HttpStream, "send_response"): ["self", "already_streamed"],
    (core.HttpLayer, "__init__"): ["self", "context", "mode"],
    (core.HttpLayer, "_handle_event"): ["self", "event"],
    (core.HttpLayer, "make_stream"): ["self", "stream_id"],
    (core.HttpLayer, "event_to_child"): ["self", "child", "event"],
    (core.HttpLayer, "register_connection"): ["self", "command"],
    (core.Http1Connection, "_handle_event"): ["self", "event"],
    (core.Http1Connection, "read_body"): ["self", "event"],
    (core.Http1Connection, "wait"): ["self", "event"],
    (core.Http1Server, "__init__"): ["self", "context"],
    (core.Http1Server, "read_headers"): ["self", "event"],
    (core.Http1Server, "send"): ["self", "event"],
    (core.Http1Server, "mark_done"): ["self", "request", "response"],
    (core.Http1Client, "mark_done"): ["self", "request", "response"],
    (core.GetHttpConnection, "connection_spec_matches"): ["self", "connection"],
    (layer.Layer, "handle_event"): ["self", "event"],
    (ConnectionHandler, "on_timeout"): ["self"],
    (ConnectionHandler, "server_event"): ["self", "event"],
    (Proxyserver, "register_connection"): ["self", "connection_id", "handler"],
    (AddonManager, "__init__"): ["self", "master"],
    (AddonManager, "handle_lifecycle"): ["self", "event"],
    (AddonManager, "register"): ["self", "addon"],
    (AddonManager, "trigger_event"): ["self", "event"],
    (AddonManager, "_iter_hooks"): ["self", "addon", "event"],
}
"""Methods that are overridden or called, with the parameters they must have."""

NAMES: dict[Any, tuple[str, ...]] = {
    core: (
        *("SendHttp", "DropStream", "ReceiveHttp", "HTTPMode", "HttpRequestHeadersHook", "HttpResponseHeadersHook"),
        *("HttpResponseHook", "RegisterHttpConnection"),
        *("RequestHeaders", "RequestData", "RequestTrailers", "RequestEndOfMessage", "RequestProtocolError"),
        *("ResponseHeaders", "ResponseData", "ResponseTrailers", "ResponseEndOfMessage", "ResponseProtocolError"),
    ),
    core.Http1Connection: ("state", "stream_id", "request", "response", "request_done", "response_done"),
    http1: ("assemble_response",),
    _readers: ("ChunkedReader",),
    commands: (
        *("SendData", "CloseConnection", "CloseTcpConnection"),
        *("RequestWakeup", "StartHook", "Log", "Command"),
    ),
    events: ("Start", "Wakeup", "DataReceived", "ConnectionClosed", "Event"),
}
"""Names that must exist in a module or a class."""


def _parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(inspect.unwrap(function)).parameters)


def _wrong_signatures(expected: dict[tuple[type, str], list[str]]) -> Iterator[str]:
    for (owner, name), parameters in expected.items():
        function = getattr(owner, name, None)
        if function is None:
            yield f"{owner.__name__}.{name} is gone"
        elif (found := _parameters(function)) != parameters:
            yield f"{owner.__name__}.{name} takes {found}, not {parameters}"


def problems(signatures: dict[tuple[type, str], list[str]] = SIGNATURES) -> list[str]:
    """What this mitmproxy lacks, one phrase each; empty when our HTTP layer can be used."""
    gone = [
        f"{module.__name__}.{name} is gone"
        for module, names in NAMES.items()
        for name in names
        if not hasattr(module, name)
    ]
    return [*gone, *_wrong_signatures(signatures)]
