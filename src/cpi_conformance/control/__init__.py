"""The control plane: clients of Cloud Foundry, UAA and XSUAA, and the lifecycle of service keys."""
