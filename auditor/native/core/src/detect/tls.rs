//! `bt.tls`: a TLS client asks for a well-known name, or for an infohash.
//!
//! Sees the server name of the first hello, however records and segments cut it; nothing where it is encrypted (ECH), or
//! where the hello is longer than a direction's first bytes that are kept. Proves that the client asked for that name.
//! Several trackers share a host and a name with sites that people read, and anybody can ask for 40 hexadecimal digits,
//! so it is suspected at most. Costs a walk over each hello; no connection is kept once its name is known.

use super::names::{self, Entry, Over};
use super::{Confidence, Fact, Observation, Probe, Span, Stamp, StreamDetector, StreamReader};
use crate::anomaly::Anomalies;
use crate::error::ParseError;
use crate::flow::key::{End, Ends};
use crate::wire::bt::hex;
use crate::wire::tls::ClientHello;

/// The detector's id.
pub const TLS: &str = "bt.tls";

/// The type of a record that refuses.
const ALERT: u8 = 21;

/// Knows a hello with a listed name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tls;

impl StreamDetector for Tls {
    fn probe(&self, first: &[u8]) -> Probe {
        match ClientHello::parse(first) {
            Ok((hello, _)) if Asked::new(&hello).is_some() => Probe::Match,
            Err(ParseError::Truncated { .. }) => Probe::NeedMore,
            _ => Probe::Reject,
        }
    }

    fn open(&self) -> Box<dyn StreamReader> {
        Box::<Reader>::default()
    }
}

/// What a client asked for.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Name(&'static Entry),
    Infohash([u8; 20]),
}

impl Asked {
    fn new(hello: &ClientHello) -> Option<Self> {
        let name = hello.server_name()?;
        names::find(name).map(Self::Name).or_else(|| hex::infohash(name).map(Self::Infohash))
    }
}

#[derive(Debug, Default)]
struct Reader {
    ends: Ends<Side>,
}

#[derive(Debug, Default)]
struct Side {
    /// The hello so far, never longer than `ClientHello::parse` waits for.
    begun: Vec<u8>,
    span: Option<Span>,
    asked: Option<Asked>,
    done: bool,
    /// It said something else than a refusal.
    answers: bool,
}

impl StreamReader for Reader {
    fn read(&mut self, end: End, bytes: &[u8], stamp: Stamp, _: &mut Anomalies) {
        let side = self.ends.at_mut(end);
        let (Some(first), false) = (bytes.first(), side.done) else { return };
        side.answers |= !side.begun.is_empty() || *first != ALERT;
        side.begun.extend_from_slice(bytes);
        match &mut side.span {
            Some(span) => span.extend(stamp),
            None => side.span = Some(Span::at(stamp)),
        }
        match ClientHello::parse(&side.begun) {
            Err(ParseError::Truncated { .. }) => return,
            Ok((hello, _)) => side.asked = Asked::new(&hello),
            Err(_) => {}
        }
        side.done = true;
        side.begun = Vec::new();
    }

    fn skip(&mut self, end: End, _: u64, _: Stamp) {
        let side = self.ends.at_mut(end);
        side.done = true;
        side.begun = Vec::new();
    }

    fn wants(&self, end: End) -> bool {
        !self.ends.at(end).done
    }

    fn observations(&self) -> Vec<Observation> {
        [End::Orig, End::Resp].into_iter().filter_map(|end| self.observation(end)).collect()
    }
}

impl Reader {
    fn observation(&self, end: End) -> Option<Observation> {
        let side = self.ends.at(end);
        let answered = self.ends.at(end.other()).answers;
        let fact = match side.asked? {
            Asked::Name(Entry { name, kind, .. }) => {
                Fact::Name { name, kind: *kind, over: Over::Tls, answered }
            }
            Asked::Infohash(infohash) => Fact::SslTorrent { infohash, answered },
        };
        let (span, confidence) = (side.span.clone()?, Confidence::Suspected);
        Some(Observation { detector: TLS, confidence, end, span, count: 1, stream: 0, fact })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::names::Kind;
    use crate::detect::testing::stamp;
    use crate::wire::tls::tests::hello;

    const TRACKER: &[u8] = b"tracker.openwebtorrent.com";
    const SERVER_HELLO: &[u8] = b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03";

    fn facts(pieces: &[(End, &[u8])]) -> Vec<(End, Fact)> {
        let mut reader = Tls.open();
        for (number, (end, bytes)) in (1..).zip(pieces) {
            reader.read(*end, bytes, stamp(number), &mut Anomalies::default());
        }
        reader.observations().into_iter().map(|seen| (seen.end, seen.fact)).collect()
    }

    fn tracker(answered: bool) -> Fact {
        let name = "tracker.openwebtorrent.com";
        Fact::Name { name, kind: Kind::Tracker, over: Over::Tls, answered }
    }

    #[test]
    fn every_cut_in_two_gives_the_same_fact() {
        for record in [30, 1000] {
            let hello = hello(Some(TRACKER), record);
            for cut in 0..=hello.len() {
                let (head, tail) = hello.split_at(cut);
                let pieces = [(End::Orig, head), (End::Resp, SERVER_HELLO), (End::Orig, tail)];
                assert_eq!(facts(&pieces), [(End::Orig, tracker(true))]);
            }
        }
    }

    #[test]
    fn a_refusal_or_silence_is_no_answer() {
        let hello = hello(Some(TRACKER), 1000);
        assert_eq!(facts(&[(End::Resp, &hello)]), [(End::Resp, tracker(false))]);
        let refused = [(End::Resp, &b"\x15\x03\x03\x00\x02\x02\x70"[..]), (End::Orig, &hello)];
        assert_eq!(facts(&refused), [(End::Orig, tracker(false))]);
    }

    #[test]
    fn a_name_of_forty_hexadecimal_digits_is_a_torrent() {
        let hello = hello(Some(&[b'a'; 40]), 1000);
        let expected = Fact::SslTorrent { infohash: [0xaa; 20], answered: false };
        assert_eq!(facts(&[(End::Orig, &hello)]), [(End::Orig, expected)]);
    }

    #[test]
    fn a_probe_waits_for_the_name_and_no_longer() {
        let listed = hello(Some(TRACKER), 50);
        let (_, rest) = ClientHello::parse(&listed).unwrap();
        for cut in 0..listed.len() - rest.len() {
            assert_eq!(Tls.probe(&listed[..cut]), Probe::NeedMore);
        }
        assert_eq!(Tls.probe(&listed), Probe::Match);
        for other in
            [hello(Some(b"secret.example"), 50), hello(None, 50), b"GET".to_vec(), SERVER_HELLO.to_vec()]
        {
            assert_eq!(Tls.probe(&other), Probe::Reject);
        }
    }
}
