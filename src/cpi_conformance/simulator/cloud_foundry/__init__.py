"""A simulated Cloud Foundry: the Cloud Controller (v3 API) and UAA, as a client on SAP BTP meets them."""
