"""The words of the domain as types: stdlib only, frozen, without behaviour that decides anything.

Times are integers, nanoseconds since the Unix epoch, UTC. Addresses are :mod:`ipaddress` objects.
"""
