"""Monte-Carlo replications: sampling, parallel computation, storage, estimates with standard errors."""
