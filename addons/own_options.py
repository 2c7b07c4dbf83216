"""Settings as options of mitmproxy: declared from them, and read as what they mean."""

from __future__ import annotations

from typing import Any, TypeVar

from mitmproxy import ctx
from mitmproxy.addonmanager import Loader
from mitmproxy.exceptions import OptionsError

from addons.settings.catalog import BY_NAME, OWN_PREFIX
from addons.settings.file_text import unknown
from addons.settings.listening import CERTS
from addons.settings.setting import Setting, Value

T = TypeVar("T")


def declare(loader: Loader, *settings: Setting[Any]) -> None:
    """Have mitmproxy know these settings; in `load`."""
    for each in settings:
        loader.add_option(each.name, each.kind, each.default, each.meaning, each.choices or None)


def chosen(setting: Setting[T]) -> T:
    """What a setting is now; in `configure`. mitmproxy holds nobody to an option's choices, so a bad value gets here:
    OptionsError."""
    try:
        return setting.check(getattr(ctx.options, setting.name))
    except ValueError as error:
        raise OptionsError(str(error)) from error


def why_refused(name: str, waiting: Any) -> str | None:
    """What is wrong with an option of ours that waits until it is declared: texts from the command line of mitmproxy,
    or a value from its own configuration. None where nothing is."""
    if name not in BY_NAME:
        return unknown(name) if name.startswith(OWN_PREFIX) else None
    texts: list[str] | None = getattr(waiting, "val", None)
    if texts is not None and len(texts) != 1:
        return f"{name} has {len(texts) or 'no'} values: write --set {name}=VALUE once."
    try:
        BY_NAME[name].checked(waiting) if texts is None else BY_NAME[name].read(texts[0])
    except ValueError as error:
        return str(error)
    return None


def take_out_refused(deferred: dict[str, Any]) -> list[str]:
    """Takes what cannot be right out of the options that wait, for mitmproxy would go on without us and say nothing;
    a sentence for each."""
    found = {name: why for name, waiting in deferred.items() if (why := why_refused(name, waiting))}
    for name in found:
        del deferred[name]
    return list(found.values())


def as_option(name: str, value: Value) -> Any:
    """The value of a setting as mitmproxy has it: it may serve several certificates."""
    return ([value] if value else []) if name == CERTS.name else value


def as_setting(name: str, option: Any) -> Value:
    """The value of an option as a setting has it."""
    value: Value = ", ".join(option) if name == CERTS.name else "" if option is None else option
    return value
