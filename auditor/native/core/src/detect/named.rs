//! Endpoints that somebody named, in clear, as taking part in a swarm. What a remote end names is its claim alone.

use crate::detect::Stamp;
use crate::flow::key::{End, Endpoint};

/// Where an endpoint was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// In talk with a tracker.
    Tracker,
    /// In the DHT.
    Dht,
    /// By another peer (BEP 11).
    Pex,
    /// On the local network (BEP 14).
    Lsd,
    /// By a peer that brings two others together (BEP 55).
    Holepunch,
    /// In a magnet link.
    Magnet,
    /// In a handshake.
    Handshake,
    /// In talk with a gateway, which tells of addresses and never of swarms.
    Gateway,
    /// By a set of pieces that is drawn from the address (BEP 6), which tells of addresses alone too.
    AllowedFast,
}

impl Source {
    /// The word in JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Tracker => "tracker",
            Self::Dht => "dht",
            Self::Pex => "pex",
            Self::Lsd => "lsd",
            Self::Holepunch => "holepunch",
            Self::Magnet => "magnet",
            Self::Handshake => "handshake",
            Self::Gateway => "gateway",
            Self::AllowedFast => "allowed-fast",
        }
    }
}

/// An endpoint named for a swarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The swarm's torrent.
    pub infohash: [u8; 20],
    /// Where.
    pub source: Source,
    /// When, and in which frame.
    pub stamp: Stamp,
    /// The end that named it.
    pub by: End,
}

/// The endpoints named in one flow that nobody has taken yet.
#[derive(Debug, Default)]
pub struct Names {
    waiting: Vec<Named>,
    dropped: u64,
}

impl Names {
    /// The most that wait of one flow. A tracker names some 200 at once, a DHT node fewer.
    pub const MOST: usize = 1024;

    /// Keeps one. Answers whether there was room: the first stay, so that nobody can push them out.
    pub fn push(&mut self, named: Named) -> bool {
        let fits = self.waiting.len() < Self::MOST;
        if fits {
            self.waiting.push(named);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
        fits
    }

    /// Takes those that wait, in their order.
    pub fn take(&mut self) -> Vec<Named> {
        std::mem::take(&mut self.waiting)
    }

    /// How many found no room so far.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_stay_and_the_rest_is_counted() {
        let mut kept = Names::default();
        for port in 0..=1024 {
            let named = Named {
                endpoint: Endpoint { ip: [0; 16], port },
                infohash: [1; 20],
                source: Source::Tracker,
                stamp: Stamp::default(),
                by: End::Resp,
            };
            assert_eq!(kept.push(named), port < 1024);
        }
        assert_eq!(kept.dropped(), 1);
        let taken = kept.take();
        assert_eq!((taken.len(), taken[0].endpoint.port), (Names::MOST, 0));
        assert_eq!(kept.take(), []);
    }
}
