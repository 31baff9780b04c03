"""Every fault by its name; none is on unless it is asked for.

A defect is a landscape that is wrong, and the suite must say so. A fault is a landscape that is right and in
trouble for a moment, and the suite must say neither that it is right nor that it is wrong because of it.
"""

from __future__ import annotations

from cpi_conformance.simulator.faults import answers, connections, lags, systems
from cpi_conformance.simulator.faults.fault import Due, Fault, SeededFault, Strike

FAULTS: dict[str, Fault] = {
    fault.name: fault
    for faults in (connections.FAULTS, answers.FAULTS, systems.FAULTS, lags.FAULTS)
    for fault in faults
}
"""By name."""

__all__ = ["FAULTS", "Due", "Fault", "SeededFault", "Strike"]
