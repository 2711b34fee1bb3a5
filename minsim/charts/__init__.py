"""Charts beside the run's own: attribution, waterfall of days lost, licence queue; one module each, on one `page`."""
