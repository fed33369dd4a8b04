"""The versions of the store's tables, run from code: :mod:`auditor.evidence.migrate`."""
