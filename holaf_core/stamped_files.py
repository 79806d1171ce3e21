"""The pack's own scripts and styles under an address that changes when one of them does.

A browser then keeps them without asking again: some sixty questions each time a page is opened
took longer than all else that a page does. The stamp is a part of the path, so that what a module
imports by a relative path has it too.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

STAMPED = re.compile(r"v-([0-9a-f]{12})/(.*)", re.DOTALL)


class StampedFiles:
    """All methods block for about a millisecond."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stamp = ""
        self._seen: dict[str, tuple[int, int]] = {}

    def stamp(self) -> str:
        """As many folders have to be read as there are; another one after any change."""
        seen: dict[str, tuple[int, int]] = {}
        waiting = [self.folder]
        while waiting:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir():
                        waiting.append(Path(entry.path))
                    else:
                        status = entry.stat()
                        seen[os.path.realpath(entry.path)] = (status.st_mtime_ns, status.st_size)
        known = repr(sorted(seen.items())).encode("utf-8", "surrogateescape")
        self._seen = seen
        self._stamp = hashlib.blake2b(known, digest_size=6).hexdigest()
        return self._stamp

    def split(self, path: str) -> tuple[str, str]:
        """(stamp or "", path below the folder) of a path as a page names it.

        >>> StampedFiles(Path()).split("v-0123456789ab/core/dom.js")
        ('0123456789ab', 'core/dom.js')
        """
        match = STAMPED.fullmatch(path)
        return (match[1], match[2]) if match else ("", path)

    def is_fixed(self, stamp: str, file: Path) -> bool:
        """Whether `file` is still what it was when the folder had that stamp."""
        if not stamp or stamp != self._stamp:
            return False
        status = file.stat()
        known = self._seen.get(os.path.realpath(file))
        return known == (status.st_mtime_ns, status.st_size)
