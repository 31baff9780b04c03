"""Ctrl-C, which ends everything wherever it strikes."""

from __future__ import annotations

import signal
from types import TracebackType


class CtrlC:
    """Within this block Ctrl-C is not lost.

    Python drops what a signal's handler raises while a destructor or a function that ``fork`` calls is running: it is
    raised again where somebody heeds it. Who asks again does not disturb the ending.
    """

    def __init__(self) -> None:
        self._asked = False

    def __enter__(self) -> CtrlC:
        self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def heed(self) -> None:
        """Go on only when nobody has asked to end.

        Raises:
            KeyboardInterrupt: somebody has.
        """
        if self._asked:
            raise KeyboardInterrupt

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _ask(self, *_: object) -> None:
        if not self._asked:
            self._asked = True
            raise KeyboardInterrupt
