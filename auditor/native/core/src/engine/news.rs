//! What an engine that goes on hands over before its flows are over.
//!
//! A flow or an activity is marked where it is looked at anyway, and only marked ones are asked what they show. Those that
//! show something new are handed over at once, those of which only amounts grew a little later.

use std::mem;

use super::{Engine, FlowReport, Report};
use crate::detect::dht::activity::Activity;
use crate::flow::handed::{AMOUNTS, Handed, Shown, patience};
use crate::flow::key::Transport;
use crate::flow::slab::Place;
use crate::time::Timestamp;

/// What an engine saw since it was last asked, open flows and activities among it.
#[derive(Clone, Debug, Default)]
pub struct News {
    /// Flows that show more than when they were last handed over, or are over.
    pub flows: Vec<Numbered<FlowReport>>,
    /// DHT activities that show more, or are over.
    pub activities: Vec<Numbered<Activity>>,
    /// Flows that were handed over and show nothing after all: what was read in them was something else.
    pub withdrawn: Vec<u64>,
    /// All else; its flows and activities are empty.
    pub rest: Report,
}

/// Something that is handed over each time it changes, whole, under one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered<T> {
    /// The same each time, and no other's within what hands it over.
    pub number: u64,
    /// It will not change any more.
    pub is_over: bool,
    /// As it is known now.
    pub what: T,
}

/// The shortest time between two hand-overs of a flow that says nothing by itself: nobody is shown its amounts before
/// something else makes it tell.
const SILENT: i64 = 60 * Timestamp::SECOND;

/// How long ended flows may stay in the table of an engine that goes on before a sweep looks for them.
const SWEEP: i64 = 30 * Timestamp::SECOND;

/// What has changed since the engine was last asked.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Whether anybody will ask.
    is_on: bool,
    /// Flows that are marked, by place; some may have ended, and others taken their places.
    flows: Vec<Place>,
    /// Flows that may have new proofs, likewise.
    pub(super) uncited: Vec<Place>,
    /// Frames that became proofs and were not taken.
    pub(super) unkept: u64,
    /// Numbers of flows that show nothing after all.
    withdrawn: Vec<u64>,
    /// Of the flows among the reports, in their order.
    numbers: Vec<u64>,
    /// How many open flows were handed over.
    open: usize,
    last: u64,
    swept: Timestamp,
}

impl Marks {
    pub(super) fn new(is_on: bool) -> Self {
        Self { is_on, swept: Timestamp(i64::MIN), ..Self::default() }
    }

    /// Marks the flow at a place.
    #[inline]
    pub(super) fn mark(&mut self, place: Place, handed: &mut Handed) {
        if self.is_on {
            if handed.mark() {
                self.flows.push(place);
            }
            if handed.mark_uncited() {
                self.uncited.push(place);
            }
        }
    }

    /// Takes in that a flow shows nothing after all.
    pub(super) fn withdraw(&mut self, handed: &Handed) {
        if handed.number != 0 {
            self.open = self.open.saturating_sub(1);
            self.withdrawn.push(handed.number);
        }
    }

    /// Takes in that a flow that has ended is among the reports.
    pub(super) fn report(&mut self, handed: &mut Handed) {
        self.open = self.open.saturating_sub(usize::from(handed.number != 0));
        self.numbers.push(handed.take_number(&mut self.last));
    }

    /// Forgets the numbers of the reports.
    pub(super) fn forget_numbers(&mut self) {
        self.numbers.clear();
    }
}

impl Engine {
    /// Whether there may be something new.
    #[must_use]
    pub const fn has_news(&self) -> bool {
        !(self.marks.flows.is_empty() && self.reports.is_empty() && self.dht.is_quiet())
    }

    /// Takes what is new since the last call: what has ended, and what is open and shows more than it did. For an
    /// engine that was made to go on, see [`super::Options::goes_on`]; others hand over only what has ended.
    pub fn tell(&mut self) -> News {
        if self.now.since(self.marks.swept) >= SWEEP {
            self.marks.swept = self.now;
            self.sweep();
        }
        let mut flows = Vec::new();
        for place in mem::take(&mut self.marks.flows) {
            flows.extend(self.look_at(place));
        }
        let open = self.dht.tell(self.now).into_iter();
        let mut activities: Vec<_> = open.map(|what| numbered(what, false)).collect();
        activities.extend(self.dht.drain().into_iter().map(|what| numbered(what, true)));
        self.news(flows, activities)
    }

    /// Ends everything and hands it over.
    #[must_use]
    pub fn tell_last(mut self) -> News {
        self.end_all();
        let activities = self.dht.finish().into_iter().map(|what| numbered(what, true)).collect();
        self.news(Vec::new(), activities)
    }

    fn news(&mut self, mut flows: Vec<Numbered<FlowReport>>, activities: Vec<Numbered<Activity>>) -> News {
        let mut rest = self.report(Vec::new());
        let ended = mem::take(&mut rest.flows).into_iter().zip(mem::take(&mut self.marks.numbers));
        flows.extend(ended.map(|(what, number)| Numbered { number, is_over: true, what }));
        for handed in mem::take(&mut self.details.dropped) {
            self.marks.withdraw(&handed);
        }
        News { flows, activities, withdrawn: mem::take(&mut self.marks.withdrawn), rest }
    }

    /// Hands a marked flow over if it shows more than it did.
    fn look_at(&mut self, place: Place) -> Option<Numbered<FlowReport>> {
        let now = self.now;
        let handed = self.handed(place).filter(|handed| handed.is_marked())?;
        if !handed.is_due(now) {
            self.marks.flows.push(place);
            return None;
        }
        let account = self.interim(self.flows.get(place)?);
        let (shown, is_silent) = (account.shown(), account.is_silent());
        let patience = patience(self.flows.get(place)?.first, now, if is_silent { SILENT } else { AMOUNTS });
        let (mut last, is_full) = (self.marks.last, self.marks.open >= self.most_open(is_silent));
        let handed = self.handed(place)?;
        if shown == Shown::default() {
            let handed = mem::take(handed);
            self.marks.withdraw(&handed);
            return None;
        }
        if is_full && handed.number == 0 {
            // It is told once it is over, if there is room for it then.
            handed.unmark();
            return None;
        }
        if !handed.shows(shown, now, patience, &mut last) {
            self.marks.flows.push(place);
            return None;
        }
        let number = handed.number;
        self.marks.open += usize::from(last != self.marks.last);
        self.marks.last = last;
        Some(Numbered { number, is_over: false, what: account.report(self.flows.get(place)?) })
    }

    /// How many open flows may be handed over before one that is silent, or one that tells something by itself.
    fn most_open(&self, is_silent: bool) -> usize {
        let share = usize::try_from(self.options.shard.1.max(1)).unwrap_or(usize::MAX);
        let caps = &self.options.caps;
        let silent = caps.encrypted.saturating_add(caps.supporting) / share;
        if is_silent { silent } else { silent.saturating_add(caps.reports / share) }
    }

    /// What was handed over of the flow at a place, if anybody follows it.
    pub(super) fn handed(&mut self, place: Place) -> Option<&mut Handed> {
        let flow = self.flows.get(place)?;
        match flow.key.transport {
            Transport::Tcp => Some(&mut self.details.whole.get_mut(flow.detail?)?.handed),
            Transport::Udp => Some(&mut self.talks.get_mut(flow.detail?)?.handed),
        }
    }
}

fn numbered(what: Activity, is_over: bool) -> Numbered<Activity> {
    Numbered { number: what.handed.number, is_over, what }
}
