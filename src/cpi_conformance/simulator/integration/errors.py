"""How content is refused: at once by the API, or later as the error of a deployment or of a message."""

from __future__ import annotations


class ContentRefused(Exception):
    """The API answers ``status`` (HTTP) with this text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class ArchiveBroken(Exception):
    """A file is not the archive of an integration flow; the text says what is wrong with it."""


class ModelBroken(Exception):
    """The model of an integration flow cannot be generated; the text says why."""


class ScriptBroken(Exception):
    """A script does not compile, or leaves the declared subset; the text names construct and line."""


class ScriptFailed(Exception):
    """A script threw an exception, or exceeded a limit, while it ran; the text is the exception's."""
