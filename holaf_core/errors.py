"""What can go wrong in a way that the person at the browser should read."""

from __future__ import annotations

from typing import Any


class HolafError(Exception):
    """Its text is shown to the user; `status` is the HTTP status that carries it.

    Keyword arguments become further members of the JSON answer, so that a page can react to a
    case without reading the sentence: `Unauthorized("Sign in first.", sign_in=True)`.
    """

    status = 500

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.details = details
        self.headers: dict[str, str] = {}


class BadRequest(HolafError):
    """The request itself is wrong. Name the member with `field=` where there is one."""

    status = 400


class Unauthorized(HolafError):
    status = 401


class Forbidden(HolafError):
    status = 403


class NotFound(HolafError):
    status = 404


class Conflict(HolafError):
    status = 409


class TooLarge(HolafError):
    status = 413


class UnsupportedMedia(HolafError):
    status = 415


class Misdirected(HolafError):
    """The Host header names a machine that we are not."""

    status = 421


class TooManyRequests(HolafError):
    """`retry_after` is in whole seconds and also travels as the Retry-After header."""

    status = 429

    def __init__(self, message: str, retry_after: int, **details: Any) -> None:
        super().__init__(message, retry_after=retry_after, **details)
        self.headers["Retry-After"] = str(retry_after)


class Unavailable(HolafError):
    """Something this needs is missing here: FFmpeg, an NVIDIA driver, a writable disk."""

    status = 503
