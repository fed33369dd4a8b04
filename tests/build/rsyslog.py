"""The real rsyslog, as a child with a configuration of its own: another program's reading of what we send it."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.build.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.build.certificates import Certificates

_DRIVER = Path("/usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_ossl.so")


class Rsyslog(NamedTuple):
    """One that runs."""

    port: int
    received: Path

    def messages(self, count: int) -> list[dict[str, Any]]:
        """Wait for so many messages, and return each as it was understood."""
        wait_until(lambda: self.received.exists() and len(self.received.read_text().splitlines()) >= count)
        return [json.loads(line) for line in self.received.read_text().splitlines()]


@contextmanager
def rsyslog(folder: Path, certificates: Certificates | None = None) -> Iterator[Rsyslog]:
    """Run it on a free port of the loopback; with certificates over TLS, and for clients with one of that authority."""
    program = shutil.which("rsyslogd") or shutil.which("rsyslogd", path="/usr/sbin")
    if program is None:
        pytest.skip("needs Debian's rsyslog")
    if certificates is not None and not _DRIVER.exists():
        pytest.skip("needs Debian's rsyslog-openssl")
    folder.mkdir(parents=True, exist_ok=True)
    driver = "" if certificates is None else _DRIVER_SETTINGS
    files = "" if certificates is None else _files(certificates)
    port, received = folder / "port", folder / "received"
    (folder / "conf").write_text(
        f'global(workDirectory="{folder}" {files})\n'
        f'module(load="imtcp" {driver})\n'
        'module(load="mmpstrucdata")\n'
        f'input(type="imtcp" address="127.0.0.1" port="0" listenPortFileName="{port}")\n'
        'template(name="whole" type="string" string="%jsonmesg%\\n")\n'
        'action(type="mmpstrucdata")\n'
        f'action(type="omfile" file="{received}" template="whole")\n'
    )
    command = [program, "-n", "-f", str(folder / "conf"), "-i", str(folder / "pid")]
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: port.exists() and port.read_text().strip())
        yield Rsyslog(int(port.read_text()), received)
    finally:
        child.terminate()
        child.wait(10)


_DRIVER_SETTINGS = 'streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid"'


def _files(certificates: Certificates) -> str:
    server = certificates.server
    return (
        f'defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="{certificates.ca}" '
        f'defaultNetstreamDriverCertFile="{server.with_suffix(".crt")}" '
        f'defaultNetstreamDriverKeyFile="{server.with_suffix(".key")}"'
    )
