"""The gate in front of every route of ours: who asks, from where, and whether that is enough.

docs/security.md says the rules in plain words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .accounts import Accounts
from .arrival import Arrival, arrival_of, peer_address
from .errors import Forbidden, Misdirected, Unauthorized, UnsupportedMedia
from .hosts import OwnNames, parse_origin
from .http import Route, Tier
from .security import Security
from .sessions import Ended, Session

if TYPE_CHECKING:
    from collections.abc import Iterable

# What a form, or a script without permission, of any other page may send.
SIMPLE_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")


@dataclass(frozen=True)
class Identity:
    """Who makes a request; `identity_of(request)` in a handler."""

    address: str
    loopback: bool  # on this machine, and nothing forwarded it
    session: Session | None
    script: bool  # neither Origin nor cookie: no page of a browser
    secure: bool  # the browser speaks https
    cookie_name: str

    @property
    def who(self) -> str:
        if self.session is not None:
            return f"session {self.session.id}"
        return "this machine" if self.loopback else "nobody"


# Newer aiohttp warns of plain texts as keys, older has nothing else.
IDENTITY: Any = (
    web.RequestKey("holaf.identity", Identity) if hasattr(web, "RequestKey") else "holaf.identity"
)


def identity_of(request: web.Request) -> Identity:
    """Who makes this request; for handlers, after the gate let it in."""
    return request[IDENTITY]


class Gate:
    """`security` is asked at each request, so that a reload counts at once."""

    def __init__(
        self,
        accounts: Accounts,
        *,
        security: Callable[[], Security],
        peer_of: Callable[[web.Request], str] = peer_address,
        own_names: OwnNames | None = None,
    ) -> None:
        self._accounts = accounts
        self._security = security
        self.peer_of = peer_of
        self.own_names = OwnNames() if own_names is None else own_names

    async def admit(self, request: web.Request, route: Route) -> None:
        """Raises HolafError when the request may not pass; else `request` has its Identity."""
        security = self._security()
        arrival = arrival_of(request, self.peer_of(request), security.trusted_proxies)
        self._check_host(arrival, security)
        unsafe = route.socket or request.method not in ("GET", "HEAD")
        name = cookie_name(arrival)
        # Taking apart the cookies of ComfyUI and other packs costs more than all the rest here.
        sent = name in request.headers.get("Cookie", "")
        token = request.cookies.get(name) if sent else None
        own = _origin_is_ours(request, arrival, security)
        if unsafe:
            _check_origin(request, route, arrival, own, token is not None)
            if not route.socket:
                _check_content_type(request)
        # A page of another origin gets no more out of a GET than a stranger would.
        trusted = own is not False
        session = await self._session(token) if token and trusted else None
        identity = Identity(
            address=arrival.address,
            loopback=arrival.loopback and trusted,
            session=session,
            script=own is None and token is None,
            secure=arrival.secure,
            cookie_name=name,
        )
        await self._check_tier(route.tier, identity, security)
        request[IDENTITY] = identity

    def on_sessions_ended(self, listener: Ended) -> Callable[[], None]:
        """Call `listener(session ids)`, on any thread, as soon as sessions end.

        A live socket of such a session must close: its request was admitted long ago.
        """
        return self._accounts.sessions.on_ended(listener)

    def can_change(self, identity: Identity) -> bool:
        closed = self._security().sign_in_for_everything
        return identity.session is not None or (identity.loopback and not closed)

    def sign_in_for_everything(self) -> bool:
        return self._security().sign_in_for_everything

    def is_fresh(self, identity: Identity) -> bool:
        session = identity.session
        return session is not None and session.fresh(self._accounts.clock())

    async def _session(self, token: str) -> Session | None:
        sessions = self._accounts.sessions
        if session := sessions.known(token):
            return session
        while True:
            ends = sessions.ends
            session = await asyncio.to_thread(sessions.find, token)
            # One that ended on the way here has told its connections already: this request would
            # open one that nobody closes any more.
            if session is None or ends == sessions.ends:
                return session

    def _check_host(self, arrival: Arrival, security: Security) -> None:
        if not arrival.hosts:
            raise Misdirected("The request needs exactly one valid Host header.")
        for host in arrival.hosts:
            if host.is_address or host.name in self.own_names:
                continue
            if host.name in security.allowed_hosts:
                continue
            # A page that made its name lead here can read this: it must not learn the other names.
            others = "the names that stand there, " if security.allowed_hosts else ""
            raise Misdirected(
                f"This server does not answer to the name {host.name}. If it should, write this "
                f"line in the [access] section of security.ini on the server, and restart: "
                f"allowed_hosts = {others}{host.name}",
                add_line=f"allowed_hosts = {others}{host.name}",
            )

    async def _check_tier(self, tier: Tier, identity: Identity, security: Security) -> None:
        if tier is Tier.PAGE or (tier is Tier.VIEW and not security.sign_in_for_everything):
            return
        if identity.session is not None:
            if tier is Tier.FRESH and not self.is_fresh(identity):
                raise Unauthorized("Enter the password once more for this.", prove=True)
            return
        if tier is Tier.CHANGE and self.can_change(identity):
            return
        configured = await asyncio.to_thread(self._accounts.passwords.configured)
        raise Unauthorized(
            "Sign in to do this."
            if configured
            else "Set a password for this server, then sign in to do this.",
            sign_in=True,
            password_configured=configured,
        )


def cookie_name(arrival: Arrival) -> str:
    """Browsers send a cookie to every port of a host, so the name tells servers apart."""
    port = arrival.host.port if arrival.host else None
    number = arrival.own_port if port is None else port
    return f"{'__Host-' if arrival.secure else ''}holaf_session_{number}"


def _headers(request: web.Request, name: str) -> Iterable[str]:
    return request.headers.getall(name, ())


def _origin_is_ours(request: web.Request, arrival: Arrival, security: Security) -> bool | None:
    """True or False; None when the request has no Origin."""
    values = list(_headers(request, "Origin"))
    if not values:
        return None
    if len(values) > 1:
        return False
    origin = parse_origin(values[0])
    return origin is not None and (origin == arrival.origin or origin in security.allowed_origins)


def _check_origin(
    request: web.Request, route: Route, arrival: Arrival, own: bool | None, cookie: bool
) -> None:
    """Whether the page that sent this is ours. Raises Forbidden."""
    site = request.headers.get("Sec-Fetch-Site", "").strip().lower()
    if own is False:
        shown = ", ".join(_headers(request, "Origin"))[:200]
        raise Forbidden(
            f"This came from a page of {shown}, and only pages of {arrival.origin} may send it. "
            "Behind a reverse proxy, add its address to trusted_proxies in security.ini on the "
            f"server; a page that may do this on purpose needs: allowed_origins = {shown}",
            foreign_origin=True,
        )
    if own:
        origin = parse_origin(request.headers["Origin"])
        if origin == arrival.origin and site not in ("", "same-origin", "none"):
            raise Forbidden("The browser says that another page sent this.", foreign_origin=True)
        return
    if site not in ("", "same-origin", "none"):
        raise Forbidden("The browser says that another page sent this.", foreign_origin=True)
    if cookie and site != "same-origin":
        raise Forbidden("A signed-in request needs an Origin header.", foreign_origin=True)
    if route.socket and route.tier in (Tier.ADMIN, Tier.FRESH):
        raise Forbidden("This connection needs an Origin header.", foreign_origin=True)


def _check_content_type(request: web.Request) -> None:
    """Forms and simple requests of other pages cannot send JSON without asking first."""
    values = list(_headers(request, "Content-Type"))
    for value in values:
        if value.partition(";")[0].strip().lower() in SIMPLE_TYPES:
            raise UnsupportedMedia("Send JSON with Content-Type: application/json.")
    if not values and request.body_exists:
        raise UnsupportedMedia("Send JSON with Content-Type: application/json.")
