"""The tenant's OData V2 API below ``/api/v1``: integration content, keystore, message processing logs."""
