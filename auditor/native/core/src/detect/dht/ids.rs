//! Whose node ids are whose in one flow, so that an echo is not taken for its sender's word.
//!
//! A node has ids of its own. What sends back each datagram (RFC 862), or makes up none itself, has none: the ids that it
//! sends are those that it was sent before. That its own datagram was not captured hides an echo only until another of
//! the same id was.

use std::num::NonZeroU32;

use crate::flow::key::{End, Ends};

/// How many ids are told apart in one flow. A node has one, and another after its address changed (BEP 42); who takes
/// a new one for each query is no node.
const IDS: usize = 64;

/// Whose an id is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// The sender's.
    Own,
    /// The other end used it first: this is an echo.
    Others,
    /// There are too many to tell.
    Unknown,
}

/// The ids in one flow. Each belongs to the end that used it first. It is small, since every flow has one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ids {
    /// The first id of each end; mostly there is no other.
    first: Ends<Option<NonZeroU32>>,
    has_more: bool,
}

/// Those after the first ones.
#[derive(Clone, Debug, Default)]
pub(super) struct MoreIds(Vec<(NonZeroU32, End)>);

impl Whose {
    /// Whether a datagram under this id counts for its sender, or for whom it was sent to.
    pub(super) fn counts_for(self, sender: bool) -> bool {
        match self {
            Self::Own => true,
            Self::Others => false,
            Self::Unknown => !sender,
        }
    }
}

impl Ids {
    /// Says whose `id` is, which `from` has just used. Asks for `more` of them only where there are.
    #[inline]
    pub(super) fn whose<'a>(
        &mut self,
        id: &[u8; 20],
        from: End,
        more: impl FnOnce() -> &'a mut MoreIds,
    ) -> Whose {
        let mark = mark(id);
        if *self.first.at(from) == Some(mark) {
            Whose::Own
        } else if *self.first.at(from.other()) == Some(mark) {
            Whose::Others
        } else if self.first.at(from).is_none() && !self.has_more {
            *self.first.at_mut(from) = Some(mark);
            Whose::Own
        } else {
            self.has_more = true;
            more().whose(mark, from)
        }
    }
}

impl MoreIds {
    #[cold]
    fn whose(&mut self, mark: NonZeroU32, from: End) -> Whose {
        match self.0.iter().find(|(other, _)| *other == mark) {
            Some((_, end)) if *end == from => Whose::Own,
            Some(_) => Whose::Others,
            None if self.0.len() < IDS => {
                self.0.push((mark, from));
                Whose::Own
            }
            None => Whose::Unknown,
        }
    }
}

/// A number for an id. Who makes up another id of the same number could as well repeat this one.
#[inline]
fn mark(id: &[u8; 20]) -> NonZeroU32 {
    let (words, _) = id.as_chunks::<4>();
    let folded = words.iter().fold(0, |folded, word| folded ^ u32::from_ne_bytes(*word));
    NonZeroU32::new(folded).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> [u8; 20] {
        let mut id = *b"mostly the same id..";
        id[19] = number;
        id
    }

    /// As the detector asks.
    #[derive(Default)]
    struct Flow(Ids, MoreIds);

    impl Flow {
        fn whose(&mut self, id: &[u8; 20], from: End) -> Whose {
            self.0.whose(id, from, || &mut self.1)
        }
    }

    #[test]
    fn an_id_belongs_to_the_end_that_used_it_first() {
        let mut ids = Flow::default();
        assert_eq!(ids.whose(&id(1), End::Orig), Whose::Own);
        assert_eq!(ids.whose(&id(1), End::Resp), Whose::Others);
        assert_eq!(ids.whose(&id(2), End::Resp), Whose::Own, "it has one of its own all the same");
        assert_eq!(ids.whose(&id(2), End::Orig), Whose::Others);
        assert_eq!(ids.whose(&id(1), End::Orig), Whose::Own, "and an echo takes no id away");
    }

    #[test]
    fn a_node_may_change_its_id_and_an_echo_follows_it() {
        let mut ids = Flow::default();
        for number in 0..9 {
            assert_eq!(ids.whose(&id(number), End::Orig), Whose::Own);
        }
        for number in 0..9 {
            assert_eq!(ids.whose(&id(number), End::Resp), Whose::Others);
        }
        assert_eq!(ids.whose(&id(9), End::Resp), Whose::Own);
    }

    #[test]
    fn many_ids_hide_no_echo() {
        let mut ids = Flow::default();
        let known = u8::try_from(IDS).unwrap() + 1;
        for number in 0..200 {
            let whose = if number < known { Whose::Own } else { Whose::Unknown };
            assert_eq!(ids.whose(&id(number), End::Orig), whose);
        }
        for number in 0..200 {
            let whose = if number < known { Whose::Others } else { Whose::Unknown };
            assert_eq!(ids.whose(&id(number), End::Resp), whose);
        }
    }
}
