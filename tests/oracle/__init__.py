"""An independent oracle: the facts of a capture, found the slow and simple way over Scapy's frames.

It shares no code with the engine or with `auditor.frames`, and knows the protocols from their specifications alone. It
is right about captures that are whole; where frames are missing it stops a stream at the first hole, and says so::

    facts = observe(path)
    assert facts.handshakes == {Handshake(...), ...}
"""

from tests.oracle.facts import Facts, Handshake, Node, Pieces, observe

__all__ = ["Facts", "Handshake", "Node", "Pieces", "observe"]
