"""Pipeline: while the network computes, the next image is read and the last answer is written."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Generic, TypeVar

from scanwright.data.case import Case
from scanwright.data.volume import Volume

T = TypeVar("T")


def read_ahead(cases: Iterable[Case], n: int) -> Iterator[tuple[Case, Callable[[], Volume]]]:
    """Each case, in order, with what gives its image; meanwhile the next ``n`` images are read.

    What reading raises comes when the image is asked for.
    """
    if n == 0:
        yield from ((case, partial(_read, case)) for case in cases)
        return
    with ThreadPoolExecutor(1) as reader:
        waiting: deque[tuple[Case, Future[Volume]]] = deque()
        try:
            for case in cases:
                waiting.append((case, reader.submit(_read, case)))
                if len(waiting) > n:
                    first, image = waiting.popleft()
                    yield first, image.result
                    del image  # its image would stay in memory as long as this name
            while waiting:
                first, image = waiting.popleft()
                yield first, image.result
                del image
        finally:
            reader.shutdown(cancel_futures=True)


def _read(case: Case) -> Volume:
    return case.image.read()


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
