//! The engine as a Python module: converts between Python's values and the engine's, and works detached from the
//! interpreter. Whatever is decided is decided elsewhere.

mod facts;

use std::collections::hash_map::RandomState;
use std::fs::File;
use std::hash::BuildHasher;
use std::ops::ControlFlow;
use std::os::fd::{FromRawFd, OwnedFd};

use auditor_core::detect::registry;
use auditor_core::engine::Options;
use auditor_core::networks::Networks;
use auditor_io::run::{Source, run};
use auditor_io::{CaptureSource, Progress, SourceKind, Stream, StreamOptions};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use facts::Sighting;

/// A capture: its path as it is to be shown, where its bytes are, and its vantage point's number.
#[derive(FromPyObject)]
struct Capture {
    #[pyo3(item("path"))]
    path: String,
    /// An open descriptor to read from, or none to open the path (`-`: standard input).
    #[pyo3(item("fd"))]
    fd: Option<i32>,
    #[pyo3(item("vantage"))]
    vantage: u16,
}

/// How to look.
#[derive(FromPyObject)]
struct Setup {
    /// Networks as 16 address bytes (IPv4 mapped) and prefix length.
    #[pyo3(item("ours"))]
    ours: Vec<([u8; 16], u8)>,
    /// Workers; 0 for one a core.
    #[pyo3(item("jobs"))]
    jobs: usize,
    #[pyo3(item("digest"))]
    digest: bool,
    #[pyo3(item("dht_flows"))]
    dht_flows: bool,
    #[pyo3(item("vlan_in_key"))]
    vlan_in_key: bool,
}

impl Setup {
    fn jobs(&self) -> usize {
        match self.jobs {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            jobs => jobs,
        }
    }

    fn options(&self) -> Options {
        Options {
            ours: Networks::new(self.ours.iter().copied()),
            dht_flows: self.dht_flows,
            vlan_in_key: self.vlan_in_key,
            seed: RandomState::new().hash_one(std::process::id()),
            ..Options::default()
        }
    }
}

impl Capture {
    fn source(self) -> PyResult<CaptureSource> {
        let kind = match self.fd {
            Some(fd) => SourceKind::Fd(own(fd)?),
            None if self.path == "-" => SourceKind::Stdin,
            None => SourceKind::File(self.path.clone().into()),
        };
        Ok(CaptureSource { path: self.path, kind, vantage: self.vantage })
    }
}

/// Makes a descriptor of its own out of one that Python keeps.
fn own(fd: i32) -> PyResult<OwnedFd> {
    if fd < 0 {
        return Err(PyValueError::new_err("a file descriptor is not negative"));
    }
    // SAFETY: the descriptor is borrowed for the duplication only, and never closed here.
    let borrowed = std::mem::ManuallyDrop::new(unsafe { File::from_raw_fd(fd) });
    Ok(borrowed.try_clone()?.into())
}

/// Runs a source through the engine, detached from the interpreter, and tells Python of the progress.
fn look(
    py: Python<'_>,
    source: impl Source + Send,
    setup: &Setup,
    tell: Option<&Py<PyAny>>,
) -> PyResult<Sighting> {
    let options = setup.options();
    let jobs = setup.jobs();
    let outcome = py.detach(move || {
        run(source, &options, jobs, |progress: Progress, frames| {
            let told = Python::attach(|py| {
                py.check_signals()?;
                tell.map_or(Ok(()), |tell| {
                    tell.call1(py, (progress.bytes_read, progress.bytes_total, frames)).map(drop)
                })
            });
            told.map_or_else(ControlFlow::Break, ControlFlow::Continue)
        })
    })?;
    Ok(Sighting::from(outcome))
}

/// The engine of the egress auditor: frames in, facts out.
#[pymodule]
mod auditor_native {
    use super::{Capture, PyResult, Python, Setup, Sighting, Stream, StreamOptions, look, registry};
    use pyo3::prelude::*;

    /// The number of the contract between this module and `auditor.engine`; both must agree.
    #[pymodule_export]
    const CONTRACT: u32 = 1;

    /// The ids of all detectors' observations.
    #[pyfunction]
    fn detectors() -> Vec<&'static str> {
        registry::IDS.to_vec()
    }

    /// Reads captures and returns what was seen.
    #[pyfunction]
    #[pyo3(signature = (captures, setup, tell))]
    #[expect(clippy::needless_pass_by_value, reason = "Python's values are converted, not borrowed")]
    fn sight(
        py: Python<'_>,
        captures: Vec<Capture>,
        setup: Setup,
        tell: Option<Py<PyAny>>,
    ) -> PyResult<Sighting> {
        let sources = captures.into_iter().map(Capture::source).collect::<PyResult<Vec<_>>>()?;
        let stream = Stream::open(sources, StreamOptions { hash: setup.digest });
        look(py, stream, &setup, tell.as_ref())
    }
}
