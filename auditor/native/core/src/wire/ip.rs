//! What every link and tunnel leads to: an IP packet of either version.

use super::{ipv4, ipv6};
use crate::anomaly::Anomaly;

/// Protocol numbers that are followed (IANA "Protocol Numbers").
pub(super) mod protocol {
    pub(crate) const HOP_BY_HOP: u8 = 0;
    pub(crate) const IPV4: u8 = 4;
    pub(crate) const TCP: u8 = 6;
    pub(crate) const UDP: u8 = 17;
    pub(crate) const IPV6: u8 = 41;
    pub(crate) const ROUTING: u8 = 43;
    pub(crate) const FRAGMENT: u8 = 44;
    pub(crate) const GRE: u8 = 47;
    pub(crate) const AUTHENTICATION: u8 = 51;
    pub(crate) const ICMPV6: u8 = 58;
    pub(crate) const DESTINATION_OPTIONS: u8 = 60;
    pub(crate) const MOBILITY: u8 = 135;
}

/// Why a frame gives no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// It is ordinary and carries no IP: LLDP, spanning tree, PPP's negotiation.
    NotIp,
    /// It contradicts itself, or ends too early.
    Refused(Anomaly),
}

impl From<Anomaly> for Stop {
    fn from(anomaly: Anomaly) -> Self {
        Self::Refused(anomaly)
    }
}

/// What a link carries: the bytes of an IP packet, from its header on, or of what finds the way for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Network<'a> {
    Ipv4(&'a [u8]),
    Ipv6(&'a [u8]),
    Arp(&'a [u8]),
}

impl<'a> Network<'a> {
    /// Takes the version from the packet itself, where nothing else announces it.
    pub(super) fn by_version(packet: &'a [u8]) -> Result<Self, Stop> {
        match packet.first().ok_or(Anomaly::LinkTruncated)? >> 4 {
            4 => Ok(Self::Ipv4(packet)),
            6 => Ok(Self::Ipv6(packet)),
            _ => Err(Stop::NotIp),
        }
    }

    /// Reads the header, or the headers.
    #[inline]
    pub(super) fn parse(self) -> Result<Ip<'a>, Stop> {
        match self {
            Self::Ipv4(packet) => Ok(ipv4::parse(packet)?),
            Self::Ipv6(packet) => Ok(ipv6::parse(packet)?),
            Self::Arp(_) => Err(Stop::NotIp),
        }
    }
}

/// An IP packet: its header's fields and its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ip<'a> {
    /// IPv4 addresses are v4-mapped.
    pub(super) src: [u8; 16],
    pub(super) dst: [u8; 16],
    pub(super) hop_limit: u8,
    /// Of IPv4, or of an IPv6 fragment header; otherwise 0.
    pub(super) identification: u32,
    pub(super) is_ipv6: bool,
    /// What the payload is.
    pub(super) protocol: u8,
    /// Which part of a fragmented payload this is; `None` where it is the whole one.
    pub(super) part: Option<Part>,
    pub(super) body: Body<'a>,
}

/// Where a fragment's bytes belong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) offset: u32,
    pub(super) more: bool,
}

impl Part {
    /// Checks a fragment's place: what more follows must begin at a multiple of eight bytes (RFC 791, 3.2).
    pub(super) fn check(self, body: Body<'_>, malformed: Anomaly) -> Result<(), Anomaly> {
        if self.more && !body.wire_len.is_multiple_of(8) {
            return Err(malformed);
        }
        // Half a fragment helps nobody: its bytes would be missing in the middle of the packet.
        if body.is_cut() { Err(Anomaly::PacketTruncated) } else { Ok(()) }
    }
}

/// The payload of an IP packet: what was captured of it, and how long it was on the wire.
///
/// `captured` is never longer than `wire_len`; it is shorter where a snap length cut the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Body<'a> {
    pub(super) captured: &'a [u8],
    pub(super) wire_len: u32,
}

impl<'a> Body<'a> {
    /// A payload that is all there.
    pub(super) fn whole(captured: &'a [u8]) -> Self {
        Self { captured, wire_len: u32::try_from(captured.len()).unwrap_or(u32::MAX) }
    }

    /// The first `wire_len` bytes of `bytes`, or as many as there are: what follows is the link's padding.
    #[inline]
    pub(super) fn of(bytes: &'a [u8], wire_len: u16) -> Self {
        Self { captured: bytes.get(..usize::from(wire_len)).unwrap_or(bytes), wire_len: u32::from(wire_len) }
    }

    /// Whether a snap length took its end.
    #[inline]
    pub(super) fn is_cut(self) -> bool {
        self.captured.len() < self.wire_len as usize
    }

    /// The first `N` bytes and what follows. A header that was longer on the wire than the payload is
    /// `malformed`; one that was not captured whole is truncated.
    #[inline]
    pub(super) fn header<const N: usize>(self, malformed: Anomaly) -> Result<(&'a [u8; N], Self), Anomaly> {
        let wire_len = (self.wire_len as usize).checked_sub(N).ok_or(malformed)?;
        let (header, captured) = self.captured.split_first_chunk().ok_or(Anomaly::PacketTruncated)?;
        Ok((header, Self { captured, wire_len: u32::try_from(wire_len).unwrap_or(u32::MAX) }))
    }

    /// What follows the first `len` bytes, with the same distinction.
    pub(super) fn skip(self, len: usize, malformed: Anomaly) -> Result<Self, Anomaly> {
        let wire_len = (self.wire_len as usize).checked_sub(len).ok_or(malformed)?;
        let captured = self.captured.get(len..).ok_or(Anomaly::PacketTruncated)?;
        Ok(Self { captured, wire_len: u32::try_from(wire_len).unwrap_or(u32::MAX) })
    }
}
