"""Runs in these tests are many and alike."""

from tests.compiled import compiled

__all__ = ["compiled"]
