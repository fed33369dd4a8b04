"""The words of the domain as types: stdlib only, frozen, without behaviour that decides anything.

Times are integers, nanoseconds since the Unix epoch, UTC. Addresses are :mod:`ipaddress` objects.

What every audit loads does without ``from __future__ import annotations``: typing compiles each annotation of a named
tuple that is a string, and there are hundreds.
"""
