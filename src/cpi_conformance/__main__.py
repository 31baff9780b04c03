"""``python -m cpi_conformance``."""

from cpi_conformance.cli import application

application()
