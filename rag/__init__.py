"""Konkyo: answers from public-service documents, with the exact passage that carries each sentence."""

__version__ = "0.1.0"
