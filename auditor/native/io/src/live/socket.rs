//! A packet socket without a ring, packet(7): each unsafe block is one system call or one read of what a call has
//! written.
#![allow(unsafe_code)]

use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

use auditor_core::time::Timestamp;
use auditor_core::wire::link::LinkType;
use libc::c_int;

use super::{LiveError, LiveStatistics, TAG};
use crate::packet::{self, length_of, refusal, set};

/// What the kernel may hold for us: two tenths of a second at 1 Gbit/s.
const RECEIVE_BUFFER: c_int = 32 * 1024 * 1024;

/// A frame as the kernel hands it over, its bytes in the caller's buffer.
pub(super) struct Received {
    pub(super) time: Timestamp,
    /// How many bytes of the buffer it fills.
    pub(super) captured: usize,
    pub(super) wire_len: u32,
    /// The 802.1Q tag that the kernel or the card took out.
    pub(super) tag: Option<[u8; TAG]>,
}

/// A packet socket bound to one interface.
pub(super) struct Socket {
    descriptor: OwnedFd,
    link: LinkType,
    loopback: bool,
}

impl Socket {
    pub(super) fn open(interface: &str, promiscuous: bool) -> Result<Self, LiveError> {
        let index = packet::index(interface)?;
        let (descriptor, hardware) = bind(libc::SOCK_RAW, index).map_err(refusal)?;
        let loopback = hardware == libc::ARPHRD_LOOPBACK;
        let socket = if loopback || hardware == libc::ARPHRD_ETHER {
            Self { descriptor, link: LinkType::Ethernet, loopback }
        } else {
            // Tunnels, PPP and whatever else there is: the kernel takes the link header off and leaves IP.
            let (descriptor, _) = bind(libc::SOCK_DGRAM, index).map_err(refusal)?;
            Self { descriptor, link: LinkType::Raw, loopback }
        };
        if promiscuous && !loopback {
            packet::make_promiscuous(&socket.descriptor, index).map_err(LiveError::Io)?;
        }
        Ok(socket)
    }

    pub(super) fn link(&self) -> LinkType {
        self.link
    }

    /// Whether there is something to receive; no after `timeout` or a signal.
    pub(super) fn wait(&self, timeout: Duration) -> io::Result<bool> {
        let mut poll = libc::pollfd { fd: self.descriptor.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let milliseconds = c_int::try_from(timeout.as_millis().max(1)).unwrap_or(c_int::MAX);
        // SAFETY: `poll` is one valid entry.
        match unsafe { libc::poll(&raw mut poll, 1, milliseconds) } {
            -1 => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => Ok(false),
                error => Err(error),
            },
            ready => Ok(ready > 0),
        }
    }

    /// The next frame that waits, if one does.
    pub(super) fn receive(&self, room: &mut [u8]) -> io::Result<Option<Received>> {
        loop {
            let mut sender = MaybeUninit::<libc::sockaddr_ll>::zeroed();
            let mut control = [0_u64; 32];
            let mut buffer = libc::iovec { iov_base: room.as_mut_ptr().cast(), iov_len: room.len() };
            // SAFETY: a message header of zeros is valid, and means "nothing".
            let mut message: libc::msghdr = unsafe { mem::zeroed() };
            message.msg_name = sender.as_mut_ptr().cast();
            message.msg_namelen = length_of::<libc::sockaddr_ll>();
            message.msg_iov = &raw mut buffer;
            message.msg_iovlen = 1;
            message.msg_control = control.as_mut_ptr().cast();
            message.msg_controllen = mem::size_of_val(&control) as _;
            let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
            // SAFETY: the header points to `sender`, `buffer` and `control`, with their lengths; all outlive the call.
            let received = unsafe { libc::recvmsg(self.descriptor.as_raw_fd(), &raw mut message, flags) };
            let Ok(length) = usize::try_from(received) else {
                match io::Error::last_os_error() {
                    error if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                    error if error.kind() == io::ErrorKind::Interrupted => continue,
                    error => return Err(error),
                }
            };
            // SAFETY: zeros are a valid address, whatever the call has written over them.
            let sender = unsafe { sender.assume_init() };
            // The loopback shows everything going out and again coming in.
            let again = self.loopback && sender.sll_pkttype == libc::PACKET_OUTGOING;
            let protocol = c_int::from(u16::from_be(sender.sll_protocol));
            let readable =
                self.link == LinkType::Ethernet || [libc::ETH_P_IP, libc::ETH_P_IPV6].contains(&protocol);
            if again || !readable {
                continue;
            }
            // SAFETY: the call has filled `message`, and `control` lives.
            let (time, tag) = unsafe { ancillary(&message) };
            let wire_len = u32::try_from(length).unwrap_or(u32::MAX);
            return Ok(Some(Received { time, captured: length.min(room.len()), wire_len, tag }));
        }
    }

    /// The kernel's counters since the last call.
    pub(super) fn statistics(&self) -> io::Result<LiveStatistics> {
        let counters = libc::tpacket_stats { tp_packets: 0, tp_drops: 0 };
        let counters = packet::option(&self.descriptor, libc::SOL_PACKET, libc::PACKET_STATISTICS, counters)?;
        Ok(LiveStatistics { received: counters.tp_packets.into(), dropped: counters.tp_drops.into() })
    }
}

/// A socket of that kind that receives from the interface, and the interface's hardware type (`ARPHRD_…`).
fn bind(kind: c_int, index: c_int) -> io::Result<(OwnedFd, u16)> {
    let descriptor = packet::socket(kind)?;
    set(&descriptor, libc::SOL_PACKET, libc::PACKET_AUXDATA, &1)?;
    set(&descriptor, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, &1)?;
    // The first needs CAP_NET_ADMIN, the second is capped by the system; losses are counted in any case.
    if set(&descriptor, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, &RECEIVE_BUFFER).is_err() {
        set(&descriptor, libc::SOL_SOCKET, libc::SO_RCVBUF, &RECEIVE_BUFFER)?;
    }
    let hardware = packet::bind(&descriptor, index)?;
    Ok((descriptor, hardware))
}

/// Time and tag out of a message's control data.
///
/// # Safety
/// `message` was filled by `recvmsg`, and its control buffer lives.
unsafe fn ancillary(message: &libc::msghdr) -> (Timestamp, Option<[u8; TAG]>) {
    let mut time = Timestamp::default();
    let mut tag = None;
    // SAFETY: by the caller's promise.
    let mut header = unsafe { libc::CMSG_FIRSTHDR(message) };
    while !header.is_null() {
        // SAFETY: `header` points into the control buffer, where the kernel wrote it.
        let (level, kind, data) =
            unsafe { ((*header).cmsg_level, (*header).cmsg_type, libc::CMSG_DATA(header)) };
        if (level, kind) == (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) {
            // SAFETY: data of this type is a `timespec`, perhaps unaligned.
            let stamp = unsafe { ptr::read_unaligned(data.cast::<libc::timespec>()) };
            #[allow(clippy::useless_conversion, reason = "the fields are narrower on other machines")]
            let (seconds, nanoseconds) = (i64::from(stamp.tv_sec), i64::from(stamp.tv_nsec));
            time = Timestamp(seconds.saturating_mul(Timestamp::SECOND).saturating_add(nanoseconds));
        } else if (level, kind) == (libc::SOL_PACKET, libc::PACKET_AUXDATA) {
            // SAFETY: data of this type is a `tpacket_auxdata`, perhaps unaligned.
            let auxiliary = unsafe { ptr::read_unaligned(data.cast::<libc::tpacket_auxdata>()) };
            if auxiliary.tp_status & libc::TP_STATUS_VLAN_VALID != 0 {
                let named = auxiliary.tp_status & libc::TP_STATUS_VLAN_TPID_VALID != 0;
                let [p0, p1] = if named { auxiliary.tp_vlan_tpid } else { 0x8100 }.to_be_bytes();
                let [c0, c1] = auxiliary.tp_vlan_tci.to_be_bytes();
                tag = Some([p0, p1, c0, c1]);
            }
        }
        // SAFETY: as above.
        header = unsafe { libc::CMSG_NXTHDR(message, header) };
    }
    (time, tag)
}
