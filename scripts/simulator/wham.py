"""The endpoints below /backend-api/wham that tell about an account: its usage and its workspaces."""

from __future__ import annotations

from typing import Any

from scripts.simulator import windows
from scripts.simulator.account import Account
from scripts.simulator.call import Call, Handler
from scripts.simulator.world import World


def usage_report(account: Account, now: float) -> dict[str, Any]:
    """The body of `wham/usage`."""
    seat, full = account.seat, windows.blocked_until(account.windows()) is not None
    shown = [windows.window_json(window, now) for window in account.windows()]
    return {
        "user_id": seat.user_id,
        "account_id": seat.chatgpt_account_id,
        "email": seat.email,
        "plan_type": seat.plan,
        "rate_limit": {
            "allowed": not full,
            "limit_reached": full,
            "primary_window": shown[0],
            "secondary_window": shown[1] if len(shown) > 1 else None,
        },
        "code_review_rate_limit": None,
        "additional_rate_limits": None,
        "credits": {"has_credits": False, "unlimited": False, "balance": None},
        "rate_limit_reached_type": {"type": "rate_limit_reached"} if full else None,
    }


def workspace(account: Account) -> dict[str, Any]:
    """An entry of `wham/accounts/check`."""
    return {
        "id": account.seat.chatgpt_account_id,
        "name": account.seat.name,
        "plan_type": account.seat.plan,
        "workspace_backend_origin": account.workspace_backend_origin,
        "account_routing_override": account.account_routing_override,
    }


class WhamApi:
    """Answers about the account whose token asks."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> dict[tuple[str, str], Handler]:
        return {
            ("GET", "/backend-api/wham/usage"): self.usage,
            ("GET", "/backend-api/wham/accounts/check"): self.accounts_check,
        }

    async def usage(self, call: Call) -> None:
        await call.json(200, usage_report(self._world.admit(call.request.headers), self._world.clock.now()))

    async def accounts_check(self, call: Call) -> None:
        """All workspaces of the person whose token asks; the token's own is the default."""
        asking = self._world.admit(call.request.headers).seat
        accounts = [a for a in self._world.accounts.values() if a.seat.user_id == asking.user_id]
        told = {
            "accounts": [workspace(account) for account in accounts],
            "account_ordering": [account.seat.chatgpt_account_id for account in accounts],
            "default_account_id": asking.chatgpt_account_id,
        }
        await call.json(200, told)
