"""Symptoms brought about for real: by simulated landscapes, the simulated backend, and tools of this machine."""
