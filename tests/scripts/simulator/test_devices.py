from __future__ import annotations

import re

import pytest

from scripts.simulator.clock import Clock
from scripts.simulator.codes import Codes, challenge_of
from scripts.simulator.devices import LIFE_SECONDS, Device, Devices
from scripts.simulator.refusals import Refusal

CALLBACK = "https://auth.openai.com/deviceauth/callback"


class Desk:
    """Devices and codes at a time set by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0
        clock = Clock(source=lambda: self.now)
        self.codes = Codes(clock, seed=1)
        self.devices = Devices(clock, 1, self.codes)

    def refusal(self, device: Device, device_auth_id: str | None = None) -> tuple[int, str]:
        """Status and code of the refusal that a question of this device meets."""
        with pytest.raises(Refusal) as refused:
            self.devices.collect(device_auth_id or device.device_auth_id, device.user_code, [CALLBACK])
        error = refused.value.body["error"]
        return refused.value.status, error if isinstance(error, str) else error["code"]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_an_approved_device_gets_its_code_once(desk: Desk) -> None:
    device = desk.devices.start()
    desk.devices.approve(device.user_code, "alice")
    approval = desk.devices.collect(device.device_auth_id, device.user_code, [CALLBACK])

    assert approval.code_challenge == challenge_of(approval.code_verifier)
    assert desk.codes.redeem(approval.authorization_code, CALLBACK, approval.code_verifier) == "alice"
    assert desk.refusal(device) == (404, "deviceauth_authorization_unknown")


def test_a_device_waits_until_its_person_decides(desk: Desk) -> None:
    refused, waiting = desk.devices.start(), desk.devices.start()
    desk.devices.refuse(refused.user_code)

    assert desk.refusal(waiting) == (403, "deviceauth_authorization_unknown")
    assert desk.refusal(refused) == (400, "access_denied")


def test_a_device_does_not_wait_for_ever(desk: Desk) -> None:
    device = desk.devices.start()
    desk.devices.approve(device.user_code, "alice")
    desk.now += LIFE_SECONDS

    assert desk.refusal(device) == (400, "expired_token")


def test_another_device_gets_nothing_for_the_same_code(desk: Desk) -> None:
    device = desk.devices.start()
    desk.devices.approve(device.user_code, "alice")

    assert desk.refusal(device, desk.devices.start().device_auth_id) == (404, "deviceauth_authorization_unknown")


def test_nobody_waits_with_a_code_that_was_not_shown(desk: Desk) -> None:
    with pytest.raises(KeyError, match="no device waits with the code 'ABCD-12345'"):
        desk.devices.approve("ABCD-12345", "alice")
    with pytest.raises(KeyError, match="no device waits"):
        desk.devices.refuse("ABCD-12345")


def test_a_code_can_be_read_and_typed(desk: Desk) -> None:
    codes = [desk.devices.start().user_code for _ in range(50)]

    assert len(set(codes)) == 50
    assert all(re.fullmatch("[0-9A-Z]{4}-[0-9A-Z]{5}", code) for code in codes)
