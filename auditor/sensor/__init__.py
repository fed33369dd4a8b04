"""The sensor: watches interfaces for months, keeps what it saw, and says what it missed."""
