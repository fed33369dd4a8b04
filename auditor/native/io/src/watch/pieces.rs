//! Answers in pieces. When a source ends, all flows that go on are over at once: whoever makes more of each of them than
//! there is here, as Python does, would need room for all of that at the same moment.

use std::vec;

use auditor_core::correlate::standing::Delta;
use auditor_core::engine::{FlowReport, Numbered};
use auditor_core::time::Timestamp;

use super::News;

/// Flows in one piece.
const FLOWS: usize = 256;

/// Cuts answers, and keeps what is left of one.
#[derive(Default)]
pub(super) struct Pieces {
    left: Option<Left>,
    /// Up to when everything has been handed over.
    seen_until: Option<Timestamp>,
}

struct Left {
    flows: vec::IntoIter<Numbered<FlowReport>>,
    seen_until: Option<Timestamp>,
    is_over: bool,
}

impl Pieces {
    pub(super) const fn is_empty(&self) -> bool {
        self.left.is_none()
    }

    /// Gives the first piece of an answer: all of it but for flows that are too many.
    pub(super) fn first(&mut self, mut news: News) -> News {
        let flows = std::mem::take(&mut news.delta.flows);
        self.left = Some(Left { flows: flows.into_iter(), seen_until: news.seen_until, is_over: news.is_over });
        let next = self.next().unwrap_or_default();
        news.delta.flows = next.delta.flows;
        News { seen_until: next.seen_until, is_over: next.is_over, ..news }
    }

    /// Gives the next piece of an answer that was begun. Only the last one says how far it goes, and that it is over.
    pub(super) fn next(&mut self) -> Option<News> {
        let left = self.left.as_mut()?;
        let flows = left.flows.by_ref().take(FLOWS).collect();
        let mut is_over = false;
        if left.flows.len() == 0 {
            (self.seen_until, is_over) = (left.seen_until, left.is_over);
            self.left = None;
        }
        let delta = Delta { flows, ..Delta::default() };
        Some(News { delta, slices: Vec::new(), seen_until: self.seen_until, is_over })
    }
}
