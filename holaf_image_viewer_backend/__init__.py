"""Image viewer: the pictures, videos and sounds below the output folder and further roots."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..holaf_core.http import Routes
from ..holaf_core.stamped_files import StampedFiles
from ..holaf_core.tasks import Tasks
from ..holaf_core.tool import Tool
from ..holaf_database import ImageDatabase
from ..holaf_image_collections import Collections
from ..holaf_image_judging import Judging
from ..holaf_image_searches import SavedSearches
from ..holaf_image_undo import Undoing
from .indexer import Indexer
from .library_paths import Library
from .playable import Playable
from .regex_search import PatternSearch
from .routes import (
    image_routes,
    judge_routes,
    metadata_routes,
    playback_routes,
    search_routes,
    thumbnail_routes,
    utility_routes,
)
from .thumbnails import Thumbnails
from .views import ViewEngine

if TYPE_CHECKING:
    from .suggest import Suggestions


def tool(
    *,
    library: Library,
    database: ImageDatabase,
    engine: ViewEngine,
    indexer: Indexer,
    thumbnails: Thumbnails,
    playable: Playable,
    tasks: Tasks,
    patterns: PatternSearch,
    publish: Callable[..., None],
    js: Path,
    server: str,
) -> Tool:
    routes = Routes("/holaf")
    scripts = StampedFiles(js)
    routes.page("/view", js / "standalone" / "view.html", scripts, server)
    routes.static("/js", scripts)
    routes.include(image_routes.routes(library, database, engine))
    suggesting: list[Suggestions] = []

    def suggest(text: str, at: int) -> dict[str, Any]:
        """On the engine's one thread, so that there is one of them."""
        from .suggest import Suggestions, Words  # not before ComfyUI has started: see views.py

        if not suggesting:
            suggesting.append(Suggestions(engine.facets, Words(database), patterns.prepare))
        return suggesting[0].at(text, at)

    saved = SavedSearches(database)
    routes.include(search_routes.routes(engine, suggest, saved, publish))
    undoing = Undoing()
    judging, collections = Judging(database, undoing), Collections(database, undoing)
    routes.include(judge_routes.routes(library, engine, judging, collections, tasks, publish))
    routes.include(metadata_routes.routes(library, database))
    routes.include(playback_routes.routes(library, database, playable))
    routes.include(thumbnail_routes.routes(thumbnails, database, tasks, engine))
    routes.include(utility_routes.routes(indexer, database))

    def start() -> None:
        engine.start()
        indexer.start()
        thumbnails.start()

    def stop() -> None:
        thumbnails.stop()
        indexer.stop()
        # Before the engine, which may be waiting for it.
        patterns.stop()
        for suggestions in suggesting:
            suggestions.stop()
        engine.stop()

    return Tool("images", routes, start=start, stop=stop)
