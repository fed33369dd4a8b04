//! Flows and DHT activities as tuples, each made when Python asks for it: there is never a second copy of them all.

use std::vec;

use auditor_core::content::verify::Tally;
use auditor_core::correlate::{Inferred, Tie};
use auditor_core::detect::dht::activity::{Activity, Target, Told};
use auditor_core::detect::{Observation, Span};
use auditor_core::engine::{FlowReport, Verified};
use auditor_core::flow::key::{Endpoint, Transport};
use auditor_core::flow::minutes::Minutes;
use auditor_core::wire::path::{Tunnel, Vlans};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::fact::{FactRow, mapped};
use crate::row::{Several, Word, counts, row};

type Made<'py> = PyResult<Bound<'py, PyTuple>>;
type Frames = Several<(u32, u64)>;

/// The flows of a run, to be taken one by one.
#[pyclass]
pub(crate) struct Flows(pub(crate) vec::IntoIter<FlowReport>);

#[pymethods]
impl Flows {
    #[expect(clippy::missing_const_for_fn, reason = "Python's methods are not")]
    fn __iter__(itself: PyRef<'_, Self>) -> PyRef<'_, Self> {
        itself
    }

    fn __next__(&mut self) -> Option<FlowRow> {
        self.0.next().map(FlowRow)
    }
}

/// The DHT activities of a run, to be taken one by one.
#[pyclass]
pub(crate) struct Activities(pub(crate) vec::IntoIter<Activity>);

#[pymethods]
impl Activities {
    #[expect(clippy::missing_const_for_fn, reason = "Python's methods are not")]
    fn __iter__(itself: PyRef<'_, Self>) -> PyRef<'_, Self> {
        itself
    }

    fn __next__(&mut self) -> Option<ActivityRow> {
        self.0.next().map(ActivityRow)
    }
}

/// One flow.
pub(crate) struct FlowRow(pub(crate) FlowReport);

impl<'py> IntoPyObject<'py> for FlowRow {
    type Target = PyTuple;
    type Output = Bound<'py, PyTuple>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> Made<'py> {
        let flow = &self.0;
        row!(
            py,
            flow.vantage,
            Word(match flow.transport {
                Transport::Tcp => "tcp",
                Transport::Udp => "udp",
            }),
            endpoint(flow.ends.orig, flow.macs.orig),
            endpoint(flow.ends.resp, flow.macs.resp),
            vlans(flow.vlans),
            tunnel(flow.tunnel),
            flow.first.0,
            flow.last.0,
            (flow.packets.orig, flow.packets.resp),
            (flow.bytes.orig, flow.bytes.resp),
            (flow.missing.orig, flow.missing.resp),
            minutes(&flow.minutes),
            several(py, &flow.observations, observation)?,
            several(py, &flow.verified, verified)?,
            several(py, &flow.ties, tie)?,
        )
    }
}

/// One DHT activity.
pub(crate) struct ActivityRow(pub(crate) Activity);

impl<'py> IntoPyObject<'py> for ActivityRow {
    type Target = PyTuple;
    type Output = Bound<'py, PyTuple>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> Made<'py> {
        let activity = &self.0;
        let host = &activity.host;
        row!(
            py,
            host.vantage,
            endpoint(host.endpoint, activity.mac),
            vlans(host.vlans),
            tunnel(host.tunnel),
            activity.span.first.0,
            activity.span.last.0,
            activity.nodes,
            counts(py, activity.received.queries())?,
            counts(py, activity.sent.queries())?,
            activity.received.replies,
            activity.sent.replies,
            activity.received.errors,
            activity.sent.errors,
            several(py, activity.announced.sorted(), target)?,
            several(py, activity.looked_up.sorted(), target)?,
            activity.node_ids.iter().copied().collect::<Several<_>>(),
            activity.clients.iter().copied().collect::<Several<_>>(),
            activity.read_only,
            several(py, activity.told(), told)?,
            minutes(&activity.minutes),
            frames(&activity.span),
        )
    }
}

/// Makes a tuple of what is made of each item.
fn several<'py, I>(py: Python<'py>, items: I, made: fn(Python<'py>, I::Item) -> Made<'py>) -> Made<'py>
where
    I: IntoIterator<IntoIter: ExactSizeIterator>,
{
    let items: Vec<_> = items.into_iter().map(|item| made(py, item)).collect::<PyResult<_>>()?;
    PyTuple::new(py, items)
}

fn observation<'py>(py: Python<'py>, seen: &Observation) -> Made<'py> {
    row!(
        py,
        Word(seen.detector),
        Word(seen.confidence.label()),
        Word(seen.end.label()),
        seen.span.first.0,
        seen.span.last.0,
        seen.count,
        frames(&seen.span),
        FactRow(&seen.fact),
        seen.stream,
    )
}

fn verified<'py>(py: Python<'py>, verified: &Verified) -> Made<'py> {
    let tally = |tally: Tally| (tally.pieces, tally.bytes);
    let found = &verified.found;
    row!(
        py,
        verified.stream,
        Word(verified.end.label()),
        verified.torrent,
        tally(found.verified),
        tally(found.wrong),
        tally(found.incomplete),
        tally(found.unknown),
        found.files.iter().map(|(offset, bytes)| (*offset, *bytes)).collect::<Several<_>>(),
    )
}

fn tie<'py>(py: Python<'py>, tie: &Tie) -> Made<'py> {
    row!(
        py,
        Word(tie.end.label()),
        tie.is_outgoing,
        Word(tie.grade.label()),
        Word(tie.grade.confidence().label()),
        tie.is_retry,
        tie.rules,
        several(py, &tie.infohashes, inferred)?,
    )
}

fn inferred<'py>(py: Python<'py>, inferred: &Inferred) -> Made<'py> {
    let sources: Several<_> = inferred.sources.iter().map(|source| Word(source.label())).collect();
    row!(py, inferred.infohash, sources, inferred.senders, inferred.learnt.0)
}

fn target<'py>(py: Python<'py>, target: &Target) -> Made<'py> {
    row!(
        py,
        target.infohash,
        target.span.first.0,
        target.span.last.0,
        target.queries,
        target.nodes(),
        target.answered,
        target.near_own_id,
        frames(&target.span),
    )
}

fn told<'py>(py: Python<'py>, told: &Told) -> Made<'py> {
    let ip = mapped(told.ip);
    row!(py, ip, told.port, told.tellers(), told.span.first.0, told.span.last.0, frames(&told.span))
}

const fn endpoint(endpoint: Endpoint, mac: Option<[u8; 6]>) -> ([u8; 16], u16, Option<[u8; 6]>) {
    (endpoint.ip, endpoint.port, mac)
}

fn vlans(vlans: Vlans) -> Several<u16> {
    vlans.iter().collect()
}

fn tunnel(tunnel: Option<Tunnel>) -> Option<(Word, u32)> {
    tunnel.map(|tunnel| (Word(tunnel.kind.label()), tunnel.id))
}

fn minutes(minutes: &Minutes) -> Several<(i64, u64, u64)> {
    minutes.iter().map(|(minute, ends)| (minute, ends.orig, ends.resp)).collect()
}

fn frames(span: &Span) -> Frames {
    span.frames().map(|frame| (frame.capture, frame.number)).collect()
}
