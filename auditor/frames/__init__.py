"""Capture and decoding through Scapy, in a process of its own.

Everything here but `client` runs in that process (`child`), because Scapy is GPL-2.0-only while the project is
Apache-2.0, and because thousands of protocol parsers have no place in a sensor. The processes exchange captures and
JSON over pipes; the modules of the child import nothing of the auditor from outside this folder.
"""

# SPDX-License-Identifier: GPL-2.0-or-later
