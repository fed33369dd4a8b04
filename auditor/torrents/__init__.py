"""Torrents read from files and magnets: which infohashes a policy's lists name."""
