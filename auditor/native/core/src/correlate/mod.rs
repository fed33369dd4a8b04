//! What is tied across flows, in the order of time, so that the number of workers changes speed and nothing else.
//!
//! [`join`] makes one report of those of several workers. [`Correlator`] ties encrypted flows to the swarms for which
//! their remote ends were named in clear, and counts what has the shape alone by host.

mod correlator;
mod host;
mod join;
mod names;
mod part;
mod proof;
mod supporting;
#[cfg(test)]
mod tests;

pub use correlator::{Caps, Correlator, Dropped, Options};
pub use join::join;
pub use part::{Attempt, Candidate, Correlated, Evidence, Grade, Host, Inferred, Learnt, Listening, Part};
