"""The sensor: a daemon that watches interfaces for months, records what it saw, and says what it could not see."""
