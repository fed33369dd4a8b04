"""A peer that gives another info dict than the infohash says, with pieces that fit the lie."""

from tests.build import tcp_stream
from tests.build.torrent import Torrent, magnet_talk
from tests.cases.cast import GUEST, PEER

TORRENT = Torrent({"a": b"a" * 20_000})
LIE = Torrent({"a": b"x" * 20_000})
FRAMES = tcp_stream(GUEST, PEER, magnet_talk(TORRENT, told=LIE.info, given=dict(enumerate(LIE.pieces))))
