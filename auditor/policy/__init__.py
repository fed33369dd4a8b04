"""The policy: who is who on a network, and what its owner says of BitTorrent there.

:func:`auditor.policy.load.load` reads one; :class:`auditor.policy.evaluate.Policy` attributes and judges by it.
"""
