"""From an order that was denied, or an error of the control plane, to symptoms."""

from __future__ import annotations

from cpi_conformance.certificates import PfxRefused
from cpi_conformance.certificates.kinds import Form, Kind, recognise
from cpi_conformance.control.cockpit import Denied
from cpi_conformance.control.errors import ControlError, NotVisible
from cpi_conformance.control.orders import InstanceOrder, KeyOrder, KeyType, Order, TokenOrder
from cpi_conformance.control.tenant.orders import KeyPairOrder
from cpi_conformance.diagnosis.sayings import sayings_in
from cpi_conformance.diagnosis.symptoms import Credentials, FieldForm, Side, Symptoms

NOT_VISIBLE = "not-visible"
"""The cause when an org, a space, an offering or a plan is not in the list that the user sees."""

FORMS = {
    Kind.CERTIFICATES: FieldForm.CHAIN,
    Kind.SIGNING_REQUEST: FieldForm.SIGNING_REQUEST,
    Kind.PRIVATE_KEY: FieldForm.PRIVATE_KEY,
    Kind.ENCRYPTED_PRIVATE_KEY: FieldForm.PRIVATE_KEY,
    Kind.CREDENTIAL: FieldForm.PRIVATE_KEY,
}
"""What is wrong with the field whatever its line feeds are."""

LINES = {
    Form.ONE_LINE: FieldForm.ONE_LINE,
    Form.PEM: FieldForm.LINE_FEEDS,
    Form.ESCAPED: FieldForm.ESCAPED,
}
"""How the PEM of one certificate is written down; without its markers it is damaged."""


def symptoms_of_denial(order: Order, denied: Denied) -> Symptoms:
    """What an order and its denial tell; the far side's own words are understood where they can be."""
    symptoms = Symptoms(side=Side.COCKPIT, cause=str(denied.cause), said=sayings_in(denied.text))
    match order:
        case InstanceOrder(grant_types=grants):
            symptoms |= Symptoms(client_x509=KeyType.CLIENT_X509.value in grants)
        case KeyOrder(key_type=key_type, x509=content):
            form = None if content is None else form_of_field(content)
            symptoms |= Symptoms(client_x509=key_type is KeyType.CLIENT_X509, x509_field=form)
        case TokenOrder(presented=presented):
            symptoms |= Symptoms(credentials=Credentials.CERTIFICATE if presented else Credentials.BASIC)
        case KeyPairOrder():
            symptoms = Symptoms(side=Side.KEYSTORE) | symptoms | _of_key_pair(order)
    return symptoms


def symptoms_of_error(error: ControlError) -> Symptoms:
    """What an error outside of an order tells: of a login, a target, a list."""
    cause = NOT_VISIBLE if isinstance(error, NotVisible) else None
    return Symptoms(side=Side.COCKPIT, cause=cause, said=sayings_in(str(error)))


def form_of_field(content: str) -> FieldForm:
    """What stands in the field ``X.509``; anything that is no certificate, or lacks dashes, is damaged."""
    file = recognise(content.encode("utf-8", "replace"))
    if file.fault is not None:
        return FieldForm.DAMAGED
    if file.kind is Kind.CERTIFICATE:
        return LINES.get(file.form, FieldForm.DAMAGED)
    return FORMS.get(file.kind, FieldForm.DAMAGED)


def _of_key_pair(order: KeyPairOrder) -> Symptoms:
    try:
        order.pfx.open()
    except PfxRefused as refusal:
        return Symptoms(pfx_problem=refusal.problem.value)
    return Symptoms()
