"""Passive auditing of BitTorrent egress: what was seen, whose it was, whether it was allowed."""

__version__ = "0.1.0"
