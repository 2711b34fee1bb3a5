"""Which event a shortage comes from: tonnes divided among events (`attribution`), one day traced upstream (`tracing`)."""
