//! What wrapped a packet on its way to the capture: VLAN tags, a tunnel, hardware addresses.

pub use super::vlan::Vlans;

/// Everything around the innermost IP packet that tells where it was seen.
///
/// Tags and hardware addresses found outside a tunnel belong to its carrier and are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    /// The VLAN tags, outermost first.
    pub vlans: Vlans,
    /// The innermost tunnel.
    pub tunnel: Option<Tunnel>,
    /// The addresses of the innermost Ethernet header.
    pub macs: Option<Macs>,
}

/// The hardware addresses of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Macs {
    /// Who sent the frame.
    pub src: [u8; 6],
    /// Whom it was for; zeros in a Linux cooked capture, which does not say.
    pub dst: [u8; 6],
}

/// A tunnel, told apart from others of its kind by the identifier that both directions share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tunnel {
    /// How the packet was wrapped.
    pub kind: TunnelKind,
    /// VXLAN and GENEVE network, GRE key, or ERSPAN session; 0 where there is none that both directions share.
    pub id: u32,
}

/// A way to carry IP packets or Ethernet frames in IP packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TunnelKind {
    /// IP in IP (RFC 2003, RFC 2473), of any two versions but IPv6 in IPv4.
    Ipip,
    /// IPv6 in IPv4 (RFC 4213).
    SixInFour,
    /// Generic routing encapsulation (RFC 2784, RFC 2890), with PPTP's (RFC 2637).
    Gre,
    /// Mirrored frames in GRE (draft-foschiano-erspan).
    Erspan,
    /// Ethernet in UDP (RFC 7348).
    Vxlan,
    /// Ethernet or IP in UDP (RFC 8926).
    Geneve,
    /// The user plane of mobile networks (3GPP TS 29.281).
    Gtpu,
}

impl TunnelKind {
    /// The kind's name in JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ipip => "ipip",
            Self::SixInFour => "6in4",
            Self::Gre => "gre",
            Self::Erspan => "erspan",
            Self::Vxlan => "vxlan",
            Self::Geneve => "geneve",
            Self::Gtpu => "gtpu",
        }
    }
}
