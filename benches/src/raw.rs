//! The bare minimum: bytes at the end of a file, and one `fdatasync` for all that came meanwhile.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::mpsc;

use countersign_core::ids::Position;
use countersign_core::schema::Encoded;
use countersign_engine::log::{AppendError, LogWriter};
use tokio::sync::oneshot;

/// Most requests that share one sync; the engine's own bound.
const GROUP_MAX: usize = countersign_engine::engine::GROUP_COMMANDS_MAX;

/// A log that is a file and nothing else: what the engine costs without sled.
#[derive(Debug)]
pub struct RawLog {
    file: File,
    head: Position,
}

impl RawLog {
    /// An empty file.
    pub fn create(path: &Path) -> std::io::Result<Self> {
        Ok(Self { file: File::create(path)?, head: Position::ZERO })
    }
}

impl LogWriter for RawLog {
    fn append(&mut self, _expected_head: Position, events: &[Encoded]) -> Result<Position, AppendError> {
        let mut bytes = Vec::new();
        for event in events {
            bytes.extend_from_slice(&event.frame);
            self.head = event.position;
        }
        self.file.write_all(&bytes).and_then(|()| self.file.sync_data()).map_err(AppendError::of_io)?;
        Ok(self.head)
    }
}

/// Group commit of ready-made bytes, without deciding, encoding or a log.
#[derive(Debug, Clone)]
pub struct RawCommitter {
    queue: mpsc::Sender<(Vec<u8>, oneshot::Sender<()>)>,
}

impl RawCommitter {
    /// Writes to `path` until the last handle is gone.
    pub fn start(path: &Path) -> std::io::Result<Self> {
        let mut file = File::create(path)?;
        let (queue, requests) = mpsc::channel::<(Vec<u8>, oneshot::Sender<()>)>();
        std::thread::spawn(move || {
            while let Ok((mut bytes, first)) = requests.recv() {
                let mut waiting = vec![first];
                while let Some((more, reply)) = (waiting.len() < GROUP_MAX).then(|| requests.try_recv().ok()).flatten()
                {
                    bytes.extend_from_slice(&more);
                    waiting.push(reply);
                }
                // Whoever waits learns of a failure by the dropped reply.
                if file.write_all(&bytes).and_then(|()| file.sync_data()).is_err() {
                    return;
                }
                for reply in waiting {
                    let _gone = reply.send(());
                }
            }
        });
        Ok(Self { queue })
    }

    /// Durable on return.
    pub async fn append(&self, bytes: Vec<u8>) -> anyhow::Result<()> {
        let (reply, answer) = oneshot::channel();
        self.queue.send((bytes, reply))?;
        Ok(answer.await?)
    }
}
