"""A test of the whole sensor by itself: one BitTorrent handshake and one DHT query that it sends, and must see.

That nothing was seen is worth something only if something would have been: a canary that is seen is evidence of that.
"""
