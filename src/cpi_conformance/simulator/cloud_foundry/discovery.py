"""What anybody may read without a token: where everything is."""

from __future__ import annotations

from typing import Any

from cpi_conformance.simulator.cloud_foundry.urls import Urls

API_VERSION = "3.188.0"
"""Of SAP BTP in March 2025 (recorded)."""

ABSENT_BEFORE = ("network_policy_v0", "network_policy_v1")
ABSENT_AFTER = ("credhub", "routing", "logging", "log_cache", "log_stream", "app_ssh")

RESOURCES = [
    "app_usage_events",
    "apps",
    "audit_events",
    "buildpacks",
    "builds",
    "deployments",
    "domains",
    "droplets",
    "environment_variable_groups",
    "feature_flags",
    "info",
    "isolation_segments",
    "organization_quotas",
    "organizations",
    "packages",
    "processes",
    "resource_matches",
    "roles",
    "routes",
    "security_groups",
    "service_brokers",
    "service_credential_bindings",
    "service_instances",
    "service_offerings",
    "service_plans",
    "service_route_bindings",
    "service_usage_events",
    "space_quotas",
    "spaces",
    "stacks",
    "tasks",
    "users",
]
"""The links of ``/v3``; there is none to jobs."""


def root(urls: Urls) -> dict[str, Any]:
    """``GET /``: what is not configured is linked to ``null``, not left out; version 2 is gone."""
    links: dict[str, Any] = {
        "self": {"href": urls.api},
        "cloud_controller_v3": {"href": f"{urls.api}/v3", "meta": {"version": API_VERSION}},
        **dict.fromkeys(ABSENT_BEFORE),
        "login": {"href": urls.login},
        "uaa": {"href": urls.uaa},
        **dict.fromkeys(ABSENT_AFTER),
    }
    return {"links": links}


def v3_root(urls: Urls) -> dict[str, Any]:
    """``GET /v3``."""
    links = {name: {"href": f"{urls.api}/v3/{name}"} for name in RESOURCES}
    return {"links": {"self": {"href": f"{urls.api}/v3"}, **links}}


def info(urls: Urls, *, rate_limit: int, reset_minutes: int) -> dict[str, Any]:
    """``GET /v3/info``."""
    return {
        "build": "",
        "cli_version": {"minimum": "", "recommended": ""},
        "custom": {},
        "description": "Cloud Foundry at SAP Business Technology Platform",
        "name": "",
        "version": 0,
        "osbapi_version": "2.15",
        "rate_limits": {"enabled": True, "general_limit": rate_limit, "reset_interval_in_minutes": reset_minutes},
        "links": {"self": {"href": f"{urls.api}/v3/info"}, "support": {"href": ""}},
    }
