//! What is tied across flows, in the order of time and frame, so that the number of workers changes speed and nothing
//! else.

mod join;

pub use join::join;
