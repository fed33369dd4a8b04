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
        self.left =
            Some(Left { flows: flows.into_iter(), seen_until: news.seen_until, is_over: news.is_over });
        let next = self.next().unwrap_or_default();
        news.delta.flows = next.delta.flows;
        News { seen_until: next.seen_until, is_over: next.is_over, ..news }
    }

    /// Gives the next piece of an answer that was begun. Only the last one says how far it goes, and that it is over.
    pub(super) fn next(&mut self) -> Option<News> {
        let left = self.left.as_mut()?;
        let (flows, is_last) = piece(&mut left.flows);
        let mut is_over = false;
        if is_last {
            (self.seen_until, is_over) = (left.seen_until, left.is_over);
            self.left = None;
        }
        let delta = Delta { flows, ..Delta::default() };
        Some(News { delta, slices: Vec::new(), seen_until: self.seen_until, is_over })
    }
}

/// Takes the next so many; says whether none is left.
fn piece<T>(left: &mut vec::IntoIter<T>) -> (Vec<T>, bool) {
    let some = left.by_ref().take(FLOWS).collect();
    (some, left.len() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_flows_is_one_piece() {
        let mut pieces = Pieces::default();
        let delta = Delta { withdrawn_flows: vec![7], ..Delta::default() };
        let news = News { delta, slices: Vec::new(), seen_until: Some(Timestamp(9)), is_over: true };

        let first = pieces.first(news);

        assert_eq!(
            (first.delta.withdrawn_flows, first.seen_until, first.is_over),
            (vec![7], Some(Timestamp(9)), true)
        );
        assert!(pieces.is_empty() && pieces.next().is_none());
    }

    #[test]
    fn what_is_too_much_for_one_piece_follows_in_order() {
        let mut left = (0..FLOWS * 2).collect::<Vec<_>>().into_iter();

        let (first, is_last) = piece(&mut left);
        let (second, is_then_last) = piece(&mut left);

        assert_eq!((first, is_last), ((0..FLOWS).collect(), false));
        assert_eq!((second, is_then_last), ((FLOWS..FLOWS * 2).collect(), true));
        assert_eq!(piece(&mut left), (Vec::new(), true));
    }
}
