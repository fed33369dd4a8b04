//! One run: frames from a source through the engine, on as many cores as asked for.
//!
//! With one job, the engine works where the frames are read. With more, every worker is given every batch, decodes
//! it, and keeps the flows that fall to it: reading and decoding are cheap beside a flow's memory, no frame is copied
//! or queued by flow, and the facts do not depend on the number of workers.

use std::io;
use std::ops::ControlFlow;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use auditor_core::correlate;
use auditor_core::detect::FrameRef;
use auditor_core::engine::{Engine, Frame, Options, Report};

use crate::batch::Batch;
use crate::capture::CaptureSummary;
use crate::live::Live;
use crate::stream::{Progress, Stream};
use crate::write::{CaptureWriter, Written};

/// How often progress is told.
const TELL: Duration = Duration::from_millis(100);

/// Batches that may wait for a worker: enough that no worker idles, few enough to keep blocks in the cache.
const WAITING: usize = 4;

/// Writes what an interface delivers until its time is over or `tell` breaks; either way the files are whole.
///
/// # Errors
/// When the interface goes away or the disk is full.
pub fn record<B>(
    mut source: Live,
    mut writer: CaptureWriter,
    tell: impl FnMut(Progress, u64) -> ControlFlow<B>,
) -> io::Result<(Written, CaptureSummary, Option<B>)> {
    let mut failed = Ok(());
    let write = |batch: &Batch| {
        if failed.is_ok() {
            failed = writer.write(batch);
        }
    };
    let broken = read(&mut source, write, tell).err();
    failed?;
    Ok((writer.finish()?, source.finish(), broken))
}

/// What a run saw.
#[derive(Debug)]
pub struct Outcome {
    /// The captures, as far as they were read.
    pub captures: Vec<CaptureSummary>,
    /// The facts.
    pub report: Report,
}

/// Frames from wherever: files, or an interface.
pub trait Source {
    /// The next frames; `None` at the end.
    fn next(&mut self) -> Option<Batch>;
    /// How far the source has come.
    fn progress(&self) -> Progress;
    /// What was read in all.
    fn finish(self) -> Vec<CaptureSummary>;
}

impl Source for Live {
    fn next(&mut self) -> Option<Batch> {
        match self.receive() {
            Ok(batch) => batch,
            Err(error) => {
                self.fail(&error);
                None
            }
        }
    }

    fn progress(&self) -> Progress {
        Progress { bytes_read: self.summary().bytes, bytes_total: None }
    }

    fn finish(self) -> Vec<CaptureSummary> {
        vec![Self::finish(self)]
    }
}

impl Source for Stream {
    fn next(&mut self) -> Option<Batch> {
        Iterator::next(self)
    }

    fn progress(&self) -> Progress {
        Self::progress(self)
    }

    fn finish(self) -> Vec<CaptureSummary> {
        Self::finish(self)
    }
}

/// Reads `source` to its end. `tell` is given the progress and the number of frames every tenth of a second.
///
/// # Errors
/// What `tell` breaks with.
pub fn run<B>(
    source: impl Source,
    options: &Options,
    jobs: usize,
    tell: impl FnMut(Progress, u64) -> ControlFlow<B>,
) -> Result<Outcome, B> {
    if jobs > 1 { run_shared(source, options, jobs, tell) } else { run_alone(source, options, tell) }
}

fn run_alone<B>(
    mut source: impl Source,
    options: &Options,
    tell: impl FnMut(Progress, u64) -> ControlFlow<B>,
) -> Result<Outcome, B> {
    let mut engine = Engine::new(options.clone());
    read(&mut source, |batch| ingest(&mut engine, batch), tell)?;
    let report = correlate::join(vec![engine.finish()], options);
    Ok(Outcome { captures: source.finish(), report })
}

fn run_shared<B>(
    mut source: impl Source,
    options: &Options,
    jobs: usize,
    tell: impl FnMut(Progress, u64) -> ControlFlow<B>,
) -> Result<Outcome, B> {
    let parts = thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs as u64)
            .map(|shard| {
                let (sender, batches) = sync_channel::<Batch>(WAITING);
                let mut engine = Engine::new(Options { shard: (shard, jobs as u64), ..options.clone() });
                let worker = scope.spawn(move || {
                    while let Ok(batch) = batches.recv() {
                        ingest(&mut engine, &batch);
                    }
                    engine.finish()
                });
                (sender, worker)
            })
            .collect();
        let (senders, workers): (Vec<SyncSender<Batch>>, Vec<_>) = workers.into_iter().unzip();
        let read = read(&mut source, |batch| send(&senders, batch), tell);
        drop(senders);
        let parts = workers.into_iter().map(thread::ScopedJoinHandle::join);
        let parts = parts.map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        let parts: Vec<_> = parts.collect();
        read.map(|()| parts)
    })?;
    Ok(Outcome { captures: source.finish(), report: correlate::join(parts, options) })
}

fn send(senders: &[SyncSender<Batch>], batch: &Batch) {
    for sender in senders {
        // A worker only goes away by a panic, which joining it brings to light.
        let _ = sender.send(batch.clone());
    }
}

fn read<B>(
    source: &mut impl Source,
    mut each: impl FnMut(&Batch),
    mut tell: impl FnMut(Progress, u64) -> ControlFlow<B>,
) -> Result<(), B> {
    let mut frames = 0;
    let mut told = Instant::now();
    while let Some(batch) = source.next() {
        frames += batch.frames().len() as u64;
        each(&batch);
        if told.elapsed() >= TELL {
            told = Instant::now();
            if let ControlFlow::Break(reason) = tell(source.progress(), frames) {
                return Err(reason);
            }
        }
    }
    Ok(())
}

fn ingest(engine: &mut Engine, batch: &Batch) {
    engine.ingest(batch.iter().map(|frame| Frame {
        time: frame.time,
        link: batch.link,
        wire_len: frame.wire_len,
        place: FrameRef { capture: batch.capture, number: frame.number },
        vantage: batch.vantage,
        bytes: frame.bytes,
    }));
}
