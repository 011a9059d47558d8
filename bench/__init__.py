"""Measurements, printed and never asserted: each a ratio beside a peer or a bare baseline of the same run."""
