"""Tests; a package only so that builders and the oracle can be imported from the repository's root."""
