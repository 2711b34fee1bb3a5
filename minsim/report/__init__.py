"""One self-contained page for a reader who was not there; made by `minsim report`.

`findings` runs what the page needs: the scenario with its bracket, draws of its uncertain numbers (`risk.ensembles`), one
number moved at a time (`deciding`), stocks that might be bought (`purchases`). `sections` puts them in words and tables,
`curves` in points; `page` fills the template. `folder` reads a results folder, so that its page can be made again.
"""
