//! Captures played onto an interface.

use std::ops::ControlFlow;

use auditor_io::transmit::{Sent, Tempo, transmit as play};
use auditor_io::{CaptureSource, LiveError, SourceKind};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;

/// With what pauses, and how often.
#[derive(FromPyObject)]
pub(crate) struct TempoSetup {
    /// Their own, divided by this; none if none.
    #[pyo3(item("speed"))]
    speed: Option<f64>,
    /// So many frames a second instead.
    #[pyo3(item("rate"))]
    rate: Option<f64>,
    #[pyo3(item("loops"))]
    loops: u32,
}

impl TempoSetup {
    fn tempo(&self) -> PyResult<Tempo> {
        match (self.speed, self.rate) {
            (Some(number), _) | (None, Some(number)) if !(number.is_finite() && number > 0.0) => {
                Err(PyValueError::new_err("a speed or a rate is more than nothing"))
            }
            (_, Some(rate)) => Ok(Tempo::Rate(rate)),
            (Some(speed), None) => Ok(Tempo::Speed(speed)),
            (None, None) => Ok(Tempo::Max),
        }
    }
}

/// What was sent.
#[derive(IntoPyObject)]
pub(crate) struct SentFacts {
    frames: u64,
    bytes: u64,
    too_long: u64,
    not_whole: u64,
}

/// Plays captures onto an interface.
#[pyfunction]
#[pyo3(signature = (paths, interface, tempo, tell))]
#[expect(clippy::needless_pass_by_value, reason = "Python's values are converted, not borrowed")]
pub(crate) fn transmit(
    py: Python<'_>,
    paths: Vec<String>,
    interface: &str,
    tempo: TempoSetup,
    tell: Option<Py<PyAny>>,
) -> PyResult<SentFacts> {
    let (pace, loops) = (tempo.tempo()?, tempo.loops);
    let source = |path: &String| {
        let kind = if path == "-" { SourceKind::Stdin } else { SourceKind::File(path.into()) };
        CaptureSource { path: path.clone(), kind, vantage: 0 }
    };
    let told = |sent: &Sent| {
        let told = Python::attach(|py| {
            py.check_signals()?;
            tell.as_ref().map_or(Ok(()), |tell| tell.call1(py, (sent.frames, sent.bytes)).map(drop))
        });
        told.map_or_else(ControlFlow::Break, ControlFlow::Continue)
    };
    let sent = py.detach(|| play(interface, || paths.iter().map(source).collect(), pace, loops, told));
    match sent {
        Ok((_, Some(error))) => Err(error),
        Ok((Sent { frames, bytes, too_long, not_whole }, None)) => {
            Ok(SentFacts { frames, bytes, too_long, not_whole })
        }
        Err(LiveError::Io(error)) => Err(error.into()),
        Err(error) => Err(PyOSError::new_err(error.to_string())),
    }
}
