"""A file as an answer, also when it vanishes or becomes shorter on its way."""

from __future__ import annotations

from typing import IO, Any

from aiohttp import web


class FileAnswer(web.FileResponse):
    """aiohttp promises the length that the file had when it was opened.

    A file that is cut short meanwhile (ComfyUI writes over it, a disk is unplugged) would leave
    the client waiting for the rest for as long as the connection stays open.
    """

    async def prepare(self, request: web.BaseRequest):
        try:
            return await super().prepare(request)
        except FileNotFoundError:
            # aiohttp 3.11, which older ComfyUI has: it looks at the file, then opens it.
            self.set_status(404)
            self.content_length = 0
            self.headers["Cache-Control"] = "no-store"
            return await web.StreamResponse.prepare(self, request)

    async def _sendfile(self, request: web.BaseRequest, fobj: IO[Any], offset: int, count: int):
        writer = await super()._sendfile(request, fobj, offset, count)
        if fobj.tell() < offset + count and request.transport is not None:
            request.transport.close()
        return writer
