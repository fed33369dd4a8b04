//! Frames off a Linux interface, simply: one packet socket, no ring, as fast as a thread can receive.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use auditor_core::wire::link::LinkType;

use crate::batch::{Batch, FrameMeta, LinkRun};
use crate::block::{Block, Pool};
use crate::capture::{CaptureError, CaptureSummary};
use crate::split::{MAX_CAPTURED, place};

#[cfg(target_os = "linux")]
mod socket;
#[cfg(not(target_os = "linux"))]
#[path = "live/absent.rs"]
mod socket;

use socket::{Received, Socket};

/// How long nothing may come before the consumer is told so.
const IDLE: Duration = Duration::from_millis(100);
/// How much is collected before it is handed on, at least the room for one frame beyond.
const BLOCK: usize = 512 * 1024;
/// Bytes of an 802.1Q tag.
const TAG: usize = 4;

/// How to capture.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// How many bytes of each frame are kept, at most 262,144.
    pub snap_length: u32,
    /// Whether to see frames for other machines, too.
    pub promiscuous: bool,
    /// The vantage point of the batches.
    pub vantage: u16,
    /// How long to capture; until stopped if none.
    pub duration: Option<Duration>,
    /// Set by anyone to end the capture within a tenth of a second.
    pub stop: Arc<AtomicBool>,
}

/// Why an interface cannot be captured.
#[derive(Debug)]
#[non_exhaustive]
pub enum LiveError {
    /// There is none of that name.
    NoInterface(String),
    /// It exists but is not up.
    Down(String),
    /// The process lacks `CAP_NET_RAW`.
    NoPermission,
    /// Its card cannot stamp frames.
    NoStamps(String, io::Error),
    /// There is no memory for a ring of the size that was asked for, or it is none.
    Ring(String, io::Error),
    /// Packet sockets are Linux's.
    Unsupported,
    /// Anything else the system said.
    Io(io::Error),
}

impl fmt::Display for LiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoInterface(name) => write!(f, "there is no interface named {name}"),
            Self::Down(name) => write!(f, "the interface {name} is down"),
            Self::NoPermission => f.write_str(
                "capturing needs CAP_NET_RAW: run as root or `setcap cap_net_raw+ep` the interpreter",
            ),
            Self::NoStamps(name, error) if error.kind() == io::ErrorKind::PermissionDenied => write!(
                f,
                "time stamps of the card of {name} need CAP_NET_ADMIN, or to be turned on: hwstamp_ctl -i {name} -r 1"
            ),
            Self::NoStamps(name, _) => {
                write!(f, "the card of {name} stamps no frames: use `timestamps: software`")
            }
            Self::Ring(name, error) => write!(f, "no ring of that size for {name}: {error}"),
            Self::Unsupported => f.write_str("capturing without Linux needs --source scapy"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LiveError {}

/// What the kernel counted for this socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiveStatistics {
    /// Frames for this socket, those it had no room for among them.
    pub received: u64,
    /// Frames it had no room for.
    pub dropped: u64,
}

/// A running capture.
pub struct Live {
    socket: Socket,
    interface: String,
    options: LiveOptions,
    deadline: Option<Instant>,
    pool: Pool,
    summary: CaptureSummary,
    statistics: LiveStatistics,
}

impl Live {
    /// Begins to capture on `interface`.
    ///
    /// # Errors
    /// Names what is missing: the interface, the permission, or Linux.
    pub fn open(interface: &str, options: LiveOptions) -> Result<Self, LiveError> {
        let options = LiveOptions { snap_length: options.snap_length.clamp(1, MAX_CAPTURED), ..options };
        let socket = Socket::open(interface, options.promiscuous)?;
        let deadline = options.duration.and_then(|duration| Instant::now().checked_add(duration));
        let summary = CaptureSummary {
            path: interface.to_owned(),
            vantage: options.vantage,
            ..CaptureSummary::default()
        };
        let (pool, statistics) = (Pool::default(), LiveStatistics::default());
        Ok(Self { socket, interface: interface.to_owned(), options, deadline, pool, summary, statistics })
    }

    /// What the frames begin with.
    #[must_use]
    pub fn link(&self) -> LinkType {
        self.socket.link()
    }

    /// Waits for frames; none once the time is over or the capture was stopped. An empty batch says that nothing
    /// came for a tenth of a second or a signal did, so that the caller can look after other things.
    ///
    /// # Errors
    /// When the interface went away.
    pub fn receive(&mut self) -> Result<Option<Batch>, LiveError> {
        let left = self.deadline.map_or(IDLE, |deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_zero() || self.options.stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let mut block = self.pool.take(BLOCK + TAG + self.options.snap_length as usize);
        if self.socket.wait(left.min(IDLE)).map_err(|error| self.refusal(error))? {
            self.collect(&mut block).map_err(|error| self.refusal(error))?;
        }
        let first = self.summary.packets + 1;
        self.summary.add(&block.frames);
        let range = 0..block.frames.len();
        let (vantage, link) = (self.options.vantage, self.link());
        Ok(Some(Batch { capture: 0, vantage, link, first, block: Arc::new(block), range }))
    }

    /// What the kernel counted so far.
    ///
    /// # Errors
    /// When the system will not say.
    pub fn statistics(&mut self) -> io::Result<LiveStatistics> {
        // Reading resets the kernel's counters.
        let LiveStatistics { received, dropped } = self.socket.statistics()?;
        self.statistics.received += received;
        self.statistics.dropped += dropped;
        Ok(self.statistics)
    }

    /// What can be said of the frames so far; a live capture has no digest.
    #[must_use]
    pub const fn summary(&self) -> &CaptureSummary {
        &self.summary
    }

    /// Notes why the capture ended before its time.
    pub(crate) fn fail(&mut self, error: &LiveError) {
        self.summary.truncated = true;
        self.summary.error = Some(CaptureError::Io(error.to_string()));
    }

    /// Ends the capture: what can be said of it, the frames that the kernel dropped included.
    #[must_use]
    pub fn finish(mut self) -> CaptureSummary {
        let dropped = self.statistics().map_or(self.statistics.dropped, |statistics| statistics.dropped);
        CaptureSummary { dropped, ..self.summary }
    }

    /// Takes what waits in the socket, until it is empty or the block full.
    fn collect(&mut self, block: &mut Block) -> io::Result<()> {
        let snap_length = self.options.snap_length;
        block.runs.push(LinkRun { from: 0, link: self.link() });
        let mut at = 0;
        while at < BLOCK {
            // Room for the tag that the kernel took out is left in front.
            let room = block.bytes.get_mut(at + TAG..at + TAG + snap_length as usize).unwrap_or_default();
            let Some(received) = self.socket.receive(room)? else { break };
            let Received { time, captured, wire_len, tag } = received;
            let frame = match tag {
                Some(tag) if captured >= 12 => {
                    put_back(block.bytes.get_mut(at..).unwrap_or_default(), tag);
                    let len = snap_length.min(place(captured + TAG));
                    FrameMeta { time, start: place(at), len, wire_len: wire_len + place(TAG) }
                }
                _ => FrameMeta { time, start: place(at + TAG), len: place(captured), wire_len },
            };
            at += TAG + captured;
            block.frames.push(frame);
        }
        Ok(())
    }

    fn refusal(&self, error: io::Error) -> LiveError {
        if error.kind() == io::ErrorKind::NetworkDown {
            LiveError::Down(self.interface.clone())
        } else {
            LiveError::Io(error)
        }
    }
}

/// Puts a tag back behind the addresses of the frame that begins [`TAG`] bytes into `bytes`.
fn put_back(bytes: &mut [u8], tag: [u8; TAG]) {
    if let Some((front, _)) = bytes.split_first_chunk_mut::<16>() {
        front.copy_within(TAG.., 0);
        if let Some(place) = front.last_chunk_mut() {
            *place = tag;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use auditor_core::time::Timestamp;
    use std::net::UdpSocket;

    fn options() -> LiveOptions {
        LiveOptions {
            snap_length: 60,
            promiscuous: false,
            vantage: 3,
            duration: Some(Duration::from_secs(5)),
            stop: Arc::default(),
        }
    }

    #[test]
    fn a_tag_goes_behind_the_addresses() {
        let mut bytes = *b"....ddddddssssssTTpayload";
        put_back(&mut bytes, [0x81, 0, 0, 10]);
        assert_eq!(&bytes, b"ddddddssssss\x81\0\0\x0aTTpayload");
    }

    #[test]
    fn an_interface_that_does_not_exist_is_named() {
        match Live::open("no-such-if0", options()) {
            Err(LiveError::NoInterface(name)) => assert_eq!(name, "no-such-if0"),
            Err(LiveError::NoPermission | LiveError::Unsupported) => {}
            other => panic!("{:?}", other.err()),
        }
    }

    #[test]
    fn frames_of_the_loopback_come_once_with_time_and_both_lengths() {
        let mut live = match Live::open("lo", options()) {
            Ok(live) => live,
            // Without the right to capture there is nothing to see; the message is tested by its type.
            Err(LiveError::NoPermission | LiveError::Unsupported | LiveError::Down(_)) => return,
            Err(error) => panic!("{error}"),
        };
        let payload = b"seen by a test of the egress auditor, cut by its snap length";
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut stamps = Vec::new();
        socket.send_to(payload, socket.local_addr().unwrap()).unwrap();
        let port = socket.local_addr().unwrap().port().to_be_bytes();
        while let Some(batch) = live.receive().unwrap() {
            assert_eq!((batch.vantage, batch.link), (3, LinkType::Ethernet));
            for frame in batch.iter().filter(|frame| frame.bytes.get(34..36) == Some(&port)) {
                assert_eq!((frame.bytes.len(), frame.wire_len), (60, 42 + 60));
                assert_eq!(&frame.bytes[42..], &payload[..18]);
                stamps.push(frame.time);
            }
            if !stamps.is_empty() && batch.frames().is_empty() {
                live.options.stop.store(true, Ordering::Relaxed);
            }
        }
        assert_eq!(stamps.len(), 1);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
        assert!(Timestamp(now.try_into().unwrap()).since(stamps[0]) < 10 * Timestamp::SECOND);
        assert!(live.summary().snapped >= 1);
        assert!(live.statistics().unwrap().received >= 1);
    }
}
