"""The ASN.1 of a PSE file, which SAP has not published.

The envelopes and the objects of an own key pair were measured on the samples of pysap, the certificate list on
``required.pse`` of SAP's trust store. From pysap's definitions alone: files without a PIN in an envelope. From the
sources of SecuDE, on which SAP's library is built: the path of issuers. From SAP's Java class ``secudePSE``: the
owner, and objects without a time.
"""

# asn1crypto has no types
# mypy: disable-error-code="misc"
# ruff: noqa: RUF012

from __future__ import annotations

from asn1crypto import algos, core, keys, x509


class Kept(core.Sequence):
    """An object of a PSE: its name, when it was put there, of which kind it is, and itself."""

    _fields = [
        ("name", core.PrintableString),
        ("created", core.GeneralizedTime, {"optional": True}),
        ("kind", core.ObjectIdentifier),
        ("value", core.Any),
    ]


class KeptObjects(core.SetOf):
    """The objects of a PSE."""

    _child_spec = Kept


class Content(core.Sequence):
    """What a PSE holds; the algorithm of the envelope stands here once more, also when nothing is encrypted."""

    _fields = [
        ("algorithm", core.Any),
        ("owner", core.PrintableString, {"optional": True}),
        ("created", x509.Time),
        ("number", core.Integer),
        ("objects", KeptObjects),
    ]


class Version2(core.Sequence):
    """The envelope of version 2: the PIN is encrypted with itself, so that a wrong one is noticed."""

    _fields = [
        ("pin", core.OctetString),
        ("algorithm", algos.EncryptionAlgorithm),
        ("content", core.OctetString),
    ]


class Version4(core.Sequence):
    """The envelope of version 4: flag 1 for an encrypted content, 0 for an open one; SHA-1 of the open content."""

    _fields = [
        ("flag", core.Integer),
        ("algorithm", algos.EncryptionAlgorithm),
        ("content", core.OctetString),
        ("digest", core.OctetString, {"optional": True}),
    ]


class Envelope(core.Choice):
    """What stands behind the version."""

    _alternatives = [
        ("version_2", Version2, {"implicit": 0}),
        ("version_4", Version4, {"implicit": 3}),
        ("open", Content),
    ]


class PseFile(core.Sequence):
    """A PSE file; 256 in the place of the version means that the key lies in the machine's protected storage."""

    _fields = [("version", core.Integer), ("envelope", Envelope)]


class SecretKey(core.Sequence):
    """The value of ``SKnew``: written as a public key is; of RSA it holds the two primes."""

    _fields = [("algorithm", keys.PublicKeyAlgorithm), ("key", core.OctetBitString)]


class RootKey(core.Sequence):
    """The greater part of a root's certificate."""

    _fields = [
        ("version", x509.Version, {"explicit": 0, "default": "v1"}),
        ("serial_number", core.Integer),
        ("public_key", keys.PublicKeyInfo),
        ("validity", x509.Validity, {"explicit": 1}),
        ("algorithm", algos.SignedDigestAlgorithm, {"explicit": 2}),
        ("signature", core.OctetBitString),
    ]


class Several(core.SequenceOf):
    """Values of any kind."""

    _child_spec = core.Any


class Root(core.Sequence):
    """The value of ``PKRoot``: the parts of a root's certificate.

    The rest are its extensions (measured), or the key before this one (pysap's definitions).
    """

    _fields = [
        ("name", x509.Name),
        ("key", RootKey),
        ("rest", Several, {"explicit": 0, "optional": True}),
    ]
