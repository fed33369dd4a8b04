//! What one client told one tracker, folded: an observation a torrent, however often it was announced. Behind a proxy
//! are several trackers, which are told apart by the names that the client asked for.

use super::{Confidence, Fact, Observation, Span, Stamp};
use crate::flow::key::{End, Ends};
use crate::wire::bt::tracker::Event;

/// What a client says of itself in an announce. The tracker cannot check it, and neither can we.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// Why the client announces itself.
    pub event: Event,
    /// Bytes that it got.
    pub downloaded: Option<u64>,
    /// Bytes that it gave.
    pub uploaded: Option<u64>,
    /// Bytes that it lacks.
    pub left: Option<u64>,
}

/// The claims of all announces of one torrent, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The first.
    pub first: Claim,
    /// The last.
    pub last: Claim,
    /// Whether any of them said that the download had just completed.
    pub completed: bool,
}

/// A tracker's answer to an announce: the tracker's word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrackerAnswer {
    /// Seconds until the next announce is due.
    pub interval: Option<u64>,
    /// Peers that have everything.
    pub complete: Option<u64>,
    /// Peers that lack something.
    pub incomplete: Option<u64>,
    /// How many peers it named.
    pub peers: u64,
    /// Whether it refused. Why is not kept: the text may repeat a passkey.
    pub failed: bool,
}

/// One announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announce {
    /// The torrent.
    pub infohash: [u8; 20],
    /// The client, by its own choice.
    pub peer_id: [u8; 20],
    /// Where it listens, if it says.
    pub port: Option<u16>,
    /// What it says of itself.
    pub claim: Claim,
    /// Whether something came along that may be a passkey.
    pub credentials: bool,
}

/// The announces and scrapes of one end of a flow.
#[derive(Debug, Default)]
pub struct Announces {
    torrents: Vec<Torrent>,
    /// One for each tracker.
    scrapes: Vec<Scrapes>,
}

/// The place of a torrent among those announced, or of a tracker among those asked for numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told(usize);

#[derive(Debug)]
struct Torrent {
    latest: Announce,
    claimed: Claims,
    answer: Option<TrackerAnswer>,
    host: Option<Box<str>>,
    span: Span,
    count: u64,
}

#[derive(Debug)]
struct Scrapes {
    infohashes: Vec<[u8; 20]>,
    answered: bool,
    host: Option<Box<str>>,
    span: Span,
    count: u64,
}

impl Announces {
    /// The most torrents that are told apart of those announced, and of those scraped. A seedbox has thousands, but
    /// tells them to several trackers and over hours.
    pub const MOST: usize = 256;

    /// Takes an announce to the tracker of this name in. `None`: there are too many torrents.
    pub fn announce(&mut self, announce: &Announce, host: Option<&str>, span: &Span) -> Option<Told> {
        let known = self.torrents.iter().position(|torrent| {
            torrent.latest.infohash == announce.infohash && torrent.host.as_deref() == host
        });
        let completed = announce.claim.event == Event::Completed;
        if let Some((place, torrent)) = known.and_then(|place| Some((place, self.torrents.get_mut(place)?))) {
            let credentials = announce.credentials || torrent.latest.credentials;
            torrent.latest = Announce { credentials, ..*announce };
            torrent.claimed.last = announce.claim;
            torrent.claimed.completed |= completed;
            torrent.span.merge(span);
            torrent.count += 1;
            return Some(Told(place));
        }
        if self.torrents.len() >= Self::MOST {
            return None;
        }
        self.torrents.push(Torrent {
            latest: *announce,
            claimed: Claims { first: announce.claim, last: announce.claim, completed },
            answer: None,
            host: host.map(Into::into),
            span: span.clone(),
            count: 1,
        });
        Some(Told(self.torrents.len() - 1))
    }

    /// Takes in that an announce was sent once more.
    pub fn repeat(&mut self, told: Told, stamp: Stamp) {
        if let Some(torrent) = self.torrents.get_mut(told.0) {
            torrent.span.extend(stamp);
        }
    }

    /// Takes in how the tracker answered. The last answer stays.
    pub fn answer(&mut self, told: Told, answer: TrackerAnswer) {
        if let Some(torrent) = self.torrents.get_mut(told.0) {
            torrent.answer = Some(answer);
        }
    }

    /// Takes a scrape of the tracker of this name in. Answers where, and whether there was room for all of its torrents:
    /// those of all trackers share it.
    pub fn scrape<'a>(
        &mut self,
        infohashes: impl Iterator<Item = &'a [u8; 20]>,
        host: Option<&str>,
        span: &Span,
    ) -> (Option<Told>, bool) {
        let mut room = Self::MOST.saturating_sub(self.scrapes.iter().map(|one| one.infohashes.len()).sum());
        let known = self.scrapes.iter().position(|scrapes| scrapes.host.as_deref() == host);
        if known.is_none() {
            if room == 0 {
                return (None, false);
            }
            let host = host.map(Into::into);
            let (infohashes, span) = (Vec::new(), span.clone());
            self.scrapes.push(Scrapes { infohashes, answered: false, host, span, count: 0 });
        }
        let place = known.unwrap_or(self.scrapes.len() - 1);
        let Some(scrapes) = self.scrapes.get_mut(place) else { return (None, false) };
        scrapes.span.merge(span);
        scrapes.count += 1;
        for infohash in infohashes {
            if scrapes.infohashes.contains(infohash) {
                continue;
            }
            if room == 0 {
                return (Some(Told(place)), false);
            }
            room -= 1;
            scrapes.infohashes.push(*infohash);
        }
        (Some(Told(place)), true)
    }

    /// Takes in that a scrape was answered.
    pub fn scrape_answered(&mut self, told: Told) {
        if let Some(scrapes) = self.scrapes.get_mut(told.0) {
            scrapes.answered = true;
        }
    }

    /// What the client at `end` told, in the order of first sight.
    pub fn observations(&self, detector: &'static str, end: End) -> impl Iterator<Item = Observation> {
        let observation = move |span: &Span, count, fact| Observation {
            detector,
            confidence: Confidence::Confirmed,
            end,
            stream: 0,
            span: span.clone(),
            count,
            fact,
        };
        let announces = self.torrents.iter().map(move |torrent| {
            let Announce { infohash, peer_id, port, credentials, .. } = torrent.latest;
            let (claimed, answer) = (torrent.claimed, torrent.answer);
            let host = torrent.host.clone();
            let fact = Fact::TrackerAnnounce { infohash, peer_id, port, claimed, credentials, answer, host };
            observation(&torrent.span, torrent.count, fact)
        });
        let scrapes = self.scrapes.iter().map(move |scrapes| {
            let (infohashes, host) = (scrapes.infohashes.clone(), scrapes.host.clone());
            let fact = Fact::TrackerScrape { infohashes, answered: scrapes.answered, host };
            observation(&scrapes.span, scrapes.count, fact)
        });
        announces.chain(scrapes)
    }
}

/// Suspects what an end asked for and was not given, where the beginning of its direction was not captured: a request
/// that a file or a mail quotes looks the same, and the answer to something else follows it.
#[must_use]
pub fn doubt(mut seen: Vec<Observation>, begun: Ends<bool>) -> Vec<Observation> {
    for observation in seen.iter_mut().filter(|seen| !begun.at(seen.end)) {
        if let Fact::TrackerAnnounce { answer: None, .. }
        | Fact::TrackerScrape { answered: false, .. }
        | Fact::WebSeed { bytes: 0, .. } = observation.fact
        {
            observation.confidence = Confidence::Suspected;
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span() -> Span {
        Span::at(Stamp::default())
    }

    fn announce(number: u16, event: Event, left: u64) -> Announce {
        let mut infohash = [0; 20];
        infohash[..2].copy_from_slice(&number.to_be_bytes());
        Announce {
            infohash,
            peer_id: [7; 20],
            port: Some(6881),
            claim: Claim { event, left: Some(left), ..Claim::default() },
            credentials: false,
        }
    }

    #[test]
    fn announces_of_a_torrent_fold_and_keep_the_first_and_the_last_claim() {
        let mut announces = Announces::default();
        for (event, left) in [(Event::Started, 9), (Event::Completed, 0), (Event::Stopped, 0)] {
            announces.announce(&announce(1, event, left), None, &span()).unwrap();
        }
        let found: Vec<_> = announces.observations("x", End::Orig).collect();
        let [Observation { count: 3, fact: Fact::TrackerAnnounce { claimed, .. }, .. }] = &found[..] else {
            panic!("{found:?}")
        };
        assert_eq!((claimed.first.event, claimed.first.left), (Event::Started, Some(9)));
        assert_eq!((claimed.last.event, claimed.last.left), (Event::Stopped, Some(0)));
        assert!(claimed.completed);
    }

    #[test]
    fn trackers_behind_a_proxy_are_told_apart_by_their_names() {
        let mut announces = Announces::default();
        let hosts = [Some("a.example"), Some("b.example"), None];
        for host in hosts.into_iter().cycle().take(6) {
            announces.announce(&announce(1, Event::Regular, 1), host, &span()).unwrap();
            assert!(announces.scrape([[1; 20]].iter(), host, &span()).1);
        }
        let found: Vec<_> = announces.observations("x", End::Orig).collect();
        let named: Vec<_> = found
            .iter()
            .map(|seen| match &seen.fact {
                Fact::TrackerAnnounce { host, .. } | Fact::TrackerScrape { host, .. } => host.as_deref(),
                _ => panic!("{seen:?}"),
            })
            .collect();
        assert_eq!(named, [hosts, hosts].concat());
        assert!(found.iter().all(|seen| seen.count == 2));
    }

    #[test]
    fn torrents_beyond_the_cap_are_refused_and_known_ones_go_on() {
        let mut announces = Announces::default();
        for number in 0..256 {
            assert!(announces.announce(&announce(number, Event::Regular, 1), None, &span()).is_some());
        }
        assert!(announces.announce(&announce(256, Event::Regular, 1), None, &span()).is_none());
        assert!(announces.announce(&announce(0, Event::Regular, 1), None, &span()).is_some());
        assert_eq!(announces.observations("x", End::Orig).count(), Announces::MOST);
    }

    #[test]
    fn what_may_be_quoted_is_suspected_until_it_is_answered() {
        let mut announces = Announces::default();
        let [answered, _] = [1, 2].map(|number| {
            let told = announces.announce(&announce(number, Event::Started, 1), None, &span());
            told.unwrap()
        });
        announces.answer(answered, TrackerAnswer::default());
        let grades = |begun| {
            let seen = doubt(announces.observations("x", End::Orig).collect(), begun);
            seen.iter().map(|seen| seen.confidence).collect::<Vec<_>>()
        };
        assert_eq!(grades(Ends { orig: true, resp: false }), [Confidence::Confirmed; 2]);
        assert_eq!(grades(Ends::default()), [Confidence::Confirmed, Confidence::Suspected]);
    }

    #[test]
    fn scrapes_fold_into_one_and_are_capped() {
        let mut announces = Announces::default();
        let infohashes: Vec<_> =
            (0..300).map(|number| announce(number, Event::Regular, 0).infohash).collect();
        let (told, fits) = announces.scrape(infohashes.iter().take(2), None, &span());
        assert!(fits);
        assert!(!announces.scrape(infohashes.iter(), None, &span()).1);
        assert_eq!(announces.scrape(infohashes.iter(), Some("tracker.example"), &span()), (None, false));
        announces.scrape_answered(told.unwrap());
        let found: Vec<_> = announces.observations("x", End::Orig).collect();
        let [
            Observation {
                count: 2,
                fact: Fact::TrackerScrape { infohashes, answered: true, host: None },
                ..
            },
        ] = &found[..]
        else {
            panic!("{found:?}")
        };
        assert_eq!(infohashes.len(), Announces::MOST);
    }
}
