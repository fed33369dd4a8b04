//! Frames off a Linux interface through rings that the kernel fills and we read where they lie (`TPACKET_V3`): no call
//! and no copy for a frame. Several workers share an interface by a ring each, into which the kernel spreads the frames.

mod area;

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::Duration;

use auditor_core::time::Timestamp;
use auditor_core::wire::link::LinkType;
use libc::c_int;

use self::area::{Area, Cursor, TAG};
use crate::bpf::{Instruction, Program, code};
use crate::live::{LiveError, LiveStatistics};
use crate::packet::{self, option, refusal, set};
use crate::split::MAX_CAPTURED;
use crate::watch::Tap;

/// How long a block that is not full waits for more frames, at most twice.
const RETIRE: Duration = Duration::from_millis(80);
/// After what time a frame has come to us at the latest, unless we are behind.
pub(crate) const LATE: Duration = Duration::from_millis(180);
/// A ring is not made of fewer blocks, and a block not smaller.
const FEWEST_BLOCKS: u32 = 2;
const SMALLEST_BLOCK: u32 = 64 * 1024;
/// A ring is not made of more blocks than so many, as long as they are no larger than so: each wakes a worker.
const ENOUGH_BLOCKS: u64 = 16;
const LARGE_BLOCK: u64 = 4 * 1024 * 1024;
const LARGEST_BLOCK: u32 = 64 * 1024 * 1024;
/// A unit in which the kernel checks sizes; blocks are filled as densely as frames allow.
const FRAME_UNIT: u32 = 2048;

/// One worker's ring of one interface.
pub(crate) struct Ring {
    // Before the descriptor: unmapped first.
    area: Area,
    descriptor: OwnedFd,
    cursor: Cursor,
    link: LinkType,
    loopback: bool,
    snap_length: usize,
    /// Frames that were read, those that came twice among them.
    read: u64,
}

/// A frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RingFrame<'a> {
    pub(crate) time: Timestamp,
    pub(crate) wire_len: u32,
    pub(crate) bytes: &'a [u8],
}

/// What to do with a frame that was read.
enum Kind {
    Wanted,
    /// The loopback shows everything going out and again coming in.
    Again,
    /// What is left of it without its link header is no IP.
    NotIp,
}

/// The rings of one interface.
pub(crate) struct Rings {
    pub(crate) rings: Vec<Ring>,
    /// The interface's number: another one of the same name is another interface.
    pub(crate) index: c_int,
}

impl Rings {
    /// Opens as many rings as there are workers; `steering` spreads the frames.
    pub(crate) fn open(tap: &Tap, workers: usize, steering: &Program) -> Result<Self, LiveError> {
        let index = packet::index(&tap.interface)?;
        let mut rings = Vec::with_capacity(workers);
        let mut group = None;
        for _ in 0..workers {
            let ring = Ring::open(tap, index)?;
            if workers > 1 {
                group = Some(join(&ring, group, steering).map_err(refusal)?);
            }
            rings.push(ring);
        }
        // Nothing was let in before all were there, so that nothing was spread among fewer.
        let filter = filter(tap);
        for ring in &rings {
            attach(&ring.descriptor, &filter).map_err(refusal)?;
        }
        Ok(Self { rings, index })
    }
}

impl Ring {
    fn open(tap: &Tap, index: c_int) -> Result<Self, LiveError> {
        let (descriptor, area, hardware) = Self::bind(tap, index, libc::SOCK_RAW)?;
        let loopback = hardware == libc::ARPHRD_LOOPBACK;
        let (descriptor, area, link) = if loopback || hardware == libc::ARPHRD_ETHER {
            (descriptor, area, LinkType::Ethernet)
        } else {
            // Tunnels, PPP and whatever else there is: the kernel takes the link header off and leaves IP.
            drop(area);
            let (descriptor, area, _) = Self::bind(tap, index, libc::SOCK_DGRAM)?;
            (descriptor, area, LinkType::Raw)
        };
        if loopback {
            // Older kernels cannot; then they come here and are left out.
            let _ = set(&descriptor, libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, &1);
        } else if tap.promiscuous {
            packet::make_promiscuous(&descriptor, index).map_err(LiveError::Io)?;
        }
        let snap_length = tap.snap_length.clamp(1, MAX_CAPTURED) as usize;
        Ok(Self { area, descriptor, cursor: Cursor::default(), link, loopback, snap_length, read: 0 })
    }

    /// A ring that lets nothing in yet.
    fn bind(tap: &Tap, index: c_int, kind: c_int) -> Result<(OwnedFd, Area, u16), LiveError> {
        let descriptor = packet::socket(kind).map_err(refusal)?;
        if !packet::is_up(&descriptor, &tap.interface).map_err(LiveError::Io)? {
            return Err(LiveError::Down(tap.interface.clone()));
        }
        let (level, version) = (libc::SOL_PACKET, libc::tpacket_versions::TPACKET_V3 as c_int);
        let room = c_int::try_from(TAG).unwrap_or_default();
        set(&descriptor, level, libc::PACKET_VERSION, &version).map_err(LiveError::Io)?;
        set(&descriptor, level, libc::PACKET_RESERVE, &room).map_err(LiveError::Io)?;
        if tap.hardware_stamps {
            packet::stamp_in_hardware(&descriptor, &tap.interface)
                .map_err(|error| LiveError::NoStamps(tap.interface.clone(), error))?;
        }
        attach(&descriptor, &Program::nothing()).map_err(LiveError::Io)?;
        let request = request(tap);
        set(&descriptor, level, libc::PACKET_RX_RING, &request)
            .map_err(|error| LiveError::Ring(tap.interface.clone(), error))?;
        let area = Area::map(&descriptor, request.tp_block_size as usize, request.tp_block_nr as usize)
            .map_err(LiveError::Io)?;
        let hardware = packet::bind(&descriptor, index).map_err(refusal)?;
        Ok((descriptor, area, hardware))
    }

    /// What the frames begin with.
    pub(crate) const fn link(&self) -> LinkType {
        self.link
    }

    /// What to wait for.
    pub(crate) fn descriptor(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }

    /// The time of the next frame, if one is at hand. Blocks that were read are given back.
    pub(crate) fn head(&mut self) -> Option<Timestamp> {
        let has_frames = self.area.has_frames(&mut self.cursor);
        if has_frames { self.area.time(&self.cursor) } else { None }
    }

    /// Whether frames may soon be lost for want of room.
    pub(crate) fn is_half_full(&self) -> bool {
        self.area.is_half_full(&self.cursor)
    }

    /// Has `take` take the frames of a block that are at hand and no later than `until`; says what came.
    pub(crate) fn read(&mut self, until: Timestamp, take: impl FnOnce(&mut Frames<'_>)) -> Came {
        let start = self.cursor;
        let mut frames = self.frames(start, until, false);
        take(&mut frames);
        // What `take` left, if anything, is of no use any more.
        frames.by_ref().for_each(drop);
        let (cursor, read, came) = (frames.cursor, frames.read, frames.came);
        self.cursor = cursor;
        self.read += read;
        Came { start, ..came }
    }

    /// The frames that [`Self::read`] took last. None once [`Self::head`] was asked: their block may be the kernel's.
    pub(crate) fn again(&self, came: &Came) -> impl Iterator<Item = RingFrame<'_>> {
        let wanted = if self.cursor.is_behind(&came.start) { came.frames - came.not_ip } else { 0 };
        let frames = self.frames(came.start, Timestamp(i64::MAX), true);
        frames.take(usize::try_from(wanted).unwrap_or(usize::MAX))
    }

    fn frames(&self, cursor: Cursor, until: Timestamp, again: bool) -> Frames<'_> {
        let Self { area, link, loopback, snap_length, .. } = self;
        let (link, loopback, snap_length, came) = (*link, *loopback, *snap_length, Came::default());
        Frames { area, cursor, until, link, loopback, snap_length, again, read: 0, came }
    }

    /// What the kernel counted since the last call.
    pub(crate) fn statistics(&self) -> std::io::Result<LiveStatistics> {
        let start = libc::tpacket_stats_v3 { tp_packets: 0, tp_drops: 0, tp_freeze_q_cnt: 0 };
        let counters = option(&self.descriptor, libc::SOL_PACKET, libc::PACKET_STATISTICS, start)?;
        Ok(LiveStatistics { received: counters.tp_packets.into(), dropped: counters.tp_drops.into() })
    }

    /// Frames that were read so far.
    pub(crate) const fn frames_read(&self) -> u64 {
        self.read
    }

    /// What went wrong with the interface since the last call.
    pub(crate) fn error(&self) -> Option<std::io::Error> {
        match option(&self.descriptor, libc::SOL_SOCKET, libc::SO_ERROR, 0 as c_int) {
            Ok(0) => None,
            Ok(number) => Some(std::io::Error::from_raw_os_error(number)),
            Err(error) => Some(error),
        }
    }
}

/// The frames of a block.
pub(crate) struct Frames<'a> {
    area: &'a Area,
    cursor: Cursor,
    until: Timestamp,
    link: LinkType,
    loopback: bool,
    snap_length: usize,
    /// They are read again.
    again: bool,
    read: u64,
    came: Came,
}

impl<'a> Iterator for Frames<'a> {
    type Item = RingFrame<'a>;

    #[expect(
        clippy::inline_always,
        reason = "what is handed over through memory in other pieces is waited for"
    )]
    #[inline(always)]
    fn next(&mut self) -> Option<RingFrame<'a>> {
        loop {
            self.area.time(&self.cursor).filter(|time| *time <= self.until)?;
            let tagged = self.link == LinkType::Ethernet;
            let frame = self.area.next(&mut self.cursor, self.snap_length, tagged, self.again)?;
            self.read += 1;
            let kind = kind(&frame, self.link, self.loopback);
            if let Kind::Again = kind {
                continue;
            }
            self.came.frames += 1;
            self.came.bytes += u64::from(frame.wire_len);
            self.came.last = Some(frame.time);
            if let Kind::NotIp = kind {
                self.came.not_ip += 1;
                continue;
            }
            return Some(RingFrame { time: frame.time, wire_len: frame.wire_len, bytes: frame.bytes });
        }
    }
}

/// What came in one go.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Came {
    /// Where the first of it lies.
    start: Cursor,
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
    pub(crate) last: Option<Timestamp>,
    /// Of these, what cannot be read.
    pub(crate) not_ip: u64,
}

fn kind(frame: &area::Captured<'_>, link: LinkType, loopback: bool) -> Kind {
    let is_ip = || [libc::ETH_P_IP, libc::ETH_P_IPV6].contains(&c_int::from(frame.protocol));
    if loopback && frame.is_outgoing {
        Kind::Again
    } else if link != LinkType::Ethernet && !is_ip() {
        Kind::NotIp
    } else {
        Kind::Wanted
    }
}

/// How large the ring is to be.
fn request(tap: &Tap) -> libc::tpacket_req3 {
    let share = u32::try_from((tap.ring_bytes / ENOUGH_BLOCKS).min(LARGE_BLOCK)).unwrap_or_default();
    let block = tap.block_bytes.max(share).clamp(SMALLEST_BLOCK, LARGEST_BLOCK);
    let block = block.checked_next_power_of_two().unwrap_or(LARGEST_BLOCK);
    let blocks = u32::try_from(tap.ring_bytes / u64::from(block)).unwrap_or(u32::MAX).max(FEWEST_BLOCKS);
    libc::tpacket_req3 {
        tp_block_size: block,
        tp_block_nr: blocks,
        tp_frame_size: FRAME_UNIT,
        tp_frame_nr: (block / FRAME_UNIT).saturating_mul(blocks),
        tp_retire_blk_tov: u32::try_from(RETIRE.as_millis()).unwrap_or(20),
        tp_sizeof_priv: 0,
        tp_feature_req_word: 0,
    }
}

/// Puts a ring into a group, a new one unless one is named; says which.
fn join(ring: &Ring, group: Option<c_int>, steering: &Program) -> std::io::Result<c_int> {
    let (level, kind) = (libc::SOL_PACKET, libc::PACKET_FANOUT_CBPF);
    let outgoing = if ring.loopback { libc::PACKET_FANOUT_FLAG_IGNORE_OUTGOING } else { 0 };
    let with = |flags: u32| (((kind | outgoing | flags) << 16).cast_signed()) | group.unwrap_or(0);
    if let Some(id) = group {
        set(&ring.descriptor, level, libc::PACKET_FANOUT, &with(0))?;
        return Ok(id);
    }
    set(&ring.descriptor, level, libc::PACKET_FANOUT, &with(libc::PACKET_FANOUT_FLAG_UNIQUEID))?;
    let id: c_int = option(&ring.descriptor, level, libc::PACKET_FANOUT, 0)?;
    packet::set_program(&ring.descriptor, level, libc::PACKET_FANOUT_DATA, steering.instructions())?;
    Ok(id & 0xffff)
}

/// The tap's own filter, or one that takes all; either cuts frames to the snap length.
fn filter(tap: &Tap) -> Program {
    let snap_length = tap.snap_length.clamp(1, MAX_CAPTURED);
    let returns = |it: &Instruction| it.code == (code::RET | code::K) && it.k > 0;
    let cut =
        |it: &Instruction| if returns(it) { Instruction { k: it.k.min(snap_length), ..*it } } else { *it };
    let all = [Instruction { code: code::RET | code::K, jt: 0, jf: 0, k: snap_length }];
    let instructions = tap.filter.as_ref().map_or(&all[..], Program::instructions);
    Program::new(instructions.iter().map(cut).collect()).unwrap_or_else(|_| Program::nothing())
}

fn attach(descriptor: &OwnedFd, program: &Program) -> std::io::Result<()> {
    packet::set_program(descriptor, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, program.instructions())
}

/// Waits until one of the rings has something, or the time is over; says which have something to say of their interface.
pub(crate) fn wait(descriptors: &[RawFd], timeout: Duration) -> Vec<usize> {
    packet::poll(descriptors, timeout).unwrap_or_default()
}
