//! What is said through a SOCKS proxy, version 4, 4a or 5.
//!
//! [`Unwrap`] reads both directions of a dialogue with a proxy and says where in each the inner stream begins; the reader
//! hands that stream back, for the other detectors to be asked about. It states nothing of its own: the proxy's address
//! stands in the flow's key. Log-ins do not leave the wire's views. Fooled by anyone, at no gain: what is inside proves
//! itself. Costs a comparison of each direction's first bytes. CONNECT is HTTP's, and read there.

use super::inner::{Content, Inner, MOST, Wrapper};
use super::{Observation, Probe, Stamp, StreamDetector, StreamReader};
use crate::anomaly::Anomalies;
use crate::error::ParseError;
use crate::flow::key::{End, Ends};
use crate::wire::socks::{Answered, Asked, Target};

/// No dialogue has more bytes in one direction.
const MAX_DIALOGUE: usize = 2048;

const ENDS: [End; 2] = [End::Orig, End::Resp];

/// The versions of SOCKS, by what a client's first byte is, and a proxy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Four,
    Five,
}

type Parsed<T> = Result<(T, usize), ParseError>;

/// Reads a client's whole dialogue; answers where it ends, too.
fn asked(input: &[u8]) -> (Option<Version>, Parsed<Asked>) {
    let version = input.first().map(|byte| if *byte == 4 { Version::Four } else { Version::Five });
    (version, Asked::parse(input).map(|(asked, rest)| (asked, input.len() - rest.len())))
}

/// Reads a proxy's whole dialogue; answers where it ends, too.
fn answered(input: &[u8]) -> (Option<Version>, Parsed<Answered>) {
    let version = input.first().map(|byte| if *byte == 0 { Version::Four } else { Version::Five });
    (version, Answered::parse(input).map(|(answered, rest)| (answered, input.len() - rest.len())))
}

/// How far a dialogue has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The bytes so far fit.
    NeedMore,
    /// The inner streams begin at these offsets of their directions.
    Opened {
        /// Bytes of the dialogue that the originator sent.
        orig_offset: usize,
        /// Bytes of the dialogue that the responder sent.
        resp_offset: usize,
    },
    /// The proxy refused, or it is no such dialogue.
    Refused,
}

/// Finds where the streams inside a proxy's connection begin. Which end is the client, the bytes tell.
#[derive(Debug, Default)]
pub struct Unwrap {
    /// What was said, up to the end of the dialogue.
    said: Ends<Vec<u8>>,
    offsets: Ends<Option<usize>>,
    client: Option<End>,
    version: Option<Version>,
    target: Option<Target>,
    is_refused: bool,
}

impl Unwrap {
    /// Judges the first bytes of one direction: a client's whole dialogue matches, or a proxy's that grants.
    #[must_use]
    pub fn probe(first: &[u8]) -> Probe {
        match (Asked::parse(first), Answered::parse(first)) {
            (Ok(_), _) | (_, Ok((Answered::Granted, _))) => Probe::Match,
            (Err(ParseError::Truncated { .. }), _) | (_, Err(ParseError::Truncated { .. })) => {
                Probe::NeedMore
            }
            _ => Probe::Reject,
        }
    }

    /// Takes the next bytes of one direction. Bytes of the inner stream pass by.
    pub fn read(&mut self, end: End, bytes: &[u8]) -> Progress {
        if !self.is_refused && self.offsets.at(end).is_none() {
            self.said.at_mut(end).extend_from_slice(bytes);
            self.decide();
            self.forget();
        }
        match (self.is_refused, self.offsets.orig, self.offsets.resp) {
            (true, _, _) => Progress::Refused,
            (false, Some(orig_offset), Some(resp_offset)) => Progress::Opened { orig_offset, resp_offset },
            _ => Progress::NeedMore,
        }
    }

    /// Where the inner stream of one direction begins, as soon as that is known. Neither end needs the other for it.
    #[must_use]
    pub const fn offset(&self, end: End) -> Option<usize> {
        *self.offsets.at(end)
    }

    /// Where the client wants to be connected to.
    #[must_use]
    pub const fn target(&self) -> Option<Target> {
        self.target
    }

    fn decide(&mut self) {
        if self.client.is_none() {
            self.client = self.whose();
        }
        let Some(client) = self.client else {
            let is_long = ENDS.iter().any(|end| self.said.at(*end).len() > MAX_DIALOGUE);
            self.is_refused = is_long || !ENDS.iter().any(|end| self.may_ask(*end));
            return;
        };
        let proxy = client.other();
        if self.offsets.at(client).is_none() {
            let (version, parsed) = asked(self.said.at(client));
            match parsed {
                Ok((asked, offset)) if self.is_of(version) => {
                    self.target = Some(asked.target);
                    *self.offsets.at_mut(client) = Some(offset);
                }
                Err(ParseError::Truncated { .. }) if self.is_of(version) => {}
                _ => self.is_refused = true,
            }
        }
        if self.offsets.at(proxy).is_none() {
            let (version, parsed) = answered(self.said.at(proxy));
            match parsed {
                Ok((Answered::Granted, offset)) if self.is_of(version) => {
                    *self.offsets.at_mut(proxy) = Some(offset);
                }
                Err(ParseError::Truncated { .. }) if self.is_of(version) => {}
                _ => self.is_refused = true,
            }
        }
    }

    /// Whether a direction may be of this version: the other one may have told it already.
    fn is_of(&mut self, version: Option<Version>) -> bool {
        self.version = self.version.or(version);
        version.is_none() || version == self.version
    }

    /// Log-ins are held no longer than they are needed.
    fn forget(&mut self) {
        for end in ENDS {
            if self.is_refused || self.offsets.at(end).is_some() {
                *self.said.at_mut(end) = Vec::new();
            }
        }
    }

    /// Which end is the client. A few bytes of SOCKS 5 can be either's; then the other end, or further bytes, tell.
    fn whose(&self) -> Option<End> {
        let may = ENDS.map(|end| (end, self.may_ask(end)));
        let whole = may.iter().find(|(end, may)| *may && asked(self.said.at(*end)).1.is_ok());
        match (whole, may) {
            (Some((end, _)), _) => Some(*end),
            (None, [(end, true), (_, false)] | [(_, false), (end, true)]) => Some(end),
            _ => None,
        }
    }

    /// Whether what was said leaves this end to be the client, and the other one its proxy.
    fn may_ask(&self, end: End) -> bool {
        let mismatch = |error: ParseError| !matches!(error, ParseError::Truncated { .. });
        let (version, asks) = asked(self.said.at(end));
        let (other_version, answers) = answered(self.said.at(end.other()));
        let is_one_version = version.zip(other_version).is_none_or(|(one, other)| one == other);
        is_one_version && !asks.is_err_and(mismatch) && !answers.is_err_and(mismatch)
    }
}

/// Knows a connection to a SOCKS proxy.
#[derive(Clone, Copy, Debug, Default)]
pub struct Socks;

impl StreamDetector for Socks {
    fn probe(&self, first: &[u8]) -> Probe {
        Unwrap::probe(first)
    }

    /// A proxy's dialogue of version 4 is two bytes that tell, and six that do not.
    fn needs_certainty(&self) -> bool {
        true
    }

    fn open(&self) -> Box<dyn StreamReader> {
        Box::<Reader>::default()
    }
}

#[derive(Debug, Default)]
struct Reader {
    unwrap: Unwrap,
    ends: Ends<Side>,
    /// What was not taken yet, and its size.
    inner: Vec<Inner>,
    waiting: usize,
}

/// One direction.
#[derive(Debug)]
enum Side {
    /// The dialogue is not over; its bytes are kept with their frames, since the inner stream may begin in them.
    Talking(Vec<(Stamp, Box<[u8]>)>),
    /// The inner stream has begun.
    Open,
    /// Nobody can tell any more what it is.
    Lost,
}

impl Default for Side {
    fn default() -> Self {
        Self::Talking(Vec::new())
    }
}

impl StreamReader for Reader {
    fn read(&mut self, end: End, bytes: &[u8], stamp: Stamp, _: &mut Anomalies) {
        match self.ends.at_mut(end) {
            Side::Lost => return,
            Side::Open => return self.hand_over(end, Content::Bytes(bytes.into()), stamp),
            Side::Talking(pieces) => pieces.push((stamp, bytes.into())),
        }
        if self.unwrap.read(end, bytes) == Progress::Refused {
            self.ends = Ends { orig: Side::Lost, resp: Side::Lost };
            return;
        }
        for end in ENDS {
            self.begin(end);
        }
    }

    fn skip(&mut self, end: End, missing: u64, stamp: Stamp) {
        match self.ends.at(end) {
            Side::Open => self.hand_over(end, Content::Missing(missing), stamp),
            Side::Talking(_) | Side::Lost => *self.ends.at_mut(end) = Side::Lost,
        }
    }

    fn wants(&self, end: End) -> bool {
        !matches!(self.ends.at(end), Side::Lost)
    }

    fn observations(&self) -> Vec<Observation> {
        Vec::new()
    }

    fn inner(&mut self) -> Vec<Inner> {
        self.waiting = 0;
        std::mem::take(&mut self.inner)
    }
}

impl Reader {
    /// Begins a direction's inner stream, if it is known where.
    fn begin(&mut self, end: End) {
        let Some(mut passed) = self.unwrap.offset(end) else { return };
        let Side::Talking(pieces) = self.ends.at_mut(end) else { return };
        let pieces = std::mem::take(pieces);
        *self.ends.at_mut(end) = Side::Open;
        for (stamp, bytes) in pieces {
            let here = passed.min(bytes.len());
            passed -= here;
            if let Some(bytes) = bytes.get(here..).filter(|bytes| !bytes.is_empty()) {
                self.hand_over(end, Content::Bytes(bytes.into()), stamp);
            }
        }
    }

    /// Holds a run until it is taken. If too much waits, nobody takes it.
    fn hand_over(&mut self, end: End, content: Content, stamp: Stamp) {
        self.waiting += content.size();
        if self.waiting > MOST + content.size() {
            *self.ends.at_mut(end) = Side::Lost;
            return;
        }
        self.inner.push(Inner { wrapper: Wrapper::Tunnel, end, content, stamp });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::stamp;

    const INNER: &[u8] = b"\x13BitTorrent protocol and on";

    /// What a client and its proxy say.
    const DIALOGUES: [(&[u8], &[u8]); 4] = [
        (
            b"\x05\x02\0\x02\x01\x03eve\x06sesame\x05\x01\0\x01\xc0\0\x02\x01\x1a\xe1",
            b"\x05\x02\x01\0\x05\0\0\x01\0\0\0\0\0\0",
        ),
        (b"\x05\x01\0\x05\x01\0\x03\x04host\x1a\xe1", b"\x05\0\x05\0\0\x01\0\0\0\0\0\0"),
        (b"\x05\x02\x01\0\x05\x01\0\x01\xc0\0\x02\x01\x1a\xe1", b"\x05\0\x05\0\0\x01\0\0\0\0\0\0"),
        (b"\x04\x01\x1a\xe1\xc0\0\x02\x01eve\0", b"\0\x5a\0\0\0\0\0\0"),
    ];

    /// The inner bytes of both ends.
    fn inner(pieces: &[(End, &[u8])]) -> Ends<Vec<u8>> {
        let (mut reader, mut inner) = (Socks.open(), Ends::<Vec<u8>>::default());
        for (number, (end, bytes)) in (1..).zip(pieces) {
            reader.read(*end, bytes, stamp(number), &mut Anomalies::default());
            for Inner { wrapper, end, content, .. } in reader.inner() {
                let (Wrapper::Tunnel, Content::Bytes(bytes)) = (wrapper, content) else { panic!() };
                inner.at_mut(end).extend_from_slice(&bytes);
            }
        }
        assert_eq!(reader.observations(), []);
        inner
    }

    #[test]
    fn the_inner_streams_are_found_at_every_cut_and_in_any_order() {
        for (client, proxy) in DIALOGUES {
            let (client, proxy) = ([client, INNER].concat(), [proxy, INNER].concat());
            for cut in 0..=client.len().max(proxy.len()) {
                let (one, two) = client.split_at(cut.min(client.len()));
                let (three, four) = proxy.split_at(cut.min(proxy.len()));
                for (orig, resp) in [(End::Orig, End::Resp), (End::Resp, End::Orig)] {
                    for order in [[0, 1, 2, 3], [1, 0, 2, 3], [0, 2, 1, 3], [1, 3, 0, 2]] {
                        let pieces = [(orig, one), (resp, three), (orig, two), (resp, four)];
                        let found = inner(&order.map(|place| pieces[place]));
                        assert_eq!((&found.orig[..], &found.resp[..]), (INNER, INNER), "cut at {cut}");
                    }
                }
            }
        }
    }

    #[test]
    fn one_direction_alone_is_enough() {
        for (client, proxy) in DIALOGUES {
            assert_eq!(inner(&[(End::Orig, &[client, INNER].concat())]).orig, INNER);
            assert_eq!(inner(&[(End::Resp, &[proxy, INNER].concat())]).resp, INNER);
        }
    }

    #[test]
    fn both_offsets_and_the_target_are_told_and_the_log_in_is_forgotten() {
        let [(client, proxy), ..] = DIALOGUES;
        let mut unwrap = Unwrap::default();
        assert_eq!(unwrap.read(End::Orig, &[client, b"x"].concat()), Progress::NeedMore);
        let opened = Progress::Opened { orig_offset: client.len(), resp_offset: proxy.len() };
        assert_eq!(unwrap.read(End::Resp, proxy), opened);
        assert_eq!(unwrap.target(), Some(Target::Ip("192.0.2.1:6881".parse().unwrap())));
        let sesame = "115, 101, 115, 97, 109, 101";
        assert!(!format!("{unwrap:?}").contains(sesame));
    }

    #[test]
    fn what_a_proxy_refuses_or_another_protocol_says_is_nothing() {
        let [(client, _), ..] = DIALOGUES;
        for answer in [&b"\x05\xff"[..], b"\x05\x02\x01\x01", b"\0\x5a\0\0\0\0\0\0", b"220 mail"] {
            let mut reader = Socks.open();
            for (end, bytes) in [(End::Orig, client), (End::Resp, answer), (End::Orig, INNER)] {
                reader.read(end, bytes, stamp(1), &mut Anomalies::default());
            }
            assert!(reader.inner().is_empty() && !reader.wants(End::Orig) && !reader.wants(End::Resp));
        }
    }

    #[test]
    fn a_gap_ends_a_direction_in_its_dialogue_and_passes_behind_it() {
        let [(client, proxy), ..] = DIALOGUES;
        let mut reader = Socks.open();
        reader.skip(End::Resp, 2, stamp(1));
        reader.read(End::Orig, client, stamp(2), &mut Anomalies::default());
        reader.skip(End::Orig, 7, stamp(3));
        reader.read(End::Resp, proxy, stamp(4), &mut Anomalies::default());
        let handed: Vec<_> = reader.inner().into_iter().map(|inner| (inner.end, inner.content)).collect();
        assert_eq!(handed, [(End::Orig, Content::Missing(7))]);
        assert!(!reader.wants(End::Resp) && reader.wants(End::Orig));
    }

    #[test]
    fn what_nobody_takes_does_not_pile_up() {
        let [(client, _), ..] = DIALOGUES;
        let mut reader = Socks.open();
        reader.read(End::Orig, client, stamp(1), &mut Anomalies::default());
        for _ in 0..200 {
            reader.read(End::Orig, &[0; 1024], stamp(1), &mut Anomalies::default());
        }
        assert!(!reader.wants(End::Orig));
        assert!(reader.inner().iter().map(|inner| inner.content.size()).sum::<usize>() <= MOST + 1100);
    }

    #[test]
    fn a_probe_waits_for_the_whole_dialogue_of_either() {
        for (client, proxy) in DIALOGUES {
            for whole in [client, proxy] {
                for cut in 0..whole.len() {
                    assert_eq!(Socks.probe(&whole[..cut]), Probe::NeedMore);
                }
                assert_eq!(Socks.probe(&[whole, INNER].concat()), Probe::Match);
            }
        }
        for other in [&b"GET / HTTP/1.1"[..], b"\x16\x03\x01", b"SSH-2.0", INNER, b"\0\x5b\0\0\0\0\0\0"] {
            assert_eq!(Socks.probe(other), Probe::Reject);
        }
    }
}
