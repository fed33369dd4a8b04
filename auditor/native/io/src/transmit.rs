//! Frames onto an interface, as fast as one core can: through a ring that the kernel reads where we wrote (`TPACKET_V2`),
//! past the queues.
#![allow(unsafe_code)]

use std::io;
use std::ops::ControlFlow;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use auditor_core::time::Timestamp;
use auditor_core::wire::link::LinkType;
use libc::c_int;

use crate::live::LiveError;
use crate::packet::{self, checked, refusal, set};
use crate::stream::{CaptureSource, Stream, StreamOptions};

/// Slots in the ring.
const SLOTS: usize = 4096;
/// Where a frame begins in its slot, behind the header (`tpacket2_hdr`, aligned).
const FRAME: usize = 32;
/// The header's `tp_status` and `tp_len`.
const STATUS: usize = 0;
const LENGTH: usize = 4;
/// Frames that are written before the kernel is told.
const TOGETHER: usize = 128;
/// How often whoever waits is told how far it is.
const TELL: Duration = Duration::from_millis(100);
/// Shorter pauses are waited out awake.
const NAP: Duration = Duration::from_micros(200);

/// With what pauses.
#[derive(Clone, Copy, Debug)]
pub enum Tempo {
    /// Their own, divided by this.
    Speed(f64),
    /// So many frames a second.
    Rate(f64),
    /// None.
    Max,
}

/// What was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Frames.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Frames that are longer than the interface takes, and were left out.
    pub too_long: u64,
    /// Frames that are not Ethernet's, or of which only a part was captured, and were left out.
    pub not_whole: u64,
}

/// Plays captures onto an interface, so many times. `tell` is given what was sent every tenth of a second, and may break.
///
/// # Errors
/// Without the right, without the interface, or when it goes away.
pub fn transmit<B>(
    interface: &str,
    mut sources: impl FnMut() -> Vec<CaptureSource>,
    tempo: Tempo,
    loops: u32,
    tell: impl FnMut(&Sent) -> ControlFlow<B>,
) -> Result<(Sent, Option<B>), LiveError> {
    let out = Transmitter::open(interface)?;
    let now = Instant::now();
    let mut player = Player { out, tempo, sent: Sent::default(), begun: now, told: now, offset: 0, tell };
    for _ in 0..loops.max(1) {
        let stream = Stream::open(sources(), StreamOptions { hash: false });
        if let ControlFlow::Break(reason) = player.play(stream)? {
            return Ok((player.sent, Some(reason)));
        }
    }
    player.out.flush(&mut player.sent)?;
    Ok((player.sent, None))
}

struct Player<T> {
    out: Transmitter,
    tempo: Tempo,
    sent: Sent,
    begun: Instant,
    told: Instant,
    /// What earlier loops took, in the frames' own time.
    offset: i64,
    tell: T,
}

impl<B, T: FnMut(&Sent) -> ControlFlow<B>> Player<T> {
    fn play(&mut self, stream: Stream) -> Result<ControlFlow<B>, LiveError> {
        let mut first = None;
        let mut span = 0;
        for batch in stream {
            for frame in batch.iter() {
                span = span.max(frame.time.since(*first.get_or_insert(frame.time)));
                if let Some(due) = self.due(span)
                    && let ControlFlow::Break(reason) = self.wait(due)?
                {
                    return Ok(ControlFlow::Break(reason));
                }
                if batch.link != LinkType::Ethernet || frame.bytes.len() < frame.wire_len as usize {
                    self.sent.not_whole += 1;
                } else {
                    self.out.send(frame.bytes, &mut self.sent)?;
                }
            }
            if let ControlFlow::Break(reason) = self.tell() {
                self.out.flush(&mut self.sent)?;
                return Ok(ControlFlow::Break(reason));
            }
        }
        self.offset = self.offset.saturating_add(span);
        Ok(ControlFlow::Continue(()))
    }

    /// When the next frame is due, which is so late in its capture; none if at once.
    #[expect(clippy::cast_precision_loss, reason = "a pause needs no such precision")]
    fn due(&self, since: i64) -> Option<Duration> {
        let seconds = match self.tempo {
            Tempo::Max => return None,
            Tempo::Rate(rate) => (self.sent.frames + self.out.waiting as u64) as f64 / rate,
            Tempo::Speed(speed) => {
                self.offset.saturating_add(since) as f64 / Timestamp::SECOND as f64 / speed
            }
        };
        Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }

    fn wait(&mut self, due: Duration) -> Result<ControlFlow<B>, LiveError> {
        while let Some(left) = due.checked_sub(self.begun.elapsed()) {
            self.out.flush(&mut self.sent)?;
            if let Some(nap) = left.checked_sub(NAP) {
                std::thread::sleep(nap.min(TELL));
            }
            if let ControlFlow::Break(reason) = self.tell() {
                return Ok(ControlFlow::Break(reason));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn tell(&mut self) -> ControlFlow<B> {
        if self.told.elapsed() < TELL {
            return ControlFlow::Continue(());
        }
        self.told = Instant::now();
        (self.tell)(&self.sent)
    }
}

/// A ring towards an interface.
struct Transmitter {
    base: ptr::NonNull<u8>,
    descriptor: OwnedFd,
    interface: String,
    slot: usize,
    next: usize,
    /// Frames that were written and not told of, and their bytes.
    waiting: usize,
    waiting_bytes: u64,
    longest: usize,
}

impl Transmitter {
    fn open(interface: &str) -> Result<Self, LiveError> {
        const TAG: usize = 4;
        const HEADER: usize = 14;
        let index = packet::index(interface)?;
        let descriptor = packet::socket(libc::SOCK_RAW).map_err(refusal)?;
        if !packet::is_up(&descriptor, interface).map_err(LiveError::Io)? {
            return Err(LiveError::Down(interface.to_owned()));
        }
        let mtu = packet::mtu(&descriptor, interface).map_err(LiveError::Io)?;
        let slot = (FRAME + HEADER + TAG + mtu).next_power_of_two().max(2048);
        let (level, version) = (libc::SOL_PACKET, libc::tpacket_versions::TPACKET_V2 as c_int);
        set(&descriptor, level, libc::PACKET_VERSION, &version).map_err(LiveError::Io)?;
        // What goes through a queue waits for it; and a frame that the card refuses stops no other.
        set(&descriptor, level, libc::PACKET_QDISC_BYPASS, &1).map_err(LiveError::Io)?;
        set(&descriptor, level, libc::PACKET_LOSS, &1).map_err(LiveError::Io)?;
        let size = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        let block = slot.max(1 << 16);
        let request = libc::tpacket_req {
            tp_block_size: size(block),
            tp_block_nr: size(SLOTS * slot / block),
            tp_frame_size: size(slot),
            tp_frame_nr: size(SLOTS),
        };
        set(&descriptor, level, libc::PACKET_TX_RING, &request)
            .map_err(|error| LiveError::Ring(interface.to_owned(), error))?;
        packet::bind_to_send(&descriptor, index).map_err(refusal)?;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping at a place that the kernel chooses.
        let base = unsafe {
            libc::mmap(ptr::null_mut(), SLOTS * slot, access, libc::MAP_SHARED, descriptor.as_raw_fd(), 0)
        };
        if base == libc::MAP_FAILED {
            return Err(LiveError::Io(io::Error::last_os_error()));
        }
        let base =
            ptr::NonNull::new(base.cast()).ok_or_else(|| LiveError::Io(io::ErrorKind::OutOfMemory.into()))?;
        let interface = interface.to_owned();
        let longest = HEADER + mtu;
        Ok(Self { base, descriptor, interface, slot, next: 0, waiting: 0, waiting_bytes: 0, longest })
    }

    /// Writes a frame; the kernel is told now and then.
    fn send(&mut self, frame: &[u8], sent: &mut Sent) -> Result<(), LiveError> {
        let is_tagged = matches!(frame.get(12..14), Some([0x81, 0x00] | [0x88, 0xa8]));
        if frame.len() > self.longest + if is_tagged { 4 } else { 0 } {
            sent.too_long += 1;
            return Ok(());
        }
        if self.status().load(Ordering::Acquire) != libc::TP_STATUS_AVAILABLE {
            self.flush(sent)?;
            while self.status().load(Ordering::Acquire) & libc::TP_STATUS_WRONG_FORMAT == 0
                && self.status().load(Ordering::Acquire) != libc::TP_STATUS_AVAILABLE
            {
                // Waits until what was told of is on its way.
                self.kick(0)?;
            }
        }
        let length = u32::try_from(frame.len()).unwrap_or_default();
        // SAFETY: the slot is ours until its status says otherwise; the frame fits into it, by its length.
        unsafe {
            let slot = self.place();
            slot.add(LENGTH).cast::<u32>().write_unaligned(length);
            ptr::copy_nonoverlapping(frame.as_ptr(), slot.add(FRAME), frame.len());
        }
        self.status().store(libc::TP_STATUS_SEND_REQUEST, Ordering::Release);
        self.next = (self.next + 1) % SLOTS;
        self.waiting += 1;
        self.waiting_bytes += u64::from(length);
        if self.waiting >= TOGETHER { self.flush(sent) } else { Ok(()) }
    }

    /// Has the kernel send what was written.
    fn flush(&mut self, sent: &mut Sent) -> Result<(), LiveError> {
        if self.waiting == 0 {
            return Ok(());
        }
        self.kick(libc::MSG_DONTWAIT)?;
        sent.frames += self.waiting as u64;
        sent.bytes += self.waiting_bytes;
        (self.waiting, self.waiting_bytes) = (0, 0);
        Ok(())
    }

    fn kick(&self, flags: c_int) -> Result<(), LiveError> {
        loop {
            // SAFETY: no memory is passed; what is to be sent lies in the ring.
            let status = unsafe { libc::send(self.descriptor.as_raw_fd(), ptr::null(), 0, flags) };
            match checked(if status < 0 { -1 } else { 0 }) {
                Ok(_) => return Ok(()),
                Err(error) => match error.raw_os_error() {
                    Some(libc::EINTR) => {}
                    // The interface is behind: what was written waits for the next time.
                    Some(libc::EAGAIN | libc::ENOBUFS) => {
                        std::thread::yield_now();
                        if flags & libc::MSG_DONTWAIT != 0 {
                            return Ok(());
                        }
                    }
                    Some(libc::ENETDOWN | libc::ENXIO) => {
                        return Err(LiveError::Down(self.interface.clone()));
                    }
                    _ => return Err(LiveError::Io(error)),
                },
            }
        }
    }

    fn status(&self) -> &AtomicU32 {
        // SAFETY: within the mapping and aligned; the kernel writes it as one word.
        unsafe { AtomicU32::from_ptr(self.place().add(STATUS).cast()) }
    }

    fn place(&self) -> *mut u8 {
        // SAFETY: `next` is less than the number of slots.
        unsafe { self.base.as_ptr().add(self.next * self.slot) }
    }
}

impl Drop for Transmitter {
    fn drop(&mut self) {
        // What is on its way lies in the ring.
        let _ = self.kick(0);
        // SAFETY: our own mapping, of which nothing is borrowed any more.
        unsafe { libc::munmap(self.base.as_ptr().cast(), SLOTS * self.slot) };
    }
}
