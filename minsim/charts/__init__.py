"""Every picture of minsim: one module a kind, on one `page`, in one `style`."""
