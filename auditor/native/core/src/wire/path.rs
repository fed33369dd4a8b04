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
pub struct Macs([u8; 12]);

impl Macs {
    /// Those of a frame that begins with them: whom it was for, who sent it.
    #[must_use]
    #[inline]
    pub const fn new(beginning: [u8; 12]) -> Self {
        Self(beginning)
    }

    /// That of the sender alone: a Linux cooked capture has no other.
    #[must_use]
    pub const fn of_sender(src: [u8; 6]) -> Self {
        let [s0, s1, s2, s3, s4, s5] = src;
        Self([0, 0, 0, 0, 0, 0, s0, s1, s2, s3, s4, s5])
    }

    /// Who sent the frame.
    #[must_use]
    #[inline]
    pub const fn src(self) -> [u8; 6] {
        let [_, _, _, _, _, _, src @ ..] = self.0;
        src
    }

    /// Whom it was for; zeros where the capture does not say.
    #[must_use]
    #[inline]
    pub const fn dst(self) -> [u8; 6] {
        let [dst @ .., _, _, _, _, _, _] = self.0;
        dst
    }
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
