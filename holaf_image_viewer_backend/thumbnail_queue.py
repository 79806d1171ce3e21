"""Which thumbnail is wanted most: what someone is looking at, in the order in which they see it."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable

MOST_CLIENTS = 64
MOST_WISHES = 2000


class Wishes:
    """The ids that pages wish for. Not safe for threads by itself.

    >>> wishes = Wishes()
    >>> wishes.replace("left tab", [1, 2])
    >>> wishes.replace("right tab", [8, 9])
    >>> wishes.urge([5])
    >>> [wishes.next() for _ in range(6)]
    [5, 1, 8, 2, 9, None]
    """

    def __init__(self) -> None:
        # Asked for one by one: a new file, a single thumbnail, one to be made again.
        self._urgent: OrderedDict[int, None] = OrderedDict()
        # Each client's own; who is served goes to the end of the line.
        self._clients: OrderedDict[str, deque[int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._urgent) + sum(map(len, self._clients.values()))

    def replace(self, client: str, ids: Iterable[int]) -> None:
        """What `client` sees now; what it wished before and does not name is dropped."""
        wishes = deque(ids, maxlen=None)
        while len(wishes) > MOST_WISHES:
            wishes.pop()
        if wishes:
            self._clients[client] = wishes
        else:
            self._clients.pop(client, None)
        while len(self._clients) > MOST_CLIENTS:
            self._clients.popitem(last=False)

    def urge(self, ids: Iterable[int]) -> None:
        """Before everything else, in this order, until each was made once."""
        for one in ids:
            self._urgent[one] = None
        while len(self._urgent) > MOST_WISHES:
            self._urgent.popitem(last=False)

    def next(self) -> int | None:
        """Take the next id out; None when nobody wishes for anything."""
        if self._urgent:
            return self._urgent.popitem(last=False)[0]
        while self._clients:
            client, wishes = next(iter(self._clients.items()))
            one = wishes.popleft()
            if wishes:
                self._clients.move_to_end(client)
            else:
                del self._clients[client]
            return one
        return None
