"""A server with one route of each tier behind a real gate; who calls and when is up to the test."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from aiohttp import web
from fakes import FakeClock


class Guarded:
    PASSWORD = "correct horse"

    def __init__(self, folder) -> None:
        from holaf import holaf_auth
        from holaf.holaf_core.access import Gate, identity_of
        from holaf.holaf_core.accounts import Accounts
        from holaf.holaf_core.hosts import OwnNames
        from holaf.holaf_core.http import Routes, Tier, bind, body
        from holaf.holaf_core.passwords import Cost
        from holaf.holaf_core.security import Security

        self.clock = FakeClock(now=1_000_000.0)
        self.codes: list[str] = []
        self.security = Security()
        self.peer = "127.0.0.1"
        self.changed: list[str] = []
        self.accounts = Accounts(
            folder / "system",
            clock=self.clock,
            cost=Cost(log_n=4, use_argon2=False),
            announce=self.codes.append,
        )
        self.gate = Gate(
            self.accounts,
            security=lambda: self.security,
            peer_of=lambda request: self.peer,
            own_names=OwnNames(lambda: "workshop", lambda: "workshop.example.org"),
        )
        routes = Routes("/holaf/test")
        for tier in Tier:
            routes.get(f"/{tier.value}", tier)(self._get)

            @routes.post(f"/{tier.value}", tier)
            async def post(request, name=tier.value):
                await body(request)
                self.changed.append(name)
                return {}

            @routes.socket(f"/{tier.value}/socket", tier)
            async def socket(request):
                ws = web.WebSocketResponse()
                await ws.prepare(request)
                loop = asyncio.get_running_loop()
                session = identity_of(request).session

                def ended(ids):
                    if session is not None and session.id in ids:
                        asyncio.run_coroutine_threadsafe(ws.close(code=4401), loop)

                remove = self.gate.on_sessions_ended(ended)
                async for _ in ws:
                    pass
                remove()
                return ws

        self.auth = holaf_auth.tool(accounts=self.accounts, gate=self.gate)
        routes.include(self.auth.routes)
        self.app = web.Application()
        self.app.add_routes([bind(route, self.gate) for route in routes])

    async def _get(self, request):
        from holaf.holaf_core.access import identity_of

        identity = identity_of(request)
        return {
            "address": identity.address,
            "loopback": identity.loopback,
            "script": identity.script,
            "session": identity.session.id if identity.session else None,
        }

    def set(self, **changes) -> None:
        self.security = replace(self.security, **changes)

    def set_password(self) -> None:
        self.accounts.passwords.replace(self.PASSWORD, first=True)
