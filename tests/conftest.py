"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# A property is not a stopwatch: on a busy machine a slow example says nothing about the code.
settings.register_profile("auditor", deadline=None)
settings.load_profile("auditor")
