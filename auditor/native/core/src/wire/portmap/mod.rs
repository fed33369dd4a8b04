//! How a host asks its gateway to open a port, and what the gateway answers.
//!
//! `natpmp` and `pcp` are datagrams to UDP 5351; UPnP looks for a gateway by `ssdp` datagrams and then speaks `soap` to
//! it over HTTP. All of it is generic: consoles, voice and remote desktops do the same.

pub mod natpmp;
pub mod pcp;
pub mod soap;
pub mod ssdp;

/// What is let through an opened port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// Every protocol (PCP alone).
    All,
}

impl Protocol {
    /// The protocol's word in JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::All => "all",
        }
    }
}
