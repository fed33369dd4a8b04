"""Offline audits: which captures are meant, and the document that an audit hands to other programs."""
