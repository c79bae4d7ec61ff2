"""Pipeline: while the network computes, the next image is made ready, and the last answer is finished."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")


def ahead(parts: Iterable[T], n: int) -> Iterator[T]:
    """The parts, in order; while the caller works on one, the next ``n`` are made behind its back.

    What making them raises comes in their place.
    """
    if n == 0:
        yield from parts
        return
    iterator = iter(parts)

    def make() -> list[T]:
        return list(islice(iterator, 1))

    with ThreadPoolExecutor(1) as maker:
        waiting = deque(maker.submit(make) for _ in range(n + 1))
        try:
            while part := waiting.popleft().result():
                yield part.pop()  # and no name here that would keep it in memory
                waiting.append(maker.submit(make))
        finally:
            maker.shutdown(cancel_futures=True)


class Writer(Generic[T]):
    """Writes one after another behind the caller's back, at most one at a time waiting.

    At the end of the ``with`` block all is written, also when it ends by an error or Ctrl-C.
    """

    def __init__(self, done: Callable[[T], None], *, at_once: bool) -> None:
        """``done`` is told what each writing gave, in order; ``at_once``: the caller waits for each."""
        self._done, self._at_once = done, at_once
        self._last: Future[T] | None = None

    def __enter__(self) -> Writer[T]:
        self._thread = ThreadPoolExecutor(1)
        return self

    def __call__(self, write: Callable[[], T]) -> None:
        """Write; raises what the writing before raised."""
        self._finish()
        self._last = self._thread.submit(write)
        if self._at_once:
            self._finish()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._thread.shutdown()
        if kind is None:
            self._finish()

    def _finish(self) -> None:
        if self._last is None:
            return
        written = self._last.result()  # Ctrl-C may come while it waits: then it is not forgotten
        self._last = None
        self._done(written)
