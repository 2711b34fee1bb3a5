"""Named numbers with units, from what one replication leaves behind."""
