//! The memory that a ring shares with the kernel, packet(7) and `linux/if_packet.h`, `TPACKET_V3`.
//!
//! The kernel fills one block after the other. A block whose status has `TP_STATUS_USER` is ours until we write
//! `TP_STATUS_KERNEL` there. Its header says how many frames it has and where the first one is; each frame has a header
//! that says where the next one is, an address behind it, and then room and the frame. All numbers in it are the
//! kernel's; still none is believed that points out of the block.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use auditor_core::time::Timestamp;
use auditor_prefetch::prefetch;

/// Bytes of an 802.1Q tag.
pub(super) const TAG: usize = 4;
/// Where a block's header has the status, the number of frames, and the offset of the first (`tpacket_block_desc`).
const STATUS: usize = 8;
const COUNT: usize = 12;
const FIRST: usize = 16;
/// What a block's header takes.
const HEADER: usize = 48;
/// A frame's header (`tpacket3_hdr`), behind which its address stands (`sockaddr_ll`).
const FRAME_HEADER: usize = 48;
const PROTOCOL: usize = FRAME_HEADER + 2;
const DIRECTION: usize = FRAME_HEADER + 10;
const ADDRESS_END: usize = FRAME_HEADER + 20;
/// How far ahead of the frame that is read its block is fetched, and by what.
const AHEAD: usize = 4096;
const LINE: usize = 64;
/// `PACKET_OUTGOING`.
const OUTGOING: u8 = 4;

/// A mapping of blocks.
pub(super) struct Area {
    base: ptr::NonNull<u8>,
    block_bytes: usize,
    blocks: usize,
}

// SAFETY: the memory belongs to the mapping, not to a thread, and nothing in it is touched without the kernel's word.
unsafe impl Send for Area {}

/// Where reading is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cursor {
    /// The block that is read, or will be next.
    block: usize,
    /// Frames of it that are left; none: the block is still the kernel's.
    left: u32,
    /// The next frame's header.
    at: usize,
    is_ours: bool,
}

impl Cursor {
    /// Whether it is in the block of `start`, which was not given back since.
    pub(super) const fn is_behind(&self, start: &Self) -> bool {
        self.is_ours && self.block == start.block
    }
}

/// A frame where it lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Captured<'a> {
    pub(super) time: Timestamp,
    pub(super) wire_len: u32,
    pub(super) bytes: &'a [u8],
    pub(super) is_outgoing: bool,
    /// The `EtherType`, as the kernel found it.
    pub(super) protocol: u16,
}

impl Area {
    /// Maps the ring of a socket.
    pub(super) fn map(descriptor: &OwnedFd, block_bytes: usize, blocks: usize) -> io::Result<Self> {
        let length = block_bytes.checked_mul(blocks).ok_or(io::ErrorKind::InvalidInput)?;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping at a place that the kernel chooses.
        let base = unsafe {
            libc::mmap(ptr::null_mut(), length, access, libc::MAP_SHARED, descriptor.as_raw_fd(), 0)
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let base = ptr::NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { base, block_bytes, blocks })
    }

    /// Whether frames are at hand; a block that the kernel has filled is taken.
    pub(super) fn has_frames(&self, cursor: &mut Cursor) -> bool {
        while cursor.left == 0 {
            self.give_back(cursor);
            if self.status(cursor.block).load(Ordering::Acquire) & libc::TP_STATUS_USER == 0 {
                return false;
            }
            cursor.is_ours = true;
            cursor.left = self.word(cursor.block, COUNT);
            cursor.at = self.word(cursor.block, FIRST) as usize;
            if !self.is_inside(cursor.at) {
                cursor.left = 0;
            }
        }
        true
    }

    /// Gives the block back that was read to its end.
    pub(super) fn give_back(&self, cursor: &mut Cursor) {
        if cursor.is_ours && cursor.left == 0 {
            self.status(cursor.block).store(libc::TP_STATUS_KERNEL, Ordering::Release);
            *cursor = Cursor { block: (cursor.block + 1) % self.blocks, ..Cursor::default() };
        }
    }

    /// The time of the next frame at hand.
    #[inline]
    pub(super) fn time(&self, cursor: &Cursor) -> Option<Timestamp> {
        (cursor.left > 0).then(|| self.stamp(cursor.block, cursor.at))
    }

    /// The next frame of a block that is ours, with the tag that the kernel took out put back where `tagged` says that
    /// frames begin with link addresses; it is there already where the frame is read `again`. The block is not given back
    /// before [`Self::give_back`] is called, for which no frame may be borrowed any more.
    #[expect(
        clippy::inline_always,
        reason = "what is handed over through memory in other pieces is waited for"
    )]
    #[inline(always)]
    pub(super) fn next<'a>(
        &'a self,
        cursor: &mut Cursor,
        snap_length: usize,
        tagged: bool,
        again: bool,
    ) -> Option<Captured<'a>> {
        if cursor.left == 0 {
            return None;
        }
        let (block, at) = (cursor.block, cursor.at);
        let time = self.stamp(block, at);
        let step = self.word(block, at) as usize;
        let captured = self.word(block, at + 12) as usize;
        let mut wire_len = self.word(block, at + 16);
        let status = self.word(block, at + 20);
        let [start, _] = self.halves(block, at + 24);
        cursor.left -= 1;
        let next = at.saturating_add(step);
        if cursor.left > 0 && (step < ADDRESS_END || !self.is_inside(next)) {
            cursor.left = 0;
        }
        cursor.at = next;
        if !again {
            self.fetch(block, at + AHEAD, step);
        }
        let mut from = (at + usize::from(start)).min(self.block_bytes);
        // The kernel leaves room in front, as it was asked to.
        let has_room = usize::from(start) >= ADDRESS_END + TAG;
        let mut len = if has_room { captured.min(self.block_bytes - from) } else { 0 };
        if tagged && status & libc::TP_STATUS_VLAN_VALID != 0 && len >= 12 {
            let tag = u16::try_from(self.word(block, at + 32) & 0xffff).unwrap_or_default();
            let [kind, _] = self.halves(block, at + 36);
            let kind = if status & libc::TP_STATUS_VLAN_TPID_VALID != 0 { kind } else { 0x8100 };
            if !again {
                self.put_back(block, from, kind, tag);
            }
            from -= TAG;
            len += TAG;
            wire_len = wire_len.saturating_add(4);
        }
        let len = len.min(snap_length);
        // SAFETY: within the block, which is ours; nobody writes here again before the block is given back.
        let bytes = unsafe { std::slice::from_raw_parts(self.place(block, from), len) };
        // SAFETY: as above; the address lies within the block, since its frame's header does with what belongs to it.
        let is_outgoing = unsafe { self.place(block, at + DIRECTION).read() } == OUTGOING;
        let [protocol, _] = self.halves(block, at + PROTOCOL);
        Some(Captured { time, wire_len, bytes, is_outgoing, protocol: u16::from_be(protocol) })
    }

    /// Has the cache lines fetched that begin within `len` bytes from a place of the block. Another processor wrote them, and
    /// a frame says only where the next one is: to wait for each in turn takes longer than all that is done with them. So
    /// everything is fetched in order, whatever of it will be read.
    #[inline]
    fn fetch(&self, block: usize, at: usize, len: usize) {
        let until = at.saturating_add(len).min(self.block_bytes);
        for at in (at.next_multiple_of(LINE)..until).step_by(LINE) {
            // SAFETY: within the block, which is ours.
            prefetch(unsafe { &*self.place(block, at) });
        }
    }

    /// Whether at least half of all blocks wait to be read.
    pub(super) fn is_half_full(&self, cursor: &Cursor) -> bool {
        let half = (cursor.block + self.blocks / 2) % self.blocks;
        self.status(half).load(Ordering::Relaxed) & libc::TP_STATUS_USER != 0
    }

    /// Whether a frame's header and address may begin there.
    const fn is_inside(&self, at: usize) -> bool {
        at >= HEADER && at.is_multiple_of(8) && at.saturating_add(ADDRESS_END) <= self.block_bytes
    }

    fn put_back(&self, block: usize, from: usize, kind: u16, tag: u16) {
        let [k0, k1] = kind.to_be_bytes();
        let [t0, t1] = tag.to_be_bytes();
        // SAFETY: twelve bytes of the frame, and the four before it, which are room that the kernel left for this. No
        // slice of this frame was given out yet, and those of others do not reach here.
        unsafe {
            let frame = self.place(block, from);
            ptr::copy(frame, frame.sub(TAG), 12);
            ptr::copy_nonoverlapping([k0, k1, t0, t1].as_ptr(), frame.add(12 - TAG), TAG);
        }
    }

    fn stamp(&self, block: usize, at: usize) -> Timestamp {
        let (seconds, nanoseconds) = (self.word(block, at + 4), self.word(block, at + 8));
        Timestamp(i64::from(seconds) * Timestamp::SECOND + i64::from(nanoseconds))
    }

    fn status(&self, block: usize) -> &AtomicU32 {
        // SAFETY: within the mapping and aligned, since blocks are whole pages; the kernel writes it as one word.
        unsafe { AtomicU32::from_ptr(self.place(block, STATUS).cast()) }
    }

    fn word(&self, block: usize, at: usize) -> u32 {
        // SAFETY: callers stay within a block that is ours.
        unsafe { self.place(block, at).cast::<u32>().read_unaligned() }
    }

    fn halves(&self, block: usize, at: usize) -> [u16; 2] {
        // SAFETY: as above.
        unsafe { self.place(block, at).cast::<[u16; 2]>().read_unaligned() }
    }

    /// A place within a block. `at` is at most the block's size.
    fn place(&self, block: usize, at: usize) -> *mut u8 {
        debug_assert!(block < self.blocks && at <= self.block_bytes, "a place outside of the ring");
        // SAFETY: within the mapping, by what callers have checked.
        unsafe { self.base.as_ptr().add(block * self.block_bytes + at) }
    }
}

impl Drop for Area {
    fn drop(&mut self) {
        // SAFETY: our own mapping, of which nothing is borrowed any more.
        unsafe { libc::munmap(self.base.as_ptr().cast(), self.block_bytes * self.blocks) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BLOCK: usize = 4096;

    /// A ring of anonymous memory, its blocks as given.
    fn area(blocks: &[Vec<u8>]) -> Area {
        let (length, access) = (BLOCK * blocks.len(), libc::PROT_READ | libc::PROT_WRITE);
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping at a place that the kernel chooses.
        let base = unsafe { libc::mmap(ptr::null_mut(), length, access, kind, -1, 0) };
        assert_ne!(base, libc::MAP_FAILED);
        let area =
            Area { base: ptr::NonNull::new(base.cast()).unwrap(), block_bytes: BLOCK, blocks: blocks.len() };
        for (index, block) in blocks.iter().enumerate() {
            // SAFETY: within the mapping.
            unsafe { ptr::copy_nonoverlapping(block.as_ptr(), area.place(index, 0), block.len().min(BLOCK)) };
        }
        area
    }

    fn put(block: &mut [u8], at: usize, value: &[u8]) {
        block[at..at + value.len()].copy_from_slice(value);
    }

    /// A block with one frame of `bytes`, as the kernel lays it out.
    fn block(bytes: &[u8], status: u32, tag: u32, kind: u16, address: u8) -> Vec<u8> {
        let mut block = vec![0; BLOCK];
        put(&mut block, STATUS, &1_u32.to_ne_bytes());
        put(&mut block, COUNT, &1_u32.to_ne_bytes());
        put(&mut block, FIRST, &48_u32.to_ne_bytes());
        let len = u32::try_from(bytes.len()).unwrap();
        for (field, value) in [(4, 7), (8, 5), (12, len), (16, len + 100), (20, status), (32, tag)] {
            put(&mut block, 48 + field, &value.to_ne_bytes());
        }
        put(&mut block, 48 + 24, &86_u16.to_ne_bytes());
        put(&mut block, 48 + 36, &kind.to_ne_bytes());
        put(&mut block, 48 + PROTOCOL, &0x0800_u16.to_be_bytes());
        block[48 + DIRECTION] = address;
        put(&mut block, 48 + 86, bytes);
        block
    }

    #[test]
    fn a_frame_comes_with_its_time_its_lengths_and_its_tag() {
        const TAGGED: u32 = libc::TP_STATUS_VLAN_VALID | libc::TP_STATUS_VLAN_TPID_VALID;
        let frame = b"ddddddssssss\x08\x00payload";
        let area = area(&[
            block(frame, 0, 0, 0, 0),
            block(frame, TAGGED, 30, 0x88a8, OUTGOING),
            block(frame, libc::TP_STATUS_VLAN_VALID, 30, 0, 0),
        ]);
        let mut cursor = Cursor::default();
        let mut seen = Vec::new();
        while area.has_frames(&mut cursor) {
            assert_eq!(area.time(&cursor), Some(Timestamp(7 * Timestamp::SECOND + 5)));
            let mut before = cursor;
            let captured = area.next(&mut cursor, 20, true, false).unwrap();
            let again = area.next(&mut before, 20, true, true).unwrap();
            assert_eq!((again.bytes, again.wire_len), (captured.bytes, captured.wire_len));
            seen.push((captured.bytes.to_vec(), captured.wire_len, captured.is_outgoing, captured.protocol));
        }
        assert_eq!(seen[0], (b"ddddddssssss\x08\x00payloa".to_vec(), 121, false, 0x0800));
        assert_eq!(seen[1], (b"ddddddssssss\x88\xa8\x00\x1e\x08\x00pa".to_vec(), 125, true, 0x0800));
        assert_eq!(seen[2].0[12..16], [0x81, 0, 0, 30]);
        assert!(!area.has_frames(&mut cursor), "all blocks are the kernel's again");
    }

    proptest! {
        #[test]
        fn nothing_is_read_outside_of_its_block(
            words in prop::collection::vec(prop_oneof![0..200_u32, any::<u32>()], 3 * 40), count in 0..4_u32,
        ) {
            let blocks: Vec<_> = words.chunks(40).map(|words| {
                let mut block: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
                put(&mut block, STATUS, &1_u32.to_ne_bytes());
                put(&mut block, COUNT, &count.to_ne_bytes());
                put(&mut block, FIRST, &(words[0] / 8 * 8).to_ne_bytes());
                block
            }).collect();
            let area = area(&blocks);
            let mut cursor = Cursor::default();
            while area.has_frames(&mut cursor) {
                let block = cursor.block;
                let Some(captured) = area.next(&mut cursor, BLOCK, true, false) else { break };
                let begin = captured.bytes.as_ptr().addr() - area.place(block, 0).addr();
                prop_assert!(begin + captured.bytes.len() <= BLOCK);
            }
        }
    }
}
