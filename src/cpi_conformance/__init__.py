"""Conformance of inbound HTTPS authentication to SAP Cloud Integration on Cloud Foundry."""

__version__ = "0.1.0"
