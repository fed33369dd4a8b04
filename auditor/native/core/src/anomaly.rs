//! What was refused, counted: a peer's nonsense is never an error of ours.

macro_rules! anomalies {
    ($($(#[$doc:meta])* $variant:ident = $label:literal,)+) => {
        /// A kind of traffic that could not be read as it claims to be.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Anomaly { $($(#[$doc])* $variant,)+ }

        impl Anomaly {
            /// Every kind, in the order of their counters.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The kind's name in JSON and metrics.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)+ }
            }
        }
    };
}

anomalies! {
    /// The capture kept only the frame's first bytes.
    FrameSnapped = "frame-snapped",
    /// A link type that is not decoded.
    LinkUnknown = "link-unknown",
    /// A link header that ends too early.
    LinkTruncated = "link-truncated",
    /// A packet that ends before its headers do, or a fragment that ends before its payload does.
    PacketTruncated = "packet-truncated",
    /// More than the bounded number of VLAN tags, MPLS labels, IPv6 extension headers or tunnels.
    NestingTooDeep = "nesting-too-deep",
    /// An IPv4 header that contradicts itself.
    Ipv4Malformed = "ipv4-malformed",
    /// An IPv6 header or extension header that contradicts itself.
    Ipv6Malformed = "ipv6-malformed",
    /// A tunnel header that contradicts itself.
    TunnelMalformed = "tunnel-malformed",
    /// A TCP header that contradicts itself.
    TcpMalformed = "tcp-malformed",
    /// A UDP header that contradicts itself.
    UdpMalformed = "udp-malformed",
    /// A fragment that overlaps another with other bytes, or lies outside its packet.
    FragmentConflict = "fragment-conflict",
    /// Fragments of a packet that never became whole.
    FragmentIncomplete = "fragment-incomplete",
    /// TCP bytes that were sent but not captured.
    TcpGap = "tcp-gap",
    /// TCP bytes sent twice with different content; the first were kept.
    TcpOverlapConflict = "tcp-overlap-conflict",
    /// uTP packets that were sent but not captured.
    UtpGap = "utp-gap",
    /// A uTP packet sent twice with different content; the first was kept.
    UtpOverlapConflict = "utp-overlap-conflict",
    /// More uTP connections between two sockets than are told apart.
    UtpOverfull = "utp-overfull",
    /// A peer-wire message that contradicts itself.
    MessageMalformed = "message-malformed",
    /// A datagram that looks like KRPC and is not.
    KrpcMalformed = "krpc-malformed",
    /// A KRPC datagram under a node id of the end that it is sent to: an echo, which says nothing of who sends it back.
    KrpcEchoed = "krpc-echoed",
    /// A tracker's message, or one to it, that is cut short or contradicts itself.
    TrackerMalformed = "tracker-malformed",
    /// More torrents, requests or peers at one tracker than are told apart.
    TrackerOverfull = "tracker-overfull",
    /// A HTTP message that contradicts itself, after one that did not.
    HttpMalformed = "http-malformed",
    /// More found in one HTTP connection, or more requests without an answer, than is told apart.
    HttpOverfull = "http-overfull",
    /// A WebSocket frame that contradicts itself, or a message too long to read.
    WebsocketMalformed = "websocket-malformed",
    /// A local announce that names no torrent where it says so, or contradicts itself.
    LocalAnnounceMalformed = "local-announce-malformed",
    /// More torrents, names or port mappings in one flow than are kept of it.
    TooManyNamed = "too-many-named",
    /// A frame whose time is before its predecessor's by more than a second.
    TimeBackwards = "time-backwards",
}

/// A counter for each kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomalies([u64; Anomaly::ALL.len()]);

impl Default for Anomalies {
    fn default() -> Self {
        Self([0; Anomaly::ALL.len()])
    }
}

impl Anomalies {
    /// Counts one.
    pub fn count(&mut self, anomaly: Anomaly) {
        if let Some(counter) = self.0.get_mut(anomaly as usize) {
            *counter = counter.saturating_add(1);
        }
    }

    /// Adds the counters of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// The kinds that occurred, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (Anomaly, u64)> + '_ {
        Anomaly::ALL.iter().copied().zip(self.0.iter().copied()).filter(|(_, count)| *count > 0)
    }
}
