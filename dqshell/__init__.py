"""Operator's shell and cluster admin tool for dqlite, the replicated SQLite."""

__version__ = "0.1.0"
