"""Why a flow cannot be read."""

from __future__ import annotations


class FlowUnreadable(ValueError):
    """An archive that is none, or of another kind of flow; the text quotes nothing of it but names of files."""
