"""Team: the processes that train together under ``torchrun``; one process by itself is a team of one.

All run the same command. One leads: it decides, writes and looks at the clock; the others learn from their
share of each batch, and do what the leader says.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import distributed

from scanwright.data.plan import Plan
from scanwright.errors import ScanwrightError, SettingsError

T = TypeVar("T")


@dataclass(frozen=True)
class Team:
    """One process's place among those that train together.

    Attributes:
        rank: number of this process, from 0, which leads.
        size: how many there are.
        on_this_machine: how many of them run on this machine.
    """

    rank: int = 0
    size: int = 1
    on_this_machine: int = 1

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def strategy(self, *, partly: bool) -> dict[str, Any]:
        """What Lightning Fabric needs to know.

        Args:
            partly: whether there are steps in which only some of the weights learn.
        """
        if self.size == 1:
            return {"devices": 1}
        n_machines = self.size // self.on_this_machine
        ddp = "ddp_find_unused_parameters_true" if partly else "ddp"
        return {"devices": self.on_this_machine, "num_nodes": n_machines, "strategy": ddp}

    def agree(self, value: T) -> T:
        """The leader's value; all wait until it is known."""
        if self.size == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box, src=0)
        return box[0]

    def lead(self, work: Callable[[], None]) -> None:
        """Let the leader do something while all wait; its error becomes that of all.

        Raises:
            ScanwrightError: as ``work`` did.
        """
        failed: ScanwrightError | None = None
        if self.leads:
            try:
                work()
            except ScanwrightError as error:
                failed = error
        failed = self.agree(failed)
        if failed is not None:
            raise failed

    def gather(self, own: Sequence[T]) -> list[T]:
        """What :meth:`share` gave out, put together again in its order."""
        if self.size == 1:
            return list(own)
        parts: list[Any] = [None] * self.size
        distributed.all_gather_object(parts, list(own))
        together = [parts[n % self.size][n // self.size] for n in range(sum(map(len, parts)))]
        return list(together)

    def share(self, items: Sequence[T]) -> list[T]:
        """This process's part of what is to be done."""
        return list(items[self.rank :: self.size])

    def check(self, plan: Plan) -> None:
        """Raise when a plan leaves some of the processes without work.

        Raises:
            SettingsError: fewer examples in a step than processes, or a number that can't be shared equally.
        """
        if plan.batch_size % self.size:
            larger = -(-plan.batch_size // self.size) * self.size
            raise SettingsError(
                f"{self.size} processes can't share the examples of a step equally",
                expected=f"batch_size as a multiple of {self.size}",
                received=f"batch_size={plan.batch_size}",
                do=f"--set batch_size={larger}, or run another number of processes.",
            )


@contextmanager
def joined(device: str) -> Iterator[Team]:
    """The team that this process was started in, by the environment that ``torchrun`` makes.

    Args:
        device: "cuda" gives each process of a machine a device of its own.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1 or not distributed.is_available():
        yield Team()
        return
    # Numbers go the way of the device; what the processes say to each other goes by gloo.
    distributed.init_process_group("cpu:gloo,cuda:nccl" if device == "cuda" else "gloo")
    if device == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    try:
        yield Team(distributed.get_rank(), size, int(os.environ.get("LOCAL_WORLD_SIZE", str(size))))
    finally:
        distributed.destroy_process_group()
