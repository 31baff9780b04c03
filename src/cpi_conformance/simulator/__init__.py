"""The simulated landscape: real sockets, real TLS, real X.509, real HTTP, on loop-back."""
