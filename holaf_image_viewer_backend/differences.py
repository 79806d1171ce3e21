"""Which files of a folder differ from their rows, and so are read."""

from __future__ import annotations

from collections.abc import Generator, Mapping

from ..holaf_image_records import time_of
from . import sidecars
from .known_files import KnownFile
from .library_paths import escape_name, unescape_name
from .listing import Listing
from .turns import STEPS, Turn

Rows = Mapping[str, KnownFile]


class Differences:
    """`parser` is the version of the reader of metadata: what an older one read is read again."""

    def __init__(self, parser: int) -> None:
        self.parser = parser
        # When each sidecar that is newer than its folder had changed when it was read.
        self._sidecars_read: dict[str, int] = {}

    def find(
        self, rows: Rows, listing: Listing, read_at: int, turn: Turn, *, stats: bool
    ) -> Generator[None, None, list[str]]:
        """Returns names. `read_at`: the folder's time when its names were read; `stats`: also
        compare the size and time of each file."""
        if not rows:
            return list(listing.files)
        wanted = []
        touched = yield from self._with_new_sidecars(rows, listing, read_at, turn)
        for number, (name, entry) in enumerate(listing.files.items(), 1):
            if number % STEPS == 0 and turn.over:
                yield
                turn.begin()
            row = rows.get(name)
            if row is None or name in touched or row.parser < self.parser:
                wanted.append(name)
            elif stats:
                try:
                    status = entry.stat()
                except OSError:
                    continue
                if (status.st_size, time_of(status)) != (row.size_bytes, row.mtime_ns):
                    wanted.append(name)
        return wanted

    def _with_new_sidecars(
        self, rows: Rows, listing: Listing, read_at: int, turn: Turn
    ) -> Generator[None, None, set[str]]:
        """Known files whose sidecars came, changed or went while nobody watched."""
        owners: set[str] = set()
        having: set[str] = set()
        for entry in listing.sidecars:
            stem = escape_name(entry.name).rpartition(".")[0]
            having.add(stem)
            try:
                status = entry.stat()
            except OSError:
                continue
            changed_at = max(status.st_mtime_ns, status.st_ctime_ns)
            # Written in place it stays newer than its folder for ever: once is enough.
            if changed_at > read_at and self._sidecars_read.get(entry.path) != changed_at:
                self._sidecars_read[entry.path] = changed_at
                owners.add(stem)
        edited = any(name.endswith(".edt") for name in (*listing.edits, *listing.names))
        changed = set()
        for number, (name, row) in enumerate(rows.items(), 1):
            if number % STEPS == 0 and turn.over:
                yield
                turn.begin()
            stem = name.rpartition(".")[0]
            if (
                name in owners
                or stem in owners
                or (row.from_sidecar and name not in having and stem not in having)
                or row.has_edit_file != (edited and has_edits(name, listing))
            ):
                changed.add(name)
        return changed


def has_edits(name: str, listing: Listing) -> bool:
    """Whether the file with this canonical name has edits, as its reader will find."""
    return sidecars.find(unescape_name(name), listing.names, listing.edits).edit is not None
