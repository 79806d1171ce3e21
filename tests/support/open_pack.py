"""The running pack in a thread of the test: cheap passwords, callers from anywhere, own routes."""

from __future__ import annotations

import asyncio
import threading
import time

from aiohttp import web

# A page's requests with this header come from there; all others, and sockets, from this machine.
PEER = "X-Test-Peer"
ELSEWHERE = {PEER: "192.0.2.7"}


class OpenPack:
    """`url` has no slash at its end; `codes` are the one-time codes that were printed."""

    def __init__(self, folder, data_dir, security_ini: str = "") -> None:
        from holaf.holaf_app import Pack
        from holaf.holaf_core.accounts import Accounts
        from holaf.holaf_core.http import Routes, Tier, bind, body
        from holaf.holaf_core.passwords import Cost
        from holaf.holaf_standalone import build_application, standalone_host

        host = standalone_host(folder, data_dir)
        if security_ini:
            host.system_dir.mkdir(parents=True)
            (host.system_dir / "security.ini").write_text(security_ini)
        self.codes: list[str] = []
        self.ran: list[dict] = []
        self.skew = 0.0
        accounts = Accounts(
            host.system_dir,
            clock=self._clock,
            cost=Cost(log_n=4, use_argon2=False),
            announce=self.codes.append,
        )
        self.pack = Pack(host, accounts=accounts)
        self.pack.gate.peer_of = lambda request: request.headers.get(PEER, "127.0.0.1")
        routes = Routes("/holaf/test")

        @routes.post("/run", Tier.FRESH)
        async def run(request):
            self.ran.append(await body(request))
            return {"ran": len(self.ran)}

        self._app = build_application(self.pack)
        self._app.add_routes([bind(route, self.pack.gate) for route in routes])
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._problem: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(60)
        if self._problem:
            raise self._problem

    def _clock(self) -> float:
        return time.time() + self.skew

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._start())
        except BaseException as problem:
            self._problem = problem
            self._ready.set()
            raise
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._runner.cleanup())
        self._loop.close()

    async def _start(self) -> None:
        self._runner = web.AppRunner(self._app, shutdown_timeout=2.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"

    @property
    def code(self) -> str:
        return self.codes[-1]

    def set_password(self, password: str) -> None:
        self.pack.accounts.passwords.replace(password, first=True)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)

    def __enter__(self) -> OpenPack:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
