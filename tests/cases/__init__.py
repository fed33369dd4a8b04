"""Small captures, each with the facts that matter about it.

A folder holds ``make.py``, whose ``FRAMES`` are the capture (``LINK``, if it is not Ethernet, and ``SNAP_LENGTH``, if
frames were cut), and ``case.yaml``: what must be there, how often, and with which fields. A bug gets its case first.
"""
