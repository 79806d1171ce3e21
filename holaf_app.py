"""Puts the pack together: every service is made here, once, and handed to the tools that use it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from aiohttp import web

from . import holaf_auth, holaf_settings
from . import holaf_image_viewer_backend as image_viewer
from .holaf_config import Config
from .holaf_core.access import IDENTITY, Gate, identity_of
from .holaf_core.accounts import Accounts
from .holaf_core.event_socket import EventSocket, identity
from .holaf_core.events import EventBus
from .holaf_core.host import Host
from .holaf_core.http import Route, bind
from .holaf_core.tasks import Tasks
from .holaf_core.tool import Tool
from .holaf_database import ImageDatabase
from .holaf_image_viewer_backend.indexer import Indexer
from .holaf_image_viewer_backend.library_paths import Library, roots_of
from .holaf_image_viewer_backend.playable import Playable
from .holaf_image_viewer_backend.regex_search import PatternSearch
from .holaf_image_viewer_backend.thumbnail_store import ThumbnailStore
from .holaf_image_viewer_backend.thumbnails import Thumbnails
from .holaf_image_viewer_backend.views import ViewEngine

log = logging.getLogger("holaf")

JS = Path(__file__).resolve().parent / "js"


class Pack:
    """The running pack: its services and its tools.

    Making one opens access.sqlite and reads the settings; everything else waits for `start`.
    """

    def __init__(
        self,
        host: Host,
        *,
        clock: Callable[[], float] = time.time,
        accounts: Accounts | None = None,
    ) -> None:
        self.host = host
        self.config = Config(host.data_dir, host.system_dir)
        self.events = EventBus()
        self.tasks = Tasks(self.events)
        self.accounts = accounts or Accounts(host.system_dir, clock=clock)
        self.gate = Gate(self.accounts, security=lambda: self.config.security)
        self.socket = EventSocket(self.events, who)
        # A socket was let in long ago: when its session ends, so does it.
        self.gate.on_sessions_ended(self._sessions_ended)
        self.images = ImageDatabase(host.data_dir / "holaf_utilities.sqlite", clock)
        self.patterns = PatternSearch(self.images.path)
        self.engine = ViewEngine(self.images, self.events.publish, patterns=self.patterns)
        extra = self.config.security.extra_roots
        self.library = Library(roots_of(host, [(one, one, path) for one, path in extra.items()]))
        self.indexer = Indexer(
            self.library, self.images, self.events, self.config.settings.indexing, host
        )
        self.thumbnail_store = ThumbnailStore(
            host.data_dir / ".cache" / "thumbnails" / "thumbnails.sqlite"
        )
        self.thumbnails = Thumbnails(
            self.library,
            self.images,
            self.thumbnail_store,
            self.events,
            host,
            lambda: self.config.settings.thumbnails,
        )
        self.playable = Playable(host.data_dir / ".cache" / "playable", host, self.tasks)
        self.config.on_change(lambda settings: self.indexer.use(settings.indexing))
        self.config.on_change(lambda settings: self.thumbnails.settings_changed())
        # What every page needs, whatever tools there are.
        self.services: list[Tool] = [
            holaf_auth.tool(accounts=self.accounts, gate=self.gate),
            Tool("events", self.socket.routes, stop=self.socket.stop),
        ]
        # To add a tool, add its line here and one in js/tools.js.
        self.tools: list[Tool] = [
            image_viewer.tool(
                library=self.library,
                database=self.images,
                engine=self.engine,
                indexer=self.indexer,
                thumbnails=self.thumbnails,
                playable=self.playable,
                tasks=self.tasks,
                patterns=self.patterns,
                publish=self.events.publish,
                js=JS,
                server=host.kind,
            ),
            holaf_settings.tool(
                config=self.config,
                security=self.config.security,
                tasks=self.tasks,
                events=self.events,
                host=host,
                may_change=lambda request: self.gate.can_change(identity_of(request)),
            ),
        ]

    def routes(self) -> list[Route]:
        return [route for tool in (*self.services, *self.tools) for route in tool.routes]

    def route_defs(self) -> list[web.RouteDef]:
        return [bind(route, self.gate) for route in self.routes()]

    def start(self) -> None:
        """Start the tools; one that fails does not keep the others, or ComfyUI, from starting."""
        for tool in (*self.services, *self.tools):
            try:
                tool.start()
            except Exception:  # aiohttp would end the whole server
                log.exception("%s did not start", tool.id)

    def stop(self) -> None:
        """Stop the tools, last started first; one that fails does not keep the others running."""
        self.tasks.stop()
        for tool in reversed((*self.services, *self.tools)):
            try:
                tool.stop()
            except Exception:  # whatever one tool raises, the others must still stop
                log.exception("%s did not stop cleanly", tool.id)
        for file in (self.thumbnail_store, self.images, self.accounts):
            file.close()

    def _sessions_ended(self, session_ids: Iterable[int]) -> None:
        for session_id in session_ids:
            self.socket.close_clients(identity_of_session(session_id))


def who(request: web.Request) -> str | None:
    """Whose socket this is, for the bridge between tabs of one person."""
    session = request[IDENTITY].session
    return identity(request, None if session is None else str(session.id))


def identity_of_session(session_id: int) -> str:
    return f"session {session_id}"
