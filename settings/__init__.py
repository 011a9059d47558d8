"""What an environment says, read once and refused early.

settings, catalog = load()
"""

from settings.load import load, stack_secret
from settings.model import Settings

__all__ = ["Settings", "load", "stack_secret"]
