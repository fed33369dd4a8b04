//! What is tied across flows, in the order of time, so that the number of workers changes speed and nothing else.
//!
//! [`join`] makes one report of those of several workers, [`standing`] the same step by step of workers that go on.
//! [`Correlator`] ties encrypted flows to the swarms for which their remote ends were named in clear, and counts what has
//! the shape alone by host; [`derive`] makes the events that it takes of a report. `join` has that done at once for a run
//! that is over; `standing` gives the same events to a correlator of its own as they come, and lets it advance to what all
//! workers have passed.

mod allowed_fast;
mod correlator;
mod derive;
mod host;
mod join;
mod names;
mod part;
mod proof;
pub mod standing;
mod supporting;
#[cfg(test)]
mod tests;
mod tie;
mod web_seeds;

pub use correlator::{Caps, Correlator, Dropped, Options};
pub use derive::derive;
pub use join::join;
pub use part::{
    Attempt, Candidate, Correlated, Evidence, Grade, Host, Inferred, Learnt, Listening, Part, Telling, Tie,
};
