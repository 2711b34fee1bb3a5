"""A self-contained HTML page about one run, written by `minsim report`.

`contents` computes everything on the page: the run with its bracket, an ensemble (`studies.ensembles`), one uncertain
number varied at a time (`decisive_inputs`), and stocks to buy (`stock_options`). `sections`, `basis` and `tables` turn these
into text and table rows, `svg_curves` into points; `page` fills the template.
"""
