"""A client tells its network of two torrents, and again after five minutes; its own port is in the message."""

from tests.build import START, udp
from tests.build.around import LSD_GROUP, lsd
from tests.build.frames import MILLISECOND, End
from tests.cases.cast import EMPLOYEE, OTHER_TORRENT, TORRENT

PLANTED = ("planted-cookie",)
CLIENT = End(EMPLOYEE.ip, LSD_GROUP.port)
ANNOUNCE = lsd(51413, [TORRENT, OTHER_TORRENT], PLANTED[0])

FRAMES = [udp(CLIENT, LSD_GROUP, ANNOUNCE, time=START + at * 1000 * MILLISECOND, identity=at) for at in (0, 100)]
