"""From what is said to what is declared: the one room that knows both settings and components.

One module a part that is chosen among kinds: whose Vault it is, what runs its servers, what else is put into clusters.
The program itself, which calls them in order, is `__main__.py`. No documents and no decisions about Vault: those are
the components'. No reading: that is settings/.
"""
