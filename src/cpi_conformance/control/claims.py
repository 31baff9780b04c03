"""What only one run may use at a time, such as a certificate that one service key may hold.

Names of instances are unique in a space, so an instance under an agreed name is a claim: whose label it carries has it
until the end of that run, also when the broker has failed and only the record of the instance is there. It is removed
and reaped like everything else.
"""

from __future__ import annotations

import time

from cryptography import x509

from cpi_conformance.certificates import fingerprint
from cpi_conformance.control.errors import NameTaken
from cpi_conformance.control.lifecycle import Lifecycle
from cpi_conformance.control.orders import InstanceOrder
from cpi_conformance.control.run_mark import CLAIM_PREFIX

PAUSE = 1.0
"""Seconds between two attempts while another run has it."""


def claim(lifecycle: Lifecycle, certificate: x509.Certificate, *, seconds: float) -> bool:
    """Have a certificate for this run alone; waits so many seconds for another run to end. Whether it was had.

    Raises:
        ControlError: the claim could neither be made nor was it refused; who asks again may have it.
    """
    name = f"{CLAIM_PREFIX}{fingerprint(certificate).replace(':', '').lower()[:16]}"
    ends = time.monotonic() + seconds
    while True:
        try:
            lifecycle.create_instance(InstanceOrder(name=name))
        except NameTaken:
            if any(instance.name == name for instance in lifecycle.of_this_run()[0]):
                return True  # an earlier attempt has failed after it had got the name
            if time.monotonic() >= ends:
                return False
            time.sleep(PAUSE)
        else:
            return True
