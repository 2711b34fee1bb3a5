"""Many replications: drawn, computed, kept, estimated."""
