//! Frames in, facts out.
//!
//! `wire` turns bytes into borrowed views and knows no state. `flow` keeps state (flows, reassembly, fragments,
//! expiry) and parses no bytes. `content` proves what was passed on: it rebuilds info dicts and
//! hashes pieces. `detect` turns a flow's bytes into observations. `bindings` collects who had which address. `engine` ties
//! them together, and `correlate` joins what several engines saw. Nothing here opens a file, reads a clock, or can panic on
//! what a frame contains.
#![forbid(unsafe_code)]

pub mod anomaly;
pub mod bindings;
pub mod content;
pub mod correlate;
pub mod detect;
pub mod engine;
pub mod error;
pub mod flow;
pub mod networks;
pub mod time;
pub mod wire;
