//! Frames that came to one worker and are of use to another.
//!
//! The kernel spreads frames by what stands in plain sight. Tunnels and fragments it cannot follow, so whoever gets such a
//! frame finds out whose it is, and hands a copy on. Whoever gets it first counts it.

use std::mem;

use super::{Delivery, Frame, Options};
use crate::detect::FrameRef;
use crate::time::Timestamp;
use crate::wire::link::LinkType;

/// What a worker does with frames, other than to look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Role {
    /// It counts them and what is wrong with them.
    pub(super) counts: bool,
    /// It hands on what is another worker's.
    pub(super) hands_on: bool,
}

impl Role {
    /// Of a worker that is given frames by their source.
    pub(super) const fn first_hand(options: &Options) -> Self {
        match options.delivery {
            Delivery::ToAll => Self::of_all(options),
            Delivery::ToOne => Self { counts: true, hands_on: options.shard.1 > 1 },
        }
    }

    /// Of a worker that is given frames by another.
    pub(super) const fn second_hand() -> Self {
        Self { counts: false, hands_on: false }
    }

    /// Of a worker that is given what all are given.
    pub(super) const fn of_all(options: &Options) -> Self {
        Self { counts: options.shard.0 == 0, hands_on: false }
    }
}

/// Frames for one worker, copied one behind the other.
#[derive(Clone, Debug, Default)]
pub struct Parcel {
    bytes: Vec<u8>,
    frames: Vec<Handed>,
}

/// A frame in a parcel.
#[derive(Clone, Copy, Debug)]
pub struct Handed {
    time: Timestamp,
    link: LinkType,
    wire_len: u32,
    place: FrameRef,
    vantage: u16,
    start: usize,
    end: usize,
}

impl Handed {
    /// When it was captured.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        self.time
    }
}

impl Parcel {
    /// The frames in their order.
    #[must_use]
    pub fn frames(&self) -> &[Handed] {
        &self.frames
    }

    /// How many bytes they have.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// One of the frames as it came.
    #[must_use]
    pub fn frame(&self, handed: &Handed) -> Frame<'_> {
        Frame {
            time: handed.time,
            link: handed.link,
            wire_len: handed.wire_len,
            place: handed.place,
            vantage: handed.vantage,
            bytes: self.bytes.get(handed.start..handed.end).unwrap_or_default(),
        }
    }

    fn add(&mut self, frame: &Frame<'_>) {
        // A frame that belongs to a worker twice, as an answer of DHCP may, goes there once.
        if self.frames.last().is_some_and(|last| last.place == frame.place) {
            return;
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(frame.bytes);
        let Frame { time, link, wire_len, place, vantage, .. } = *frame;
        self.frames.push(Handed { time, link, wire_len, place, vantage, start, end: self.bytes.len() });
    }
}

/// Frames for other workers that nobody has taken yet.
#[derive(Debug)]
pub(super) struct Strays {
    own: u64,
    /// By worker; empty until there is something to hand on.
    parcels: Vec<Parcel>,
    workers: usize,
}

impl Strays {
    pub(super) fn new((own, workers): (u64, u64)) -> Self {
        Self { own, parcels: Vec::new(), workers: usize::try_from(workers).unwrap_or_default() }
    }

    pub(super) fn hand_to(&mut self, worker: u64, frame: &Frame<'_>) {
        self.parcels.resize_with(self.workers, Parcel::default);
        if let Some(parcel) = usize::try_from(worker).ok().and_then(|worker| self.parcels.get_mut(worker)) {
            parcel.add(frame);
        }
    }

    pub(super) fn hand_to_all(&mut self, frame: &Frame<'_>) {
        let own = self.own;
        for worker in (0..self.workers as u64).filter(|worker| *worker != own) {
            self.hand_to(worker, frame);
        }
    }

    pub(super) fn take(&mut self) -> impl Iterator<Item = (usize, Parcel)> + '_ {
        let parcels = self.parcels.iter_mut().enumerate();
        parcels.filter(|(_, parcel)| !parcel.is_empty()).map(|(worker, parcel)| (worker, mem::take(parcel)))
    }
}
