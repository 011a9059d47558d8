"""The command line for day two: `python -m ops <command>`. One command, one file; `__main__.py` only lists them."""
