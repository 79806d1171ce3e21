"""Tool `auth`: sign in and out, the password, the sessions, the audit log."""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiohttp import web

from .holaf_core.access import Gate, Identity, identity_of
from .holaf_core.accounts import Accounts
from .holaf_core.errors import BadRequest, Conflict, Forbidden, NotFound, Unauthorized, Unavailable
from .holaf_core.http import Routes, Tier, body, json_response
from .holaf_core.passwords import LONGEST, check_new
from .holaf_core.sessions import ABSOLUTE_S, Session
from .holaf_core.tool import Tool

log = logging.getLogger("holaf.access")

# How often sessions that ran out, or that another ComfyUI ended, lose their live connections.
ROUND_S = 30.0


def tool(*, accounts: Accounts, gate: Gate) -> Tool:
    keeper = SessionKeeper(accounts)
    # One thread of its own: guesses that wait for their turn must not use up the threads that
    # everything else in the server shares.
    hashing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="holaf-password")

    def start() -> None:
        gate.own_names.look_up()
        keeper.start()

    def stop() -> None:
        keeper.stop()
        hashing.shutdown(cancel_futures=True)

    return Tool("auth", routes(accounts, gate, hashing), start=start, stop=stop)


class SessionKeeper:
    """A thread that ends stale sessions, after printing the first set-up code where one is due."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="holaf-sessions", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(2)

    def _run(self) -> None:
        self.one_round(first=True)
        while not self._stop.wait(ROUND_S):
            self.one_round()

    def one_round(self, *, first: bool = False) -> None:
        try:
            if first and not self._accounts.passwords.configured():
                self._accounts.setup_code.renew(anyway=True)
            self._accounts.sessions.end_stale()
        except Unavailable as error:  # the next round tries again
            log.warning("%s", error)


def routes(accounts: Accounts, gate: Gate, hashing: ThreadPoolExecutor) -> Routes:
    routes = Routes("/holaf")
    passwords, sessions, throttle = accounts.passwords, accounts.sessions, accounts.throttle
    audit, setup_code = accounts.audit, accounts.setup_code

    async def guess(identity: Identity, action: str, right: Callable[[], bool]) -> bool:
        """Whether `right()`, which costs one of the address's attempts when it is not."""

        def attempt() -> bool:
            throttle.take(identity.address)
            if right():
                throttle.give_back(identity.address)
                return True
            audit.record(identity, action, result="refused")
            return False

        return await asyncio.get_running_loop().run_in_executor(hashing, attempt)

    async def signed_in(request: web.Request, identity: Identity) -> web.Response:
        """Start a session for this browser, in place of the one it had."""
        token = await asyncio.to_thread(
            sessions.start,
            identity.address,
            request.headers.get("User-Agent", ""),
            instead_of=identity.session,
        )
        response = json_response(
            {"authenticated": True, "password_configured": True, "fresh": True, "can_change": True}
        )
        response.set_cookie(
            identity.cookie_name,
            token,
            max_age=int(ABSOLUTE_S),
            path="/",
            secure=identity.secure,
            httponly=True,
            samesite="Strict",
        )
        return response

    @routes.get("/auth/status", Tier.PAGE)
    async def status(request: web.Request) -> dict[str, Any]:
        identity = identity_of(request)
        return {
            "authenticated": identity.session is not None,
            "password_configured": await asyncio.to_thread(passwords.configured),
            "fresh": gate.is_fresh(identity),
            "loopback": identity.loopback,
            "can_change": gate.can_change(identity),
            "sign_in_for_everything": gate.sign_in_for_everything(),
        }

    @routes.post("/auth/login", Tier.PAGE)
    async def login(request: web.Request) -> web.Response:
        identity = identity_of(request)
        password = _text(await body(request), "password")
        if not await guess(identity, "sign in", lambda: passwords.check(password)):
            if not await asyncio.to_thread(passwords.configured):
                raise Conflict("No password is set yet.", password_configured=False)
            raise Unauthorized("This is not the password.", wrong_password=True)
        response = await signed_in(request, identity)
        await asyncio.to_thread(audit.record, identity, "sign in")
        return response

    @routes.post("/auth/logout", Tier.PAGE)
    async def logout(request: web.Request) -> web.Response:
        identity = identity_of(request)
        if identity.session is not None:
            await asyncio.to_thread(sessions.end, [identity.session.id])
            await asyncio.to_thread(audit.record, identity, "sign out")
        response = json_response({"authenticated": False})
        response.set_cookie(
            identity.cookie_name,
            "",
            max_age=0,
            path="/",
            secure=identity.secure,
            httponly=True,
            samesite="Strict",
        )
        return response

    async def set_password(request: web.Request) -> web.Response:
        identity = identity_of(request)
        sent = await body(request)
        new = check_new(sent.get("password"))
        first = not await asyncio.to_thread(passwords.configured)
        if first:
            right = await guess(
                identity, "set password", lambda: setup_code.matches(sent.get("setup_code"))
            )
            if not right:
                raise Forbidden(
                    "The set-up code is wrong or has expired. It is in the server's console; "
                    "ask for a new one when it is older than 10 minutes.",
                    field="setup_code",
                )
        elif "current_password" in sent:
            current = _text(sent, "current_password")
            if not await guess(identity, "set password", lambda: passwords.check(current)):
                raise Forbidden("This is not the current password.", field="current_password")
        elif "setup_code" in sent:
            raise Conflict("A password has been set already.", password_configured=True)
        else:
            raise Forbidden("The current password is needed.", field="current_password")
        ended = await asyncio.get_running_loop().run_in_executor(
            hashing, functools.partial(passwords.replace, new, first=first)
        )
        setup_code.spend()
        await asyncio.to_thread(sessions.ended, ended)
        await asyncio.to_thread(audit.record, identity, "set password")
        return await signed_in(request, identity)

    routes.post("/auth/set-password", Tier.PAGE)(set_password)
    routes.post("/terminal/set-password", Tier.PAGE)(set_password)  # its earlier name

    @routes.post("/auth/setup-code", Tier.PAGE)
    async def new_setup_code(request: web.Request) -> dict[str, Any]:
        """Prints a code in the console; from elsewhere only once the last one has expired."""
        identity = identity_of(request)
        await body(request)
        await asyncio.to_thread(throttle.take, identity.address)
        if await asyncio.to_thread(passwords.configured):
            raise Conflict("A password has been set already.", password_configured=True)
        left = await asyncio.to_thread(setup_code.renew, anyway=identity.loopback)
        return {"valid_for_s": int(left)}

    @routes.post("/auth/prove", Tier.ADMIN)
    async def prove(request: web.Request) -> dict[str, Any]:
        identity = identity_of(request)
        session = session_of(identity)
        password = _text(await body(request), "password")
        if not await guess(identity, "prove", lambda: passwords.check(password)):
            raise Unauthorized("This is not the password.", wrong_password=True)
        await asyncio.to_thread(sessions.prove, session)
        await asyncio.to_thread(audit.record, identity, "prove")
        return {"fresh": True}

    @routes.get("/auth/sessions", Tier.ADMIN)
    async def list_sessions(request: web.Request) -> dict[str, Any]:
        mine = session_of(identity_of(request))
        found = await asyncio.to_thread(sessions.all)
        return {"sessions": [{**entry, "current": entry["id"] == mine.id} for entry in found]}

    @routes.post("/auth/sessions/revoke", Tier.ADMIN)
    async def revoke(request: web.Request) -> dict[str, Any]:
        """{id}, or {others: true} for every session but this one."""
        identity = identity_of(request)
        sent = await body(request)
        if sent.get("others") is True:
            found = await asyncio.to_thread(sessions.all)
            ids = [entry["id"] for entry in found if entry["id"] != session_of(identity).id]
        elif type(sent.get("id")) is int:
            ids = [sent["id"]]
        else:
            raise BadRequest("Name the session.", field="id")
        async with audit.action(identity, "revoke sessions", {"ids": ids}):
            count = await asyncio.to_thread(sessions.end, ids)
            if not count and "id" in sent:
                raise NotFound("There is no such session.")
        return {"revoked": count}

    @routes.get("/auth/audit", Tier.ADMIN)
    async def read_audit(request: web.Request) -> dict[str, Any]:
        """?limit= (at most 1,000) and ?before= (the id of the oldest record seen so far)."""
        limit = _number(request, "limit", 200)
        before = _number(request, "before", None)
        return {"entries": await asyncio.to_thread(audit.entries, min(limit, 1000), before)}

    return routes


def session_of(identity: Identity) -> Session:
    """The session of a request of the admin tier: the gate let none pass without one."""
    if identity.session is None:
        raise Unauthorized("Sign in first.", sign_in=True)
    return identity.session


def _text(sent: dict[str, Any], name: str) -> str:
    value = sent.get(name)
    if not isinstance(value, str) or not value or len(value) > LONGEST:
        raise BadRequest(f"{name} must be a text of 1 to {LONGEST} characters.", field=name)
    return value


def _number(request: web.Request, name: str, default: Any) -> Any:
    value = request.query.get(name)
    if value is None:
        return default
    if not (value.isascii() and value.isdigit()) or len(value) > 15:
        raise BadRequest(f"{name} must be a whole number.", field=name)
    return int(value)
