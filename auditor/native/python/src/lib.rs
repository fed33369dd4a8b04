//! The engine as a Python module: converts between Python's values and the engine's, and works detached from the
//! interpreter. Whatever is decided is decided elsewhere.

/// Flows come and go by the hundred thousand: with the system's allocator, an audit of DHT traffic takes a fifth longer.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod fact;
mod facts;
mod flow;
mod holders;
mod row;
mod transmit;
mod watch;

use std::collections::hash_map::RandomState;
use std::fs::File;
use std::hash::BuildHasher;
use std::ops::ControlFlow;
use std::os::fd::{FromRawFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use auditor_core::detect::registry;
use auditor_core::engine::Options;
use auditor_core::networks::Networks;
use auditor_io::run::{Source, record, run};
use auditor_io::{
    CaptureSource, CaptureWriter, Live, LiveError, LiveOptions, Progress, SourceKind, Stream, StreamOptions,
    WriteFormat, WriteOptions,
};
use pyo3::exceptions::{PyKeyboardInterrupt, PyOSError, PyValueError};
use pyo3::prelude::*;

use facts::{Recording, Sighting};

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
    /// Info dicts that are known beforehand.
    #[pyo3(item("known"))]
    known: Vec<Vec<u8>>,
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
            known: self.known.iter().map(|info| info.as_slice().into()).collect(),
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
    let outcome =
        py.detach(move || run(source, &options, jobs, |progress, frames| told(tell, progress, frames)))?;
    give_back();
    Ok(Sighting::from(outcome))
}

/// Gives what the engine has freed back to the system, before Python takes as much for what was seen: of an audit of
/// encrypted traffic that makes a peak of 113 MB where it was 157, for 2 ms.
fn give_back() {
    // SAFETY: it may be called at any time by any thread; it is unsafe for being foreign.
    unsafe { libmimalloc_sys::mi_collect(true) }
}

/// Tells Python of the progress; breaks with what a signal or the callee raises.
fn told(tell: Option<&Py<PyAny>>, progress: Progress, frames: u64) -> ControlFlow<PyErr> {
    let told = Python::attach(|py| {
        py.check_signals()?;
        let progress = (progress.bytes_read, progress.bytes_total, frames);
        tell.map_or(Ok(()), |tell| tell.call1(py, progress).map(drop))
    });
    told.map_or_else(ControlFlow::Break, ControlFlow::Continue)
}

/// What to record, and how to part it.
#[derive(FromPyObject)]
struct RecordSetup {
    #[pyo3(item("directory"))]
    directory: PathBuf,
    #[pyo3(item("snap_length"))]
    snap_length: u32,
    #[pyo3(item("rotate_bytes"))]
    rotate_bytes: Option<u64>,
    #[pyo3(item("rotate_seconds"))]
    rotate_seconds: Option<f64>,
    #[pyo3(item("seconds"))]
    seconds: Option<f64>,
}

impl RecordSetup {
    fn record(&self, interface: &str, tell: Option<&Py<PyAny>>) -> PyResult<Recording> {
        let live = listen(interface, self.seconds, self.snap_length)?;
        let options = WriteOptions {
            format: WriteFormat::Pcapng,
            snap_length: self.snap_length,
            rotate_bytes: self.rotate_bytes,
            rotate_after: self.rotate_seconds.map(duration).transpose()?,
            max_files: None,
        };
        let writer = CaptureWriter::create(&self.directory, interface, live.link(), options)?;
        let (written, summary, broken) =
            record(live, writer, |progress, frames| told(tell, progress, frames))?;
        match broken {
            // Ctrl-C is how a recording without an end is ended.
            Some(error) if !Python::attach(|py| error.is_instance_of::<PyKeyboardInterrupt>(py)) => {
                Err(error)
            }
            _ => Ok(Recording::new(written, &summary)),
        }
    }
}

fn duration(seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds).map_err(|error| PyValueError::new_err(error.to_string()))
}

fn listen(interface: &str, seconds: Option<f64>, snap_length: u32) -> PyResult<Live> {
    let options = LiveOptions {
        snap_length,
        promiscuous: true,
        vantage: 0,
        duration: seconds.map(duration).transpose()?,
        stop: Arc::default(),
    };
    Live::open(interface, options).map_err(|error| match error {
        LiveError::Io(error) => error.into(),
        error => PyOSError::new_err(error.to_string()),
    })
}

/// More bytes than any frame has.
const WHOLE_FRAMES: u32 = 1 << 18;

/// The engine of the egress auditor: frames in, facts out.
#[pymodule]
mod auditor_native {
    use super::{
        Capture, PyResult, Python, RecordSetup, Recording, Setup, Sighting, Stream, StreamOptions,
        WHOLE_FRAMES, listen, look, registry,
    };
    use pyo3::prelude::*;

    /// The number of the contract between this module and `auditor.engine`; both must agree.
    #[pymodule_export]
    const CONTRACT: u32 = 15;

    #[pymodule_export]
    use super::transmit::transmit;
    #[pymodule_export]
    use super::watch::Watch;

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

    /// Listens on an interface and returns what was seen.
    #[pyfunction]
    #[pyo3(signature = (interface, seconds, setup, tell))]
    #[expect(clippy::needless_pass_by_value, reason = "Python's values are converted, not borrowed")]
    fn sight_interface(
        py: Python<'_>,
        interface: &str,
        seconds: f64,
        setup: Setup,
        tell: Option<Py<PyAny>>,
    ) -> PyResult<Sighting> {
        let live = listen(interface, Some(seconds), WHOLE_FRAMES)?;
        look(py, live, &setup, tell.as_ref())
    }

    /// Records an interface into files.
    #[pyfunction]
    #[pyo3(signature = (interface, setup, tell))]
    #[expect(clippy::needless_pass_by_value, reason = "Python's values are converted, not borrowed")]
    fn record(
        py: Python<'_>,
        interface: &str,
        setup: RecordSetup,
        tell: Option<Py<PyAny>>,
    ) -> PyResult<Recording> {
        py.detach(|| setup.record(interface, tell.as_ref()))
    }
}
