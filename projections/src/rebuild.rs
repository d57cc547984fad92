//! Rebuilding views from the log beside the live ones, and comparing digests.
//!
//! A rebuild only folds: it sends nothing, asks nobody, and repeats no side effect.

use std::sync::Arc;

use countersign_core::ids::{Digest, Position};

use crate::fold::{LoadError, fold};
use crate::projection::state_digest;
use crate::snapshot::Snapshot;
use crate::snapshots::{Shared, Snapshots};
use crate::views::Views;
use countersign_engine::log::LogReader;

/// The state's name among the rebuilt.
pub const STATE: &str = "state";

/// What a rebuild of everything, or of one view, found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuild {
    /// At which position live and rebuilt were compared.
    pub position: Position,
    /// One per view; the state first, when everything was rebuilt.
    pub compared: Vec<Rebuilt>,
}

impl Rebuild {
    /// Whether everything was as the log says.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.compared.iter().all(Rebuilt::is_equal)
    }
}

/// One view, as it was and as the log says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    /// The view's name, or [`STATE`].
    pub name: &'static str,
    /// The view's revision; 0 for the state.
    pub revision: u32,
    /// Of what requests were reading.
    pub live: Digest,
    /// Of what the log gives.
    pub rebuilt: Digest,
}

impl Rebuilt {
    /// Whether the two are the same.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.live == self.rebuilt
    }
}

/// Why nothing was rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// There is no view of that name.
    #[error("there is no projection {name:?}")]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// One rebuild at a time.
    #[error("a rebuild is running")]
    Busy,
    /// The log could not be folded.
    #[error("the log could not be folded")]
    Fold {
        /// Why.
        #[from]
        source: LoadError,
    },
    /// The runtime is shutting down, or a view panicked.
    #[error("the rebuild was broken off")]
    BrokenOff,
}

impl RebuildError {
    /// Stable, snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "projection_unknown",
            Self::Busy => "busy",
            Self::Fold { source } => source.code(),
            Self::BrokenOff => "internal",
        }
    }
}

impl<R: LogReader> Snapshots<R> {
    /// Folds the log again beside the live views, up to where these are now, and compares; what differs is replaced.
    /// Without a name everything is compared, the state too. The state itself is the engine's and never replaced:
    /// a start rebuilds it.
    pub async fn rebuild(&self, name: Option<&str>) -> Result<Rebuild, RebuildError> {
        let names: Vec<&'static str> = Views::ALL.iter().map(|(name, _)| *name).collect();
        let chosen: Vec<&'static str> = match name {
            None => names,
            Some(name) => names.into_iter().filter(|known| *known == name).collect(),
        };
        if let (Some(name), true) = (name, chosen.is_empty()) {
            return Err(RebuildError::Unknown { name: name.to_owned() });
        }
        let permit = self.shared.rebuilds.clone().try_acquire_owned().map_err(|_| RebuildError::Busy)?;
        let shared = self.shared.clone();
        let with_state = name.is_none();
        let work = tokio::task::spawn_blocking(move || {
            let rebuild = rebuild(&shared, &chosen, with_state);
            drop(permit);
            rebuild
        });
        work.await.map_err(|_| RebuildError::BrokenOff)?
    }
}

fn rebuild<R: LogReader>(
    shared: &Shared<R>,
    names: &[&'static str],
    with_state: bool,
) -> Result<Rebuild, RebuildError> {
    let live = shared.latest();
    let mut rebuilt = Snapshot::default();
    fold(&shared.reader, &mut rebuilt, live.position(), |_| {})?;
    let compared = compare(&live, &rebuilt, names, with_state);
    let differing: Vec<&'static str> =
        compared.iter().filter(|rebuilt| !rebuilt.is_equal()).map(|rebuilt| rebuilt.name).collect();
    if !differing.is_empty() {
        tracing::error!(?differing, position = live.position().0, "views differ from the log and are replaced");
        replace(shared, rebuilt, &differing)?;
    }
    Ok(Rebuild { position: live.position(), compared })
}

fn compare(live: &Arc<Snapshot>, rebuilt: &Snapshot, names: &[&'static str], with_state: bool) -> Vec<Rebuilt> {
    let state = with_state.then(|| Rebuilt {
        name: STATE,
        revision: 0,
        live: state_digest(&live.state),
        rebuilt: state_digest(&rebuilt.state),
    });
    let views = names.iter().filter_map(|name| {
        let (live, rebuilt) = (live.views.summary(name)?, rebuilt.views.summary(name)?);
        Some(Rebuilt { name: live.name, revision: live.revision, live: live.digest, rebuilt: rebuilt.digest })
    });
    state.into_iter().chain(views).collect()
}

/// Brings the rebuilt views to where the live ones are meanwhile, and puts them in their place.
fn replace<R: LogReader>(
    shared: &Shared<R>,
    mut rebuilt: Snapshot,
    names: &[&'static str],
) -> Result<(), RebuildError> {
    // Most of the way without holding up the projector, the rest while it waits.
    fold(&shared.reader, &mut rebuilt, shared.latest().position(), |_| {})?;
    let mut outcome = Ok(());
    shared.change(|snapshot| {
        outcome = fold(&shared.reader, &mut rebuilt, snapshot.position(), |_| {});
        if outcome.is_ok() {
            for name in names {
                snapshot.views.replace(name, &rebuilt.views);
            }
        }
    });
    shared.history().clear();
    Ok(outcome?)
}
