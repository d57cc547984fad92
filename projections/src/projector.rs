//! The projector: one thread that takes what the engine has committed into all views and publishes snapshots.
//!
//! The engine hands over groups through a bounded channel; when the projector falls behind, the engine waits, so that
//! the lag is bounded. The thread ends when the feed is dropped, after the last group.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::history::Loaded;
use crate::snapshots::{Shared, Snapshots};
use countersign_engine::engine::Committed;
use countersign_engine::log::LogReader;

/// Committed groups that may wait for the projector before the engine does.
pub const GROUPS_MAX: usize = 64;

/// The engine's end of the projector.
#[derive(Debug, Clone)]
pub struct Feed {
    groups: SyncSender<Vec<Committed>>,
}

/// The projector's thread is gone: a view's `apply` panicked. Commands can no longer be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the projector has stopped")]
pub struct Stopped;

impl Feed {
    /// Hands over one durable group, in log order; waits while [`GROUPS_MAX`] groups are waiting.
    pub fn send(&self, group: Vec<Committed>) -> Result<(), Stopped> {
        self.groups.send(group).map_err(|_| Stopped)
    }
}

/// The running thread.
#[derive(Debug)]
pub struct Projector {
    thread: JoinHandle<()>,
}

impl Projector {
    /// Starts from what [`load`](crate::load) gave. The reader is for time travel and rebuilds.
    pub fn start<R: LogReader>(loaded: Loaded, reader: R) -> io::Result<(Self, Feed, Snapshots<R>)> {
        let (sender, receiver) = sync_channel(GROUPS_MAX);
        let shared = Arc::new(Shared::new(loaded, reader));
        let snapshots = Snapshots::new(shared.clone());
        let thread = std::thread::Builder::new().name("projector".to_owned()).spawn(move || run(&shared, &receiver))?;
        Ok((Self { thread }, Feed { groups: sender }, snapshots))
    }

    /// Waits until everything handed over is published; the feed must have been dropped.
    pub fn join(self) -> Result<(), Stopped> {
        self.thread.join().map_err(|_| Stopped)
    }
}

fn run<R: LogReader>(shared: &Shared<R>, groups: &Receiver<Vec<Committed>>) {
    /// Tells those who wait for a position that none will come, also when a view panicked.
    struct Ending<'a, R: LogReader>(&'a Shared<R>);

    impl<R: LogReader> Drop for Ending<'_, R> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                tracing::error!(position = self.0.latest().position().0, "a view panicked; the projector has stopped");
            }
            self.0.stop();
        }
    }

    let ending = Ending(shared);
    while let Ok(group) = groups.recv() {
        ending.0.publish(group);
    }
}
