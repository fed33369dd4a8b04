"""Who is told of incidents besides Prometheus: one sink a file, in the formats that SIEMs read.

A sink is never given an incident, but its :class:`~auditor.sinks.news.News`: what the policy's ``people`` lets be told.
"""
