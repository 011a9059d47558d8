"""`python -m ops ci`: what pipelines run, and whoever wants to see the same before: previews and drift as Markdown.

`run` starts the engine, `events` reads what it says, `blinded` and `difference` make text of values, `report` is what
was found out about one environment. `comment` and `drift` write it, `fitted` keeps it short, `forge` knows where to.
"""
