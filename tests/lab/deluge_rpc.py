"""Ask a Deluge daemon on this machine one thing and print the answer; Debian's Python runs it, which has Deluge.

The argument is a JSON list: a method of the daemon and its arguments.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from deluge.ui.client import client
from twisted.internet import reactor

FAILED: list[str] = []


def main() -> None:
    """Connect, ask, print, leave."""
    method, *arguments = json.loads(sys.argv[1])
    connecting = client.connect(host="127.0.0.1", port=58846, username="lab", password="lab")  # noqa: S106 - ours
    connecting.addCallback(lambda _: _method(method)(*arguments))
    connecting.addCallback(lambda answer: sys.stdout.write(json.dumps(answer, default=str)))
    connecting.addErrback(lambda failure: FAILED.append(str(failure)))
    connecting.addBoth(lambda _: reactor.stop())
    reactor.run()
    if FAILED:
        sys.exit(FAILED[0])


def _method(name: str) -> Any:  # noqa: ANN401 - a proxy that Deluge makes up
    part, _, method = name.partition(".")
    return getattr(getattr(client, part), method)


if __name__ == "__main__":
    main()
