"""All entity sets and functions of the tenant API that exist here; a tenant has about 131 sets."""

from __future__ import annotations

from cpi_conformance.simulator.tenant_api.integration_content_schema import FUNCTION_IMPORTS, INTEGRATION_CONTENT
from cpi_conformance.simulator.tenant_api.message_log_schema import INTEGRATION_ARTIFACT, MESSAGE_PROCESSING_LOGS
from cpi_conformance.simulator.tenant_api.security_content_schema import SECURITY_CONTENT

ENTITY_TYPES = (*INTEGRATION_CONTENT, *MESSAGE_PROCESSING_LOGS, *SECURITY_CONTENT)

COMPLEX_TYPES = (INTEGRATION_ARTIFACT,)

BY_SET = {each.set_name: each for each in ENTITY_TYPES}

FUNCTIONS = {each.name: each for each in FUNCTION_IMPORTS}
