"""A download by magnet link: the info dict passes first, then the pieces, one of which is not the torrent's."""

from tests.build import tcp_stream
from tests.build.torrent import Torrent, magnet_talk
from tests.cases.cast import GUEST, PEER

TORRENT = Torrent({"a": bytes(range(256)) * 128, "b": b"b" * 10_000, "c": b"c" * 20_000})
FRAMES = tcp_stream(GUEST, PEER, magnet_talk(TORRENT, given={1: b"x" * 16_384}))
