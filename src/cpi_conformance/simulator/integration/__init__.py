"""The content of a simulated tenant: packages, artifacts, deployments and message logs, without HTTP."""
