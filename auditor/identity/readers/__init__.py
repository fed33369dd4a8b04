"""One reader a kind of source: lines in, statements out. :mod:`~auditor.identity.readers.registry` has them by name."""
