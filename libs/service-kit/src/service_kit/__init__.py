"""How a service runs: settings, logging, metrics, gRPC, health, shutdown."""
