//! What both directions of a connection know together: which answer belongs to which request.

use std::collections::VecDeque;

use super::findings::{FetchPlace, Findings, Place};
use crate::anomaly::{Anomalies, Anomaly};
use crate::detect::Stamp;
use crate::detect::announces::Told;
use crate::detect::inner::{self, Content, Inner, Wrapper};
use crate::flow::key::End;
use crate::wire::http::head::Method;

/// The most requests that await their answers.
const PENDING: usize = 256;

/// The state of a connection.
#[derive(Debug)]
pub(super) struct Exchange {
    /// The end that asks.
    pub(super) client: End,
    pub(super) findings: Findings,
    pub(super) lost: Lost,
    pending: VecDeque<Ask>,
    /// What the client sent after `CONNECT` or an upgrade, until the answer tells what it is.
    held: Vec<Inner>,
    held_bytes: usize,
    wrapper: Option<Wrapper>,
    inner: Vec<Inner>,
    inner_bytes: usize,
}

/// What can no longer be known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lost {
    /// Further requests.
    pub(super) requests: bool,
    /// Further answers.
    pub(super) answers: bool,
    /// Which answer belongs to which request.
    order: bool,
}

/// A request that awaits its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) question: Question,
    /// Whether the connection turns into something else if the server consents.
    pub(super) turns: bool,
    /// Its first byte's frame.
    pub(super) sent: Stamp,
}

/// What was asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Question {
    Announce { told: Option<Told>, infohash: [u8; 20] },
    Scrape(Option<Told>),
    Piece(Option<Place>),
    Fetch(Option<FetchPlace>),
    Other,
}

impl Exchange {
    pub(super) fn new(client: End) -> Self {
        Self {
            client,
            findings: Findings::default(),
            lost: Lost::default(),
            pending: VecDeque::new(),
            held: Vec::new(),
            held_bytes: 0,
            wrapper: None,
            inner: Vec::new(),
            inner_bytes: 0,
        }
    }

    /// Takes a request in.
    pub(super) fn ask(&mut self, ask: Ask, anomalies: &mut Anomalies) {
        if self.lost.order || self.lost.answers {
            return;
        }
        if self.pending.len() < PENDING {
            self.pending.push_back(ask);
        } else {
            anomalies.count(Anomaly::HttpOverfull);
            self.lose_order();
        }
    }

    /// Says that answers can no longer be told apart.
    pub(super) fn lose_order(&mut self) {
        self.lost.order = true;
        self.pending.clear();
    }

    /// Whether it is known to what an answer belongs that begins now, or that it will never be.
    pub(super) fn knows(&self) -> bool {
        self.lost.requests || self.lost.order || !self.pending.is_empty()
    }

    /// The request that an answer belongs to which began in the frame of `stamp`: the oldest one, unless that was sent
    /// later, which shows that the answered one came before the capture. `None`: it was not captured.
    pub(super) fn asked(&mut self, stamp: Stamp, is_final: bool) -> Option<Ask> {
        let ask = *self.pending.front().filter(|ask| ask.sent <= stamp)?;
        if is_final {
            self.pending.pop_front();
        }
        Some(ask)
    }

    /// Holds what may be a request or belong to a tunnel.
    pub(super) fn hold(&mut self, end: End, content: Content, stamp: Stamp) {
        if let Some(wrapper) = self.wrapper {
            self.hand_over(Inner { wrapper, end, content, stamp });
        } else {
            self.held_bytes = self.held_bytes.saturating_add(content.size());
            if self.held_bytes <= inner::MOST {
                self.held.push(Inner { wrapper: Wrapper::Tunnel, end, content, stamp });
            }
        }
    }

    /// Turns the connection into something else: what comes now is handed over.
    pub(super) fn wrap(&mut self, wrapper: Wrapper) {
        self.wrapper = Some(wrapper);
        for held in std::mem::take(&mut self.held) {
            self.hand_over(Inner { wrapper, ..held });
        }
    }

    /// Gives back what was held, since it turned out to be requests. `None`: there was too much.
    pub(super) fn release(&mut self) -> Option<Vec<Inner>> {
        let fits = self.held_bytes <= inner::MOST;
        self.held_bytes = 0;
        let held = std::mem::take(&mut self.held);
        fits.then_some(held)
    }

    /// Whether what is handed over is taken.
    pub(super) const fn is_taken(&self) -> bool {
        self.inner_bytes <= inner::MOST
    }

    pub(super) fn take_inner(&mut self) -> Vec<Inner> {
        if self.is_taken() {
            self.inner_bytes = 0;
        }
        std::mem::take(&mut self.inner)
    }

    fn hand_over(&mut self, piece: Inner) {
        self.inner_bytes = self.inner_bytes.saturating_add(piece.content.size());
        if self.is_taken() {
            self.inner.push(piece);
        }
    }
}
