"""Hears of changes below the watched folders: inotify on Linux, watchdog elsewhere.

Linux is read directly because what the index needs is not in watchdog's events: a queue that
overflowed (its releases before 7 drop that silently), both halves of a rename without half a
second of waiting, and a watch per folder that is set just before that folder is read, so that
nothing falls between the two.
"""

# Plain strings instead of Path objects: this runs once for each of a million files.
# ruff: noqa: PTH118

from __future__ import annotations

import ctypes
import errno
import os
import select
import struct
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

# What happened to a path. Except for MOVED this is only a reason to look at the path again: what
# is on the disk decides, so the order of events does not matter.
CLOSED = "closed"  # its writer closed it
CREATED = "created"  # it is there; somebody may still be writing
DELETED = "deleted"
MOVED = "moved"  # `path` is now `other`
LOST = "lost"  # events were dropped, or a file system went away: look at everything


@dataclass(frozen=True, slots=True)
class Event:
    kind: str
    path: str
    is_dir: bool = False
    other: str = ""


Put = Callable[[Event], None]


class WatchLimit(Exception):
    """No more folders can be watched; the text says what to do about it."""


IN_ATTRIB = 0x4
IN_CLOSE_WRITE = 0x8
IN_MOVED_FROM = 0x40
IN_MOVED_TO = 0x80
IN_CREATE = 0x100
IN_DELETE = 0x200
IN_DELETE_SELF = 0x400
IN_MOVE_SELF = 0x800
IN_UNMOUNT = 0x2000
IN_Q_OVERFLOW = 0x4000
IN_IGNORED = 0x8000
IN_ONLYDIR = 0x01000000
IN_EXCL_UNLINK = 0x04000000
IN_ISDIR = 0x40000000

# Neither "opened" nor "closed without writing": our own reading would flood the queue.
MASK = (
    IN_ATTRIB
    | IN_CLOSE_WRITE
    | IN_MOVED_FROM
    | IN_MOVED_TO
    | IN_CREATE
    | IN_DELETE
    | IN_DELETE_SELF
    | IN_MOVE_SELF
    | IN_ONLYDIR
    | IN_EXCL_UNLINK
)

_HEADER = struct.Struct("iIII")

# The second half of a rename follows at once unless it went to a folder that is not watched.
PAIR_MS = 20


class InotifyWatcher:
    """One watch per folder. `add` is called by the reader of folders, events come from a thread."""

    def __init__(self, put: Put) -> None:
        self._put = put
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._lock = threading.Lock()
        self._paths: dict[int, str] = {}
        self._watches: dict[str, int] = {}
        self._fd = self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._fd < 0:
            raise WatchLimit(
                "This user has no inotify instance left (fs.inotify.max_user_instances)."
            )
        self._wake, self._waker = os.pipe()
        self._half: tuple[int, str, bool] | None = None
        self._thread = threading.Thread(target=self._run, name="holaf-watcher", daemon=True)
        self._thread.start()

    def add(self, path: str) -> bool:
        """Watch the folder `path`; False when it is gone. Raises WatchLimit."""
        with self._lock:
            if path in self._watches:
                return True
            watch = self._libc.inotify_add_watch(self._fd, os.fsencode(path), MASK)
            if watch < 0:
                code = ctypes.get_errno()
                if code in (errno.ENOSPC, errno.ENOMEM):
                    raise WatchLimit(
                        "The kernel watches no more folders for this user "
                        "(fs.inotify.max_user_watches); new files are found by polling."
                    )
                return False
            # A folder has one watch: the kernel gives the old number to a second name of it.
            old = self._paths.get(watch)
            if old is not None:
                self._watches.pop(old, None)
            self._paths[watch] = path
            self._watches[path] = watch
        return True

    def forget(self, path: str) -> None:
        """Stop watching `path` and what lies below it."""
        with self._lock:
            below = path + os.sep
            for one in [one for one in self._watches if one == path or one.startswith(below)]:
                watch = self._watches.pop(one)
                self._paths.pop(watch, None)
                self._libc.inotify_rm_watch(self._fd, watch)

    def close(self) -> None:
        if self._fd < 0:
            return
        os.write(self._waker, b"x")
        self._thread.join(2.0)
        for fd in (self._fd, self._wake, self._waker):
            os.close(fd)
        self._fd = -1

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while True:
            ready = poll.poll(PAIR_MS if self._half else None)
            if any(fd == self._wake for fd, _ in ready):
                return
            if not ready:
                self._left_the_library()
                continue
            try:
                data = os.read(self._fd, 256 * 1024)
            except BlockingIOError:
                continue
            self._parse(data)

    def _parse(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            watch, mask, cookie, length = _HEADER.unpack_from(data, at)
            at += _HEADER.size
            name = data[at : at + length].rstrip(b"\0")
            at += length
            self._handle(watch, mask, cookie, os.fsdecode(name))

    def _handle(self, watch: int, mask: int, cookie: int, name: str) -> None:
        if mask & IN_Q_OVERFLOW:
            self._put(Event(LOST, ""))
            return
        with self._lock:
            folder = self._paths.get(watch)
            if mask & IN_IGNORED and folder is not None:
                del self._paths[watch]
                if self._watches.get(folder) == watch:
                    del self._watches[folder]
        if folder is None or mask & IN_IGNORED:
            return
        if self._half and not (mask & IN_MOVED_TO and cookie == self._half[0]):
            self._left_the_library()
        is_dir = bool(mask & IN_ISDIR)
        path = os.path.join(folder, name) if name else folder
        if mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT):
            # Its parent tells of it too, except for a root and for what was mounted there.
            self._put(Event(LOST if mask & IN_UNMOUNT else DELETED, folder, True))
        elif mask & IN_MOVED_FROM:
            self._half = (cookie, path, is_dir)
        elif mask & IN_MOVED_TO:
            if self._half:
                old = self._half[1]
                self._half = None
                if is_dir:
                    self._rename(old, path)
                self._put(Event(MOVED, old, is_dir, path))
            else:
                self._put(Event(CREATED if is_dir else CLOSED, path, is_dir))
        elif mask & IN_DELETE:
            self._put(Event(DELETED, path, is_dir))
        elif mask & IN_CLOSE_WRITE:
            self._put(Event(CLOSED, path))
        elif mask & IN_CREATE or (mask & IN_ATTRIB and name and not is_dir):
            self._put(Event(CREATED, path, is_dir))

    def _left_the_library(self) -> None:
        if self._half:
            _, path, is_dir = self._half
            self._half = None
            if is_dir:
                self.forget(path)
            self._put(Event(DELETED, path, is_dir))

    def _rename(self, old: str, new: str) -> None:
        with self._lock:
            below = old + os.sep
            for one in [one for one in self._watches if one == old or one.startswith(below)]:
                watch = self._watches.pop(one)
                self._watches[new + one[len(old) :]] = watch
                self._paths[watch] = new + one[len(old) :]


class WatchdogWatcher:
    """For systems without inotify: `add` watches a root with everything below it."""

    def __init__(self, put: Put, roots: Iterable[str]) -> None:
        from watchdog.events import FileSystemEvent, FileSystemEventHandler
        from watchdog.observers import Observer

        class Handler(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                kind = KINDS.get(event.event_type)
                if kind is None or (event.is_directory and event.event_type == "modified"):
                    return
                other = os.fsdecode(event.dest_path or "")
                put(Event(kind, os.fsdecode(event.src_path), event.is_directory, other))

        self._handler = Handler()
        self._roots = set(roots)
        self._watched: set[str] = set()
        self._observer = Observer()
        self._observer.start()

    def add(self, path: str) -> bool:
        if path in self._roots and path not in self._watched:
            try:
                self._observer.schedule(self._handler, path, recursive=True)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EMFILE, errno.ENOMEM):
                    raise WatchLimit(f"The system watches no more folders: {error}.") from None
                return False
            self._watched.add(path)
        return True

    def forget(self, path: str) -> None:
        self._watched.discard(path)

    def close(self) -> None:
        self._observer.stop()
        self._observer.join(2.0)


# A system that does not tell when a writer is done says "modified": then two looks decide.
KINDS = {
    "created": CREATED,
    "modified": CREATED,
    "closed": CLOSED,
    "deleted": DELETED,
    "moved": MOVED,
}

Watcher = InotifyWatcher | WatchdogWatcher


def open_watcher(put: Put, roots: Iterable[str]) -> Watcher:
    """The watcher of this system. Raises WatchLimit where there can be none."""
    if sys.platform.startswith("linux"):
        return InotifyWatcher(put)
    try:
        return WatchdogWatcher(put, roots)
    except ImportError:
        raise WatchLimit("The package watchdog is not installed; folders are polled.") from None


# File systems where changes made by another machine reach no watcher of this one.
NETWORK = {
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "drvfs",
    "fakeowner",
    "glusterfs",
    "gpfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "prl_fs",
    "smb3",
    "smbfs",
    "vboxsf",
    "virtiofs",
    "vmhgfs",
}
LOCAL_FUSE = {"fuse.fuse-overlayfs", "fuse.mergerfs", "fuse.portal", "fuse.bindfs"}


def network_file_system(path: str, mounts: str | None = None) -> str | None:
    """The kind of network file system that `path` lies on, None for a local one.

    >>> network_file_system("/mnt/nas/a", "h:/x /mnt/nas nfs4 rw 0 0\\n/dev/a / ext4 rw 0 0")
    'nfs4'
    """
    if sys.platform == "win32":
        return _windows_share(path)
    if mounts is None:
        try:
            mounts = Path("/proc/mounts").read_text("utf-8", "surrogateescape")
        except OSError:  # no Linux
            return None
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    remote = kind in NETWORK or (kind.startswith("fuse.") and kind not in LOCAL_FUSE)
    return kind if remote else None


def _windows_share(path: str) -> str | None:
    if path.startswith("\\\\"):
        return "network share"
    drive = os.path.splitdrive(path)[0] + "\\"
    remote = 4  # DRIVE_REMOTE of winbase.h
    if ctypes.windll.kernel32.GetDriveTypeW(drive) == remote:  # type: ignore[attr-defined]
        return "network drive"
    return None
