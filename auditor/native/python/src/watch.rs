//! A watch as a Python object: what is new, as plain values, whenever Python asks.

use std::collections::BTreeMap;

use auditor_core::detect::dht::activity::Activity;
use auditor_core::engine::{FlowReport, Numbered, Options};
use auditor_io::LiveError;
use auditor_io::bpf::{Instruction, Program};
use auditor_io::watch::{self, InterfaceCounters, News, Pace, Slice, Tap, WatchCounters};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;

use crate::facts::{Counts, TorrentFacts};
use crate::flow::{ActivityRow, FlowRow};
use crate::holders::{BindingFacts, LeaseFacts};
use crate::{Capture, Setup, duration};

/// An interface to capture.
#[derive(FromPyObject)]
pub(crate) struct TapSetup {
    #[pyo3(item("interface"))]
    interface: String,
    #[pyo3(item("vantage"))]
    vantage: u16,
    #[pyo3(item("snap_length"))]
    snap_length: u32,
    #[pyo3(item("promiscuous"))]
    promiscuous: bool,
    #[pyo3(item("ring_bytes"))]
    ring_bytes: u64,
    #[pyo3(item("block_bytes"))]
    block_bytes: u32,
    /// Instructions; none for no filter.
    #[pyo3(item("filter"))]
    filter: Vec<(u16, u8, u8, u32)>,
    #[pyo3(item("hardware_stamps"))]
    hardware_stamps: bool,
}

/// How to play captures.
#[derive(FromPyObject)]
pub(crate) struct PaceSetup {
    #[pyo3(item("speed"))]
    speed: Option<f64>,
    #[pyo3(item("loops"))]
    loops: u32,
    #[pyo3(item("gap"))]
    gap: f64,
}

/// What is new.
#[derive(IntoPyObject)]
pub(crate) struct NewsFacts {
    /// A number for life, the flow, and whether it is over.
    flows: Vec<(u64, FlowRow, bool)>,
    activities: Vec<(u64, ActivityRow, bool)>,
    withdrawn_flows: Vec<u64>,
    withdrawn_activities: Vec<u64>,
    torrents: Vec<TorrentFacts>,
    bindings: Vec<BindingFacts>,
    leases: Vec<LeaseFacts>,
    slices: Vec<SliceFacts>,
    limits: Counts,
    totals: Counts,
    anomalies: Counts,
    seen_until: Option<i64>,
    is_over: bool,
}

/// The beginning of a frame that proves something.
#[derive(IntoPyObject)]
struct SliceFacts {
    frame: (u32, u64),
    time: i64,
    link: u16,
    wire_len: u32,
    data: Vec<u8>,
}

#[derive(IntoPyObject)]
struct InterfaceFacts {
    name: String,
    is_open: bool,
    frames: u64,
    bytes: u64,
    lost: u64,
    discarded: Counts,
    openings: u64,
    last_frame: Option<i64>,
    error: Option<String>,
}

/// What came by so far.
#[derive(IntoPyObject)]
pub(crate) struct CounterFacts {
    interfaces: Vec<InterfaceFacts>,
    /// Size and cap.
    tables: BTreeMap<&'static str, (usize, usize)>,
    handed_on: u64,
    workers: usize,
}

/// Frames through the engine until stopped.
#[pyclass(frozen, module = "auditor_native")]
pub(crate) struct Watch(watch::Watch);

#[pymethods]
impl Watch {
    /// Watches interfaces.
    #[staticmethod]
    #[expect(clippy::needless_pass_by_value, reason = "Python's values are converted, not borrowed")]
    fn live(py: Python<'_>, taps: Vec<TapSetup>, setup: Setup) -> PyResult<Self> {
        let (options, jobs): (Options, usize) = (setup.options(), setup.jobs());
        let taps = taps.into_iter().map(TapSetup::tap).collect::<PyResult<Vec<_>>>()?;
        let watch = py.detach(move || watch::Watch::live(taps, &options, jobs));
        watch.map(Self).map_err(|error| match error {
            LiveError::Io(error) => error.into(),
            error => PyOSError::new_err(error.to_string()),
        })
    }

    /// Plays captures.
    #[staticmethod]
    #[expect(clippy::needless_pass_by_value, reason = "Python's values are converted, not borrowed")]
    fn replay(py: Python<'_>, captures: Vec<Capture>, setup: Setup, pace: PaceSetup) -> PyResult<Self> {
        let sources = captures.into_iter().map(Capture::source).collect::<PyResult<Vec<_>>>()?;
        let (options, jobs): (Options, usize) = (setup.options(), setup.jobs());
        if pace.speed.is_some_and(|speed| !(speed.is_finite() && speed > 0.0)) {
            return Err(PyValueError::new_err("a speed is more than nothing"));
        }
        let pace = Pace { speed: pace.speed, loops: pace.loops, gap: duration(pace.gap)? };
        Ok(Self(py.detach(move || watch::Watch::replay(sources, pace, &options, jobs))?))
    }

    /// Waits for news, but no longer than `wait` seconds, nor once a signal came, which whoever asks may have to act on;
    /// takes what there is.
    fn drain(&self, py: Python<'_>, wait: f64) -> PyResult<NewsFacts> {
        let wait = duration(wait.max(0.0))?;
        py.detach(|| self.0.wait(wait));
        py.check_signals()?;
        Ok(py.detach(|| NewsFacts::from(self.0.drain())))
    }

    /// What came by so far.
    fn counters(&self, py: Python<'_>) -> CounterFacts {
        py.detach(|| CounterFacts::from(self.0.counters()))
    }

    /// Ends watching; what was seen is still to be drained.
    fn stop(&self) {
        self.0.stop();
    }

    /// Ends watching, and waits until all workers have.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }
}

impl TapSetup {
    fn tap(self) -> PyResult<Tap> {
        let Self {
            interface,
            vantage,
            snap_length,
            promiscuous,
            ring_bytes,
            block_bytes,
            filter,
            hardware_stamps,
        } = self;
        let program = |filter: Vec<_>| {
            let instructions = filter.into_iter().map(|(code, jt, jf, k)| Instruction { code, jt, jf, k });
            Program::new(instructions.collect()).map_err(|error| PyValueError::new_err(error.to_string()))
        };
        let filter = if filter.is_empty() { None } else { Some(program(filter)?) };
        Ok(Tap {
            interface,
            vantage,
            snap_length,
            promiscuous,
            ring_bytes,
            block_bytes,
            filter,
            hardware_stamps,
        })
    }
}

impl From<News> for NewsFacts {
    fn from(news: News) -> Self {
        let News { delta, slices, seen_until, is_over } = news;
        let mut anomalies = Counts::new();
        for (kind, count) in delta.anomalies.iter().flat_map(auditor_core::anomaly::Anomalies::iter) {
            *anomalies.entry(kind.label()).or_default() += count;
        }
        let flow = |flow: Numbered<FlowReport>| (flow.number, FlowRow(flow.what), flow.is_over);
        let activity = |it: Numbered<Activity>| (it.number, ActivityRow(it.what), it.is_over);
        Self {
            flows: delta.flows.into_iter().map(flow).collect(),
            activities: delta.activities.into_iter().map(activity).collect(),
            withdrawn_flows: delta.withdrawn_flows,
            withdrawn_activities: delta.withdrawn_activities,
            torrents: delta.torrents.iter().map(TorrentFacts::new).collect(),
            anomalies,
            bindings: delta.bindings.into_iter().map(BindingFacts::new).collect(),
            leases: delta.leases.into_iter().map(LeaseFacts::new).collect(),
            slices: slices.into_iter().map(SliceFacts::new).collect(),
            limits: delta.limits,
            totals: delta.totals.named().into_iter().collect(),
            seen_until: seen_until.map(|time| time.0),
            is_over,
        }
    }
}

impl SliceFacts {
    fn new(slice: Slice) -> Self {
        let Slice { frame, time, link, wire_len, data } = slice;
        let frame = (frame.capture, frame.number);
        Self { frame, time: time.0, link: link.dlt(), wire_len, data: data.into_vec() }
    }
}

impl From<WatchCounters> for CounterFacts {
    fn from(counters: WatchCounters) -> Self {
        let WatchCounters { interfaces, tables, handed_on, workers } = counters;
        Self {
            interfaces: interfaces.into_iter().map(InterfaceFacts::from).collect(),
            tables: tables.into_iter().map(|(name, table)| (name, (table.size, table.cap))).collect(),
            handed_on,
            workers,
        }
    }
}

impl From<InterfaceCounters> for InterfaceFacts {
    fn from(counters: InterfaceCounters) -> Self {
        Self {
            name: counters.name,
            is_open: counters.is_open,
            frames: counters.frames,
            bytes: counters.bytes,
            lost: counters.lost,
            discarded: counters.discarded,
            openings: counters.openings,
            last_frame: counters.last_frame.map(|time| time.0),
            error: counters.error,
        }
    }
}
