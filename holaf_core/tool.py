"""What a tool hands to the pack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .http import Routes


def nothing() -> None:
    pass


@dataclass(frozen=True)
class Tool:
    """Routes to serve, and what to run while the server is up.

    `start` is called on the server's event loop, so it returns at once (it starts threads).
    `stop` is called from an exit handler too, so it returns within seconds; it may be called twice.
    """

    id: str
    routes: Routes
    start: Callable[[], None] = nothing
    stop: Callable[[], None] = nothing
