"""Which tab of the page may write: one at a time, or two would answer the same question."""

import asyncio
from typing import Optional

from starlette.types import Receive, Scope, Send

from shared.errors import InputError


class Tabs:
    """Gives one tab the turn to write.

    The tab that has it keeps a request open. However a tab ends, closed, reloaded or killed with its
    browser, the system closes its connection: so its turn ends at once, without a word from it.
    """

    def __init__(self) -> None:
        self.writer = ""
        self._end = asyncio.Event()  # of the writer's turn

    def claim(self, tab: str, force: bool) -> Optional[asyncio.Event]:
        """Give a tab the turn if nobody has it.

        tab (str): Its name.
        force (bool): Take the turn from another one.
        RETURNS (Optional[asyncio.Event]): What is set when the turn ends, None if it has no turn.
        """
        if self.writer not in ("", tab) and not force:
            return None
        self.end()
        self.writer, self._end = tab, asyncio.Event()
        return self._end

    def leave(self, end: asyncio.Event) -> None:
        """Let others write after a turn, unless somebody has taken it already."""
        if end is self._end:
            self.writer = ""

    def end(self) -> None:
        """End the turn that somebody may have."""
        self._end.set()

    def check(self, tab: object) -> None:
        """RAISES (InputError): If another tab has the turn."""
        if self.writer not in ("", tab):
            raise InputError("Another tab writes now", remedy="Go on there, or write here again.")


class Turn:
    """An answer that lasts as long as the tab is there and has the turn.

    tabs (Tabs): Who gave it.
    end (asyncio.Event): What is set when it ends.
    """

    def __init__(self, tabs: Tabs, end: asyncio.Event) -> None:
        self.tabs = tabs
        self.end = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and wait."""
        waiting = [asyncio.ensure_future(part) for part in (_is_gone(receive), self.end.wait())]
        try:
            headers = [(b"content-type", b"text/plain")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.tabs.leave(self.end)
            for part in waiting:
                part.cancel()
        await send({"type": "http.response.body", "body": b""})


async def _is_gone(receive: Receive) -> bool:
    while (await receive())["type"] != "http.disconnect":
        pass
    return True
