//! All views, as one value.

pub mod board;
pub mod deployments;
pub mod inbox;
pub mod initiatives;
pub mod items;
#[cfg(test)]
mod list_tests;
pub mod nodes;
pub mod outbox;
#[cfg(test)]
mod random_tests;
pub mod registry;
pub mod search;
#[cfg(test)]
mod tests;
pub mod timeline;
pub mod verdicts;

use countersign_core::ids::Digest;
use countersign_core::{Recorded, State};

use crate::projection::Projection;

/// What a view is called, which revision it is, and what its rows amount to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// [`Projection::NAME`].
    pub name: &'static str,
    /// [`Projection::REVISION`].
    pub revision: u32,
    /// [`Projection::digest`].
    pub digest: Digest,
}

macro_rules! views {
    ($($(#[$doc:meta])* $name:ident: $view:ty,)*) => {
        /// Every view at one position.
        #[derive(Debug, Clone, Default)]
        pub struct Views {
            $($(#[$doc])* pub $name: $view,)*
        }

        impl Views {
            /// Name and revision of every view.
            pub const ALL: &'static [(&'static str, u32)] = &[$((<$view>::NAME, <$view>::REVISION),)*];

            /// Takes one event into every view; `state` is the state after exactly this event.
            pub fn apply(&mut self, event: &Recorded, state: &State) {
                $(self.$name.apply(event, state);)*
            }

            /// The digest of one view; nothing when there is no view of that name.
            #[must_use]
            pub fn summary(&self, name: &str) -> Option<Summary> {
                match name {
                    $(<$view>::NAME => Some(Summary {
                        name: <$view>::NAME,
                        revision: <$view>::REVISION,
                        digest: self.$name.digest(),
                    }),)*
                    _ => None,
                }
            }

            /// Puts the view of that name in the place of its like here.
            pub(crate) fn replace(&mut self, name: &str, with: &Self) {
                match name {
                    $(<$view>::NAME => self.$name = with.$name.clone(),)*
                    _ => {}
                }
            }
        }
    };
}

views! {
    /// Lists.
    items: items::Items,
    /// What waits for whom.
    inbox: inbox::Inbox,
    /// Models, metrics, drift.
    registry: registry::Registry,
    /// Everything that happened, in order.
    timeline: timeline::Timeline,
    /// What the gate would say about each bundle and model version.
    verdicts: verdicts::Verdicts,
    /// Govern projects on workflow board, matrix and gauges.
    board: board::Board,
    /// The sign-offs below each govern project.
    initiatives: initiatives::Initiatives,
    /// When rights grew.
    readers: crate::readable::Readers,
    /// What deployers asked the gate.
    deployments: deployments::Deployments,
    /// What each node told of.
    nodes: nodes::Nodes,
    /// What is told to whom by mail.
    outbox: outbox::Outbox,
}
