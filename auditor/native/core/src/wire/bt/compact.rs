//! Packed endpoints, BEP 5, 23 and 32: address and port, 4 + 2 or 16 + 2 bytes; a DHT node puts its 20-byte id
//! in front. All in network byte order.
//!
//! What has no such size is passed over, and counted: a sender's nonsense must neither hide the good entries
//! beside it nor go unnoticed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::bencode::{List, Values};

/// Bytes of an IPv4 endpoint.
pub const V4: usize = 6;
/// Bytes of an IPv6 endpoint.
pub const V6: usize = 18;
/// Bytes of a node's id.
const ID: usize = 20;

/// Reads an endpoint of 6 or 18 bytes.
#[must_use]
pub fn endpoint(packed: &[u8]) -> Option<SocketAddr> {
    let (ip, port) = packed.split_last_chunk()?;
    Some(SocketAddr::new(address(ip)?, u16::from_be_bytes(*port)))
}

/// Reads an address of 4 or 16 bytes.
#[must_use]
pub fn address(packed: &[u8]) -> Option<IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(packed) {
        return Some(Ipv4Addr::from(octets).into());
    }
    <[u8; 16]>::try_from(packed).ok().map(|octets| Ipv6Addr::from(octets).into())
}

/// The peers of a bencoded list of packed endpoints, IPv4 and IPv6 mixed: `values` of a DHT reply.
#[derive(Clone, Debug, Default)]
pub struct Peers<'a> {
    values: Option<Values<'a>>,
    malformed: usize,
}

impl<'a> Peers<'a> {
    pub(super) fn new(list: Option<List<'a>>) -> Self {
        Self { values: list.map(List::iter), malformed: 0 }
    }

    /// How many entries were passed over so far because they are no packed endpoint.
    #[must_use]
    pub const fn malformed(&self) -> usize {
        self.malformed
    }
}

impl Iterator for Peers<'_> {
    type Item = SocketAddr;

    fn next(&mut self) -> Option<SocketAddr> {
        loop {
            let value = self.values.as_mut()?.next()?;
            match value.as_bytes().and_then(endpoint) {
                Some(peer) => return Some(peer),
                None => self.malformed = self.malformed.saturating_add(1),
            }
        }
    }
}

/// The endpoints of one packed string, all of one address family: `peers` (6 bytes each) or `peers6` (18 bytes each).
#[derive(Clone, Debug)]
pub struct Endpoints<'a> {
    packed: &'a [u8],
    size: usize,
}

impl<'a> Endpoints<'a> {
    pub(super) const fn v4(packed: &'a [u8]) -> Self {
        Self { packed, size: V4 }
    }

    pub(super) const fn v6(packed: &'a [u8]) -> Self {
        Self { packed, size: V6 }
    }

    /// How many entries are cut short: one, if the string is no multiple of an entry, else none.
    #[must_use]
    pub const fn malformed(&self) -> usize {
        !self.packed.len().is_multiple_of(self.size) as usize
    }
}

impl Iterator for Endpoints<'_> {
    type Item = SocketAddr;

    fn next(&mut self) -> Option<SocketAddr> {
        let (entry, rest) = self.packed.split_at_checked(self.size)?;
        self.packed = rest;
        endpoint(entry)
    }
}

/// A DHT node as another one names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Node<'a> {
    /// The node's id, as the namer says.
    pub id: &'a [u8; 20],
    /// Where the node is.
    pub endpoint: SocketAddr,
}

/// The nodes of one packed string: `nodes` (26 bytes each) or `nodes6` (38 bytes each) of a DHT reply.
#[derive(Clone, Debug)]
pub struct Nodes<'a> {
    packed: &'a [u8],
    size: usize,
}

impl<'a> Nodes<'a> {
    pub(super) const fn v4(packed: &'a [u8]) -> Self {
        Self { packed, size: ID + V4 }
    }

    pub(super) const fn v6(packed: &'a [u8]) -> Self {
        Self { packed, size: ID + V6 }
    }

    /// How many entries are cut short: one, if the string is no multiple of an entry, else none.
    #[must_use]
    pub const fn malformed(&self) -> usize {
        !self.packed.len().is_multiple_of(self.size) as usize
    }
}

impl<'a> Iterator for Nodes<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        let (entry, rest) = self.packed.split_at_checked(self.size)?;
        let (id, packed) = entry.split_first_chunk()?;
        self.packed = rest;
        Some(Node { id, endpoint: endpoint(packed)? })
    }
}

/// The infohashes of one packed string, 20 bytes each: `samples` of a DHT reply (BEP 51).
#[derive(Clone, Debug)]
pub struct Infohashes<'a> {
    packed: &'a [u8],
}

impl<'a> Infohashes<'a> {
    pub(super) const fn new(packed: &'a [u8]) -> Self {
        Self { packed }
    }

    /// How many entries are cut short: one, if the string is no multiple of an entry, else none.
    #[must_use]
    pub const fn malformed(&self) -> usize {
        !self.packed.len().is_multiple_of(ID) as usize
    }
}

impl<'a> Iterator for Infohashes<'a> {
    type Item = &'a [u8; 20];

    fn next(&mut self) -> Option<&'a [u8; 20]> {
        let (infohash, rest) = self.packed.split_first_chunk()?;
        self.packed = rest;
        Some(infohash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::bt::bencode;

    fn peers(list: &[u8]) -> Peers<'_> {
        Peers::new(bencode::parse(list).unwrap().0.as_list())
    }

    #[test]
    fn an_endpoint_has_6_or_18_bytes() {
        assert_eq!(endpoint(b"\xc0\x00\x02\x01\x1a\xe1"), "192.0.2.1:6881".parse().ok());
        let v6 = b"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x1a\xe1";
        assert_eq!(endpoint(v6), "[2001:db8::1]:6881".parse().ok());
        for len in (0..40).filter(|len| ![V4, V6].contains(len)) {
            assert_eq!(endpoint(&[1; 40][..len]), None);
        }
    }

    #[test]
    fn an_address_has_4_or_16_bytes() {
        assert_eq!(address(b"\xc0\x00\x02\x01"), "192.0.2.1".parse().ok());
        assert_eq!(address(b"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"), "2001:db8::1".parse().ok());
        assert_eq!(address(b"\xc0\x00\x02\x01\x1a\xe1"), None);
    }

    #[test]
    fn peers_of_both_families_are_read_and_the_rest_is_counted() {
        let list =
            b"l6:\xc0\x00\x02\x01\x1a\xe15:short18:\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x1a\xe1i1elee";
        let mut peers = peers(list);
        let read: Vec<_> = peers.by_ref().map(|peer| peer.to_string()).collect();
        assert_eq!(read, ["192.0.2.1:6881", "[2001:db8::1]:6881"]);
        assert_eq!(peers.malformed(), 3);
    }

    #[test]
    fn without_a_list_there_are_no_peers() {
        assert_eq!(Peers::new(None).count(), 0);
    }

    #[test]
    fn endpoints_are_read_and_a_cut_one_is_counted() {
        let packed = b"\xc0\x00\x02\x01\x1a\xe1\xc0\x00\x02\x02\x1a\xe2\xc0";
        let read: Vec<_> = Endpoints::v4(packed).map(|peer| peer.to_string()).collect();
        assert_eq!(read, ["192.0.2.1:6881", "192.0.2.2:6882"]);
        assert_eq!((Endpoints::v4(packed).malformed(), Endpoints::v4(&packed[..12]).malformed()), (1, 0));
        assert_eq!((Endpoints::v6(packed).count(), Endpoints::v6(packed).malformed()), (0, 1));
    }

    #[test]
    fn nodes_are_read_and_a_cut_one_is_counted() {
        let packed =
            b"abcdefghij0123456789\xc0\x00\x02\x01\x1a\xe1mnopqrstuvwxyz123456\xc0\x00\x02\x02\x1a\xe2";
        let read: Vec<_> = Nodes::v4(packed).map(|node| (node.id[0], node.endpoint.to_string())).collect();
        assert_eq!(read, [(b'a', "192.0.2.1:6881".into()), (b'm', "192.0.2.2:6882".into())]);
        assert_eq!(Nodes::v4(packed).malformed(), 0);
        assert_eq!(Nodes::v4(&packed[..51]).count(), 1);
        assert_eq!(Nodes::v4(&packed[..51]).malformed(), 1);
        assert_eq!(Nodes::v6(&packed[..38]).map(|node| node.endpoint.is_ipv6()).collect::<Vec<_>>(), [true]);
    }

    #[test]
    fn infohashes_are_read_and_a_cut_one_is_counted() {
        let packed = b"abcdefghij0123456789mnopqrstuvwxyz123456";
        assert_eq!(
            Infohashes::new(packed).collect::<Vec<_>>(),
            [b"abcdefghij0123456789", b"mnopqrstuvwxyz123456"]
        );
        assert_eq!(Infohashes::new(&packed[..39]).count(), 1);
        assert_eq!(Infohashes::new(&packed[..39]).malformed(), 1);
    }
}
