//! Mainline DHT messages, KRPC, BEP 5: one bencoded dict a datagram.
//!
//! | key | value |
//! |---|---|
//! | `t` | transaction id, echoed in the answer |
//! | `y` | `q` query, `r` reply, `e` error |
//! | `q`, `a` | a query's method and arguments, with the asking node's `id` |
//! | `r` | a reply's values, with the answering node's `id` |
//! | `e` | an error's `[code, text]` |
//! | `v` | client and version, by custom two letters and two bytes |
//! | `ro` | 1: the sender answers no queries (BEP 43) |
//! | `ip` | the asker's endpoint as the answering node sees it (BEP 42) |
//!
//! Further arguments and values from BEP 32 (IPv6), 33 (scrape), 44 (storage) and 51 (samples).
//!
//! Keys may stand in any order. Of a repeated key the first that has the right type and size counts; an
//! optional one that never has is taken for absent. Bytes after the dict are refused: no client is known to
//! append any, and a whole datagram that parses is what tells KRPC from chance.

mod read;
mod usual;

use std::net::IpAddr;

use super::bencode::{List, Reader, Refused};
use super::compact::{Infohashes, Nodes, Peers};
use crate::error::ParseError;

/// The shortest KRPC message: an error without text, and with an empty transaction id.
const MIN_LEN: usize = b"d1:eli0e0:e1:t0:1:y1:ee".len();
/// The longest payload of a UDP datagram over IPv4.
const MAX_LEN: usize = 65_507;

/// Whether it is worth to [`Krpc::parse`] this: a dict by its first two bytes and its last, of a possible length.
/// For the many datagrams that are something else.
#[inline]
#[must_use]
pub const fn looks_like_krpc(datagram: &[u8]) -> bool {
    matches!(datagram, [b'd', b'0'..=b'9', .., b'e'])
        && MIN_LEN <= datagram.len()
        && datagram.len() <= MAX_LEN
}

/// One KRPC message. Holding one proves that the whole datagram was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Krpc<'a> {
    /// The transaction id.
    pub transaction: &'a [u8],
    /// What the sender's software calls itself: by custom two letters and two version bytes.
    pub client: Option<&'a [u8]>,
    /// The message itself.
    pub body: Body<'a>,
}

/// What a KRPC message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// A question.
    Query(Query<'a>),
    /// An answer.
    Reply(Reply<'a>),
    /// A refusal.
    Error(Refusal<'a>),
}

/// A query's method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method<'a> {
    /// Is the node there?
    Ping,
    /// Which nodes are near a target?
    FindNode,
    /// Which peers has a torrent?
    GetPeers,
    /// The asker is a peer of a torrent.
    AnnouncePeer,
    /// What is stored under a target (BEP 44)?
    Get,
    /// Store this (BEP 44).
    Put,
    /// Which infohashes does the node know (BEP 51)?
    SampleInfohashes,
    /// The asker rates a torrent (µTorrent).
    Vote,
    /// Any other, by its name on the wire.
    Other(&'a [u8]),
}

/// A query. Which arguments are there depends on the method; none is required but the id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the wire")]
pub struct Query<'a> {
    /// What is asked.
    pub method: Method<'a>,
    /// The asking node.
    pub id: &'a [u8; 20],
    /// The id or key that is looked for.
    pub target: Option<&'a [u8; 20]>,
    /// The torrent.
    pub infohash: Option<&'a [u8; 20]>,
    /// The announced TCP and uTP port.
    pub port: Option<u16>,
    /// The announced port is the datagram's source port, whatever `port` says.
    pub implied_port: bool,
    /// Proof that the asked node answered this address before.
    pub token: Option<&'a [u8]>,
    /// The announcer has the whole torrent, or says that it has not (BEP 33).
    pub seed: Option<bool>,
    /// The asker wants no seeds, being one perhaps (BEP 33).
    pub no_seeds: bool,
    /// The asker wants Bloom filters of seeds and peers (BEP 33).
    pub scrape: bool,
    /// The address families of nodes that the asker wants, if it says (BEP 32).
    pub want: Option<Want>,
    /// The asker answers no queries itself (BEP 43).
    pub read_only: bool,
}

/// Address families of nodes (BEP 32).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Want {
    /// IPv4, `n4`.
    pub v4: bool,
    /// IPv6, `n6`.
    pub v6: bool,
}

/// A reply. It does not tell the method that it answers: the query with its transaction id does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply<'a> {
    /// The answering node.
    pub id: &'a [u8; 20],
    /// What the asker must show to announce itself here.
    pub token: Option<&'a [u8]>,
    /// The asker's address as the answering node sees it: `ip` (BEP 42), or `ip` among the values (older µTorrent).
    pub external_ip: Option<IpAddr>,
    /// The asker's port as the answering node sees it: that of `ip`, or `p` among the values (libtorrent).
    pub external_port: Option<u16>,
    /// A Bloom filter of the torrent's seeds (BEP 33).
    pub seeds_filter: Option<&'a [u8; 256]>,
    /// A Bloom filter of the torrent's other peers (BEP 33).
    pub peers_filter: Option<&'a [u8; 256]>,
    values: Option<List<'a>>,
    nodes: Option<&'a [u8]>,
    nodes6: Option<&'a [u8]>,
    samples: Option<&'a [u8]>,
}

/// An error message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal<'a> {
    /// 201 generic, 202 server, 203 protocol, 204 unknown method; more in BEP 44.
    pub code: i64,
    /// For people; hostile text.
    pub text: &'a [u8],
}

impl<'a> Krpc<'a> {
    /// Reads one whole datagram.
    ///
    /// # Errors
    /// `Truncated` if the datagram is a proper prefix of a dict, as a capture's snap length leaves it.
    /// `Mismatch` if it is no bencoded dict, has bytes after it, or lacks what its `y` requires: `t` and, of a
    /// query, a method and a 20-byte id; of a reply, a 20-byte id; of an error, a list of a code and a text.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, ParseError> {
        usual::read(datagram).map_or_else(|| Self::parse_any(datagram), Ok)
    }

    /// Reads one whole datagram with its keys in any order, in one pass.
    fn parse_any(datagram: &'a [u8]) -> Result<Self, ParseError> {
        let mut top = read::Top::default();
        let mut reader = Reader::new(datagram);
        let mut taken = reader.dict(|key, reader| top.read(key, reader));
        if taken.is_ok() && !reader.rest().is_empty() {
            taken = Err(reader.mismatch("the datagram's end"));
        }
        if let Err(Refused) = taken {
            return Err(reader.error());
        }
        top.message().map_err(|expected| ParseError::Mismatch { offset: datagram.len(), expected })
    }
}

impl<'a> Method<'a> {
    /// The names of all methods as results call them, each at its method's [`Self::index`].
    pub const LABELS: [&'static str; 9] = [
        "ping",
        "find_node",
        "get_peers",
        "announce_peer",
        "get",
        "put",
        "sample_infohashes",
        "vote",
        "other",
    ];

    /// The method's place among [`Self::LABELS`].
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Ping => 0,
            Self::FindNode => 1,
            Self::GetPeers => 2,
            Self::AnnouncePeer => 3,
            Self::Get => 4,
            Self::Put => 5,
            Self::SampleInfohashes => 6,
            Self::Vote => 7,
            Self::Other(_) => 8,
        }
    }

    fn named(name: &'a [u8]) -> Self {
        match name {
            b"ping" => Self::Ping,
            b"find_node" => Self::FindNode,
            b"get_peers" => Self::GetPeers,
            b"announce_peer" => Self::AnnouncePeer,
            b"get" => Self::Get,
            b"put" => Self::Put,
            b"sample_infohashes" => Self::SampleInfohashes,
            b"vote" => Self::Vote,
            other => Self::Other(other),
        }
    }
}

impl<'a> Reply<'a> {
    /// The torrent's peers.
    #[must_use]
    pub fn peers(&self) -> Peers<'a> {
        Peers::new(self.values)
    }

    /// Nodes near the target, with IPv4 addresses.
    #[must_use]
    pub fn nodes(&self) -> Nodes<'a> {
        Nodes::v4(self.nodes.unwrap_or_default())
    }

    /// Nodes near the target, with IPv6 addresses (BEP 32).
    #[must_use]
    pub fn nodes6(&self) -> Nodes<'a> {
        Nodes::v6(self.nodes6.unwrap_or_default())
    }

    /// Infohashes that the answering node knows (BEP 51).
    #[must_use]
    pub fn samples(&self) -> Infohashes<'a> {
        Infohashes::new(self.samples.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &[u8; 20] = b"abcdefghij0123456789";
    const OTHER_ID: &[u8; 20] = b"mnopqrstuvwxyz123456";

    /// The examples of BEP 5, 32, 33, 42, 43 and 51.
    const PING: &[u8] = b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe";
    const PONG: &[u8] = b"d1:rd2:id20:mnopqrstuvwxyz123456e1:t2:aa1:y1:re";
    const FIND_NODE: &[u8] =
        b"d1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz1234564:wantl2:n42:n6ee\
        1:q9:find_node2:roi1e1:t2:aa1:y1:qe";
    const GET_PEERS: &[u8] = b"d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456\
        6:noseedi1e6:scrapei1ee1:q9:get_peers1:t2:aa1:v4:LT\x02\x011:y1:qe";
    const ANNOUNCE: &[u8] =
        b"d1:ad2:id20:abcdefghij012345678912:implied_porti1e9:info_hash20:mnopqrstuvwxyz123456\
        4:porti6881e4:seedi0e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe";
    const PEERS: &[u8] =
        b"d2:ip6:\xcb\x00\x71\x07\xc8\xd51:rd2:id20:abcdefghij01234567891:pi1e5:token8:aoeusnth\
        6:valuesl6:axje.u6:idhtnm3:badee1:t2:aa1:v4:LT\x02\x011:y1:re";
    const NODES: &[u8] = b"d1:rd2:id20:abcdefghij01234567892:ip4:\xcb\x00\x71\x075:nodes26:mnopqrstuvwxyz123456\
        \xc0\x00\x02\x01\x1a\xe16:nodes638:mnopqrstuvwxyz123456\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x1a\xe1\
        1:pi6882ee1:t1:\x001:y1:re";
    const SAMPLES: &[u8] =
        b"d1:rd2:id20:abcdefghij01234567898:intervali60e3:numi1e7:samples20:mnopqrstuvwxyz123456\
        e1:t2:aa1:y1:re";
    const ERROR: &[u8] = b"d1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee";

    fn query(datagram: &[u8]) -> Query<'_> {
        match Krpc::parse(datagram).unwrap().body {
            Body::Query(query) => query,
            other => panic!("not a query: {other:?}"),
        }
    }

    fn reply(datagram: &[u8]) -> Reply<'_> {
        match Krpc::parse(datagram).unwrap().body {
            Body::Reply(reply) => reply,
            other => panic!("not a reply: {other:?}"),
        }
    }

    #[test]
    fn a_ping_and_its_reply_name_their_senders() {
        assert_eq!(Krpc::parse(PING).unwrap().transaction, b"aa");
        assert_eq!((query(PING).method, query(PING).id), (Method::Ping, ID));
        assert_eq!((query(PING).target, query(PING).infohash, query(PING).want), (None, None, None));
        assert_eq!((reply(PONG).id, reply(PONG).token), (OTHER_ID, None));
        assert_eq!((reply(PONG).peers().count(), reply(PONG).nodes().count()), (0, 0));
    }

    #[test]
    fn the_arguments_of_queries_are_read() {
        let find_node = query(FIND_NODE);
        assert_eq!((find_node.method, find_node.target), (Method::FindNode, Some(OTHER_ID)));
        assert_eq!((find_node.want, find_node.read_only), (Some(Want { v4: true, v6: true }), true));

        let get_peers = query(GET_PEERS);
        assert_eq!((get_peers.method, get_peers.infohash), (Method::GetPeers, Some(OTHER_ID)));
        assert_eq!((get_peers.no_seeds, get_peers.scrape, get_peers.read_only), (true, true, false));
        assert_eq!(Krpc::parse(GET_PEERS).unwrap().client, Some(&b"LT\x02\x01"[..]));

        let announce = query(ANNOUNCE);
        assert_eq!((announce.method, announce.infohash), (Method::AnnouncePeer, Some(OTHER_ID)));
        assert_eq!((announce.port, announce.implied_port, announce.seed), (Some(6881), true, Some(false)));
        assert_eq!(announce.token, Some(&b"aoeusnth"[..]));
    }

    #[test]
    fn the_values_of_replies_are_read() {
        let peers = reply(PEERS);
        assert_eq!((peers.external_ip, peers.external_port), ("203.0.113.7".parse().ok(), Some(51413)));
        assert_eq!(peers.token, Some(&b"aoeusnth"[..]));
        let mut named = peers.peers();
        let endpoints: Vec<_> = named.by_ref().map(|peer| peer.to_string()).collect();
        assert_eq!(
            (endpoints, named.malformed()),
            (vec!["97.120.106.101:11893".into(), "105.100.104.116:28269".into()], 1)
        );

        let nodes = reply(NODES);
        assert_eq!((nodes.external_ip, nodes.external_port), ("203.0.113.7".parse().ok(), Some(6882)));
        let mut endpoints =
            nodes.nodes().chain(nodes.nodes6()).map(|node| (node.id, node.endpoint.to_string()));
        assert_eq!(endpoints.next(), Some((OTHER_ID, "192.0.2.1:6881".into())));
        assert_eq!(endpoints.next(), Some((OTHER_ID, "[2001:db8::1]:6881".into())));

        assert_eq!(reply(SAMPLES).samples().collect::<Vec<_>>(), [OTHER_ID]);
        assert_eq!(reply(SAMPLES).peers_filter, None);
        let filter =
            [b"d1:rd4:BFpe256:".as_slice(), &[1; 256], b"4:BFsd2:xx2:id20:", ID, b"e1:t1:a1:y1:re"].concat();
        assert_eq!((reply(&filter).peers_filter, reply(&filter).seeds_filter), (Some(&[1; 256]), None));
    }

    #[test]
    fn an_error_has_a_code_and_a_text() {
        let refusal = Refusal { code: 201, text: b"A Generic Error Ocurred" };
        assert_eq!(Krpc::parse(ERROR).unwrap().body, Body::Error(refusal));
    }

    #[test]
    fn each_method_has_its_name_as_label() {
        let names =
            ["ping", "find_node", "get_peers", "announce_peer", "get", "put", "sample_infohashes", "vote"];
        for name in names {
            assert_eq!(Method::LABELS[Method::named(name.as_bytes()).index()], name);
        }
        assert_eq!(Method::named(b"find_peer"), Method::Other(b"find_peer"));
        assert_eq!(Method::LABELS[Method::Other(b"find_peer").index()], "other");
    }

    #[test]
    fn of_a_repeated_key_the_first_fit_one_counts() {
        let twice = b"d1:ad4:port1:x4:porti1e4:porti2e2:id2:no2:id20:abcdefghij0123456789e\
            1:ad2:id20:mnopqrstuvwxyz123456e1:q4:ping1:q3:put1:t1:a1:t1:b1:y1:q1:y1:re";
        assert_eq!(Krpc::parse(twice).unwrap().transaction, b"a");
        assert_eq!((query(twice).method, query(twice).id, query(twice).port), (Method::Ping, ID, Some(1)));
    }

    #[test]
    fn an_unfit_argument_is_taken_for_absent() {
        let odd = b"d1:ad2:id20:abcdefghij01234567899:info_hash3:abc4:porti65536e5:tokeni1e4:want2:n4e\
            1:q9:get_peers2:ro1:11:t2:aa1:vi1e1:y1:qe";
        let query = query(odd);
        assert_eq!(
            (query.infohash, query.port, query.token, query.want, query.read_only),
            (None, None, None, None, false)
        );
        assert_eq!(Krpc::parse(odd).unwrap().client, None);
    }

    #[test]
    fn what_is_no_krpc_is_a_mismatch() {
        let cases: &[(&[u8], &str)] = &[
            (b"i1e", "no dict"),
            (b"de", "an empty dict"),
            (b"d8:announce3:udp4:infod6:lengthi1eee", "a torrent file"),
            (b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:y1:qe", "no transaction id"),
            (b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aae", "no kind"),
            (b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:xe", "another kind"),
            (b"d1:ad2:id20:abcdefghij0123456789e1:t2:aa1:y1:qe", "no method"),
            (b"d1:q4:ping1:t2:aa1:y1:qe", "no arguments"),
            (b"d1:ade1:q4:ping1:t2:aa1:y1:qe", "no id in the query"),
            (b"d1:ad2:id19:abcdefghij012345678e1:q4:ping1:t2:aa1:y1:qe", "a short id"),
            (b"d1:rde1:t2:aa1:y1:re", "no id in the reply"),
            (b"d1:t2:aa1:y1:re", "no values"),
            (b"d1:ele1:t2:aa1:y1:ee", "an empty error"),
            (b"d1:el1:xi201ee1:t2:aa1:y1:ee", "text before the code"),
            (b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qee", "a byte too many"),
            (b"d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe\n", "a line end"),
        ];
        for &(datagram, what) in cases {
            assert!(matches!(Krpc::parse(datagram), Err(ParseError::Mismatch { .. })), "{what}");
        }
    }

    #[test]
    fn what_clients_write_goes_the_short_way() {
        let answer = b"d2:ip6:\xcb\x00\x71\x07\xc8\xd51:rd2:id20:abcdefghij01234567895:nodes0:5:token2:xy\
            6:valuesl6:axje.uee1:t2:aa1:v4:LT011:y1:re";
        let query = b"d1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456e1:q9:get_peers1:t2:aa1:y1:qe";
        for datagram in [PING, PONG, answer, query] {
            let usual = usual::read(datagram);
            assert!(usual.is_some(), "{}", datagram.escape_ascii());
            assert_eq!(usual.ok_or(()), Krpc::parse_any(datagram).map_err(drop));
        }
        assert_eq!(usual::read(ANNOUNCE), None);
    }

    #[test]
    fn nesting_is_bounded_from_the_datagram_on() {
        let nested = |depth| {
            let value = [vec![b'l'; depth], vec![b'e'; depth]].concat();
            [b"d1:ad2:id20:abcdefghij01234567891:x", &value[..], b"e1:q4:ping1:t2:aa1:y1:qe"].concat()
        };
        assert!(Krpc::parse(&nested(30)).is_ok());
        assert_eq!(
            Krpc::parse(&nested(31)),
            Err(ParseError::Mismatch { offset: 65, expected: "less nesting" })
        );
    }

    #[test]
    fn the_first_look_lets_every_message_pass_and_little_else() {
        for datagram in [PING, PONG, FIND_NODE, GET_PEERS, ANNOUNCE, PEERS, NODES, SAMPLES, ERROR] {
            assert!(looks_like_krpc(datagram));
        }
        assert!(looks_like_krpc(b"d1:eli0e0:e1:t0:1:y1:ee"));
        let dns = b"\x41\x00\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x02de\x00\x00\x01\x00\x01";
        for datagram in
            [&b""[..], b"de", b"d1:ade", dns, &PING[..PING.len() - 1], b"data that begins and ends alike"]
        {
            assert!(!looks_like_krpc(datagram), "{}", datagram.escape_ascii());
        }
    }

    #[test]
    fn every_proper_prefix_is_truncated_and_needs_no_more_than_is_missing() {
        let shortest = b"d1:eli0e0:e1:t0:1:y1:ee";
        for datagram in [PING, PONG, FIND_NODE, GET_PEERS, ANNOUNCE, PEERS, NODES, SAMPLES, ERROR, shortest] {
            for cut in 0..datagram.len() {
                let Err(ParseError::Truncated { offset, needed }) = Krpc::parse(&datagram[..cut]) else {
                    panic!("not truncated at {cut}: {}", datagram.escape_ascii());
                };
                assert_eq!(offset, cut);
                assert!((1..=datagram.len() - cut).contains(&needed), "{needed} needed at {cut}");
            }
        }
    }

    /// Reads all that a message offers, and checks that the short way read what the long one does.
    fn read_all(datagram: &[u8]) {
        if let Some(usual) = usual::read(datagram) {
            assert_eq!(Ok(usual), Krpc::parse_any(datagram));
        }
        let Ok(krpc) = Krpc::parse(datagram) else { return };
        if let Body::Reply(reply) = krpc.body {
            let mut peers = reply.peers();
            let read = peers.by_ref().count() + peers.malformed();
            let read = read + reply.nodes().count() + reply.nodes6().count() + reply.samples().count();
            assert!(read <= datagram.len());
        }
    }

    fn messages() -> impl Strategy<Value = &'static [u8]> {
        prop::sample::select(vec![PING, PONG, FIND_NODE, GET_PEERS, ANNOUNCE, PEERS, NODES, SAMPLES, ERROR])
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            read_all(&bytes);
            read_all(&[b"d1:rd2:id20:abcdefghij0123456789", &bytes[..], b"e1:t2:aa1:y1:re"].concat());
        }

        #[test]
        fn the_short_way_reads_what_the_long_one_does(
            top in prop::collection::vec(prop::sample::select(TOP.to_vec()), 0..7),
            inner in prop::collection::vec(prop::sample::select(INNER.to_vec()), 0..5),
            end in prop::sample::select(vec![&b"e"[..], b"", b"ee"]),
        ) {
            let inner = inner.concat();
            let entries: Vec<_> = top.into_iter().map(|entry| if entry == b"*" { &inner[..] } else { entry }).collect();
            read_all(&[b"d", &entries.concat()[..], end].concat());
            for kind in [&b"1:a"[..], b"1:r"] {
                let tail = if kind == b"1:a" { &b"e1:q9:get_peers2:roi1e1:t2:aa1:v4:UT011:y1:qe"[..] } else { b"e1:t1:a1:y1:re" };
                read_all(&[b"d", kind, b"d2:id20:abcdefghij0123456789", &inner[..], tail].concat());
            }
        }

        #[test]
        fn changed_bytes_are_read_or_refused(
            message in messages(),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        ) {
            let mut bytes = message.to_vec();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            read_all(&bytes);
        }

        #[test]
        fn the_order_of_keys_does_not_matter(
            arguments in Just(ARGUMENTS.to_vec()).prop_shuffle(),
            top in Just(vec![&b"1:q13:announce_peer"[..], b"1:t2:aa", b"1:y1:q", b"1:v4:UT\x01\x02", b"2:roi1e", b"1:xd1:y1:ee", b"1:a"])
                .prop_shuffle(),
        ) {
            let arguments = arguments.concat();
            let arguments = [b"1:ad", &arguments[..], b"e"].concat();
            let entries: Vec<_> = top.into_iter().map(|entry| if entry == b"1:a" { &arguments[..] } else { entry }).collect();
            let datagram = [b"d", &entries.concat()[..], b"e"].concat();
            let krpc = Krpc::parse(&datagram).unwrap();
            prop_assert_eq!((krpc.transaction, krpc.client), (&b"aa"[..], Some(&b"UT\x01\x02"[..])));
            prop_assert_eq!(krpc.body, Body::Query(Query {
                method: Method::AnnouncePeer,
                id: ID,
                target: None,
                infohash: Some(OTHER_ID),
                port: Some(6881),
                implied_port: false,
                token: Some(b"aoeusnth"),
                seed: Some(true),
                no_seeds: false,
                scrape: false,
                want: None,
                read_only: true,
            }));
        }
    }

    /// Entries of messages, and of the dicts in them, in the order in which clients write them.
    const TOP: [&[u8]; 12] = [
        b"2:ip6:\xcb\x00\x71\x07\xc8\xd5",
        b"2:ip3:abc",
        b"1:ad2:id20:abcdefghij0123456789",
        b"1:rd2:id20:abcdefghij0123456789",
        b"*",
        b"e",
        b"1:q4:ping",
        b"2:roi1e",
        b"1:t2:aa",
        b"1:v4:UT01",
        b"1:y1:q",
        b"1:y1:r",
    ];
    const INNER: [&[u8]; 14] = [
        b"9:info_hash20:mnopqrstuvwxyz123456",
        b"6:target20:mnopqrstuvwxyz123456",
        b"5:nodes26:mnopqrstuvwxyz123456\xc0\x00\x02\x01\x1a\xe1",
        b"5:nodesle",
        b"6:nodes60:",
        b"1:pi6881e",
        b"1:pi-1e",
        b"5:token002:xy",
        b"6:valuesl6:axje.u6:idhtnme",
        b"6:valueslllllllllllllllllllllllllllllleeeeeeeeeeeeeeeeeeeeeeeeeeeee",
        b"6:valueslllllllllllllllllllllllllllllllleeeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
        b"6:valuesi1e",
        b"2:ip4:\xcb\x00\x71\x07",
        b"4:wantl2:n4e",
    ];

    const ARGUMENTS: [&[u8]; 6] = [
        b"2:id20:abcdefghij0123456789",
        b"9:info_hash20:mnopqrstuvwxyz123456",
        b"4:porti6881e",
        b"5:token8:aoeusnth",
        b"4:seedi1e",
        b"4:named2:id2:noe",
    ];
}
