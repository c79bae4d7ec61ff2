"""Every error that scanwright raises on purpose.

ScanwrightError             one parent, so that callers can catch them all
├── DataError               a file or a case is not what it should be; the rest of the work can go on
├── SettingsError           the user asked for something that does not exist or does not fit together
├── ModelError              a model folder is damaged, foreign or too new
├── OutputError             a result cannot be written
└── MissingExtraError       a feature needs packages that are not installed

A message says what was expected, what was received and what to do. It names the file or the case and
never repeats what stands in patient fields. What it quotes is cut where it is implausibly long.
"""

_LONGEST_QUOTE = 300  # a path, or a dozen names; whole cells of tables can have thousands


class ScanwrightError(Exception):
    """Parent of all errors raised on purpose; ``exit_code`` is what the command line ends with."""

    exit_code = 1

    def __init__(
        self, problem: str, *, subject: str = "", expected: str = "", received: str = "", do: str = ""
    ) -> None:
        self.problem = problem
        self.subject = subject
        self.expected = expected
        self.received = received
        self.do = do
        super().__init__(self._text())

    def _text(self) -> str:
        parts = [f"{_shortened(self.subject)}: {self.problem}" if self.subject else self.problem]
        if self.expected:
            parts.append(f"Expected {self.expected.rstrip('.')}.")
        if self.received:
            parts.append(f"Received {_shortened(self.received.rstrip('.'))}.")
        if self.do:
            parts.append(self.do)
        first, *rest = parts
        if not first.endswith((".", "?", "!")):
            first += "."
        return " ".join([first, *rest])

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions with keyword-only arguments do not survive pickling between processes by themselves.
        return (_rebuild, (type(self), self.problem, self.subject, self.expected, self.received, self.do))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"


def _rebuild(
    kind: type[ScanwrightError], problem: str, subject: str, expected: str, received: str, do: str
) -> ScanwrightError:
    return kind(problem, subject=subject, expected=expected, received=received, do=do)


class DataError(ScanwrightError):
    """A file or a case is not what it should be."""


class SettingsError(ScanwrightError):
    """What the user asked for does not exist or does not fit together."""

    exit_code = 2


class ModelError(ScanwrightError):
    """A model folder is damaged, foreign or newer than this program."""


class OutputError(ScanwrightError):
    """A result cannot be written."""


class MissingExtraError(ScanwrightError):
    """A feature needs packages that are not installed."""
