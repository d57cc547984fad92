//! What every projection owes, in code: run for each view below.
#![expect(clippy::indexing_slicing, reason = "a failing test should panic")]

use countersign_core::{Recorded, State};
use proptest::prelude::*;

use crate::projection::Projection;
use crate::readable;
use crate::story::{states, story};
use crate::views;

fn built<P: Projection + Default>(log: &[(Recorded, State)]) -> P {
    let mut projection = P::default();
    for (event, state) in log {
        projection.apply(event, state);
    }
    projection
}

/// Any split into batches, published by cloning in between, folds to the same digest; and what was published before
/// stays as it was.
fn any_split_folds_to_the_same_digest<P: Projection + Default>() {
    let log = states(&story().0.log);
    let whole = built::<P>(&log).digest();
    let cuts = prop::collection::vec(0..log.len(), 0..6);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(24));
    let outcome = runner.run(&cuts, |mut cuts| {
        cuts.extend([0, log.len()]);
        cuts.sort_unstable();
        let mut live = P::default();
        let mut published = Vec::new();
        for pair in cuts.windows(2) {
            for (event, state) in &log[pair[0]..pair[1]] {
                live.apply(event, state);
            }
            published.push((live.clone(), live.digest()));
        }
        prop_assert_eq!(live.digest(), whole);
        for (clone, digest) in published {
            prop_assert_eq!(clone.digest(), digest, "a published view changed");
        }
        Ok(())
    });
    assert_eq!(outcome.map_err(|error| error.to_string()), Ok(()));
}

/// A view that never took part in the story would pass the rest of the contract.
fn the_story_changes_it<P: Projection + Default>() {
    let log = states(&story().0.log);
    let mut projection = P::default();
    let empty = projection.digest();
    let changed = log.iter().any(|(event, state)| {
        projection.apply(event, state);
        projection.digest() != empty
    });
    assert!(changed);
}

/// A clone that goes its own way does not touch its origin.
fn a_clone_is_independent<P: Projection + Default>() {
    let log = states(&story().0.log);
    let (first, rest) = log.split_at(log.len() / 3);
    let origin = built::<P>(first);
    let digest = origin.digest();
    let mut clone = origin.clone();
    for (event, state) in rest {
        clone.apply(event, state);
    }
    assert_eq!(origin.digest(), digest);
    assert_eq!(clone.digest(), built::<P>(&log).digest());
}

macro_rules! contract {
    ($($name:ident: $view:ty,)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn any_split_folds_to_the_same_digest() {
                super::any_split_folds_to_the_same_digest::<$view>();
            }

            #[test]
            fn the_story_changes_it() {
                super::the_story_changes_it::<$view>();
            }

            #[test]
            fn a_clone_is_independent() {
                super::a_clone_is_independent::<$view>();
            }
        }
    )*};
}

contract! {
    items: views::items::Items,
    inbox: views::inbox::Inbox,
    registry: views::registry::Registry,
    timeline: views::timeline::Timeline,
    verdicts: views::verdicts::Verdicts,
    board: views::board::Board,
    readers: readable::Readers,
    deployments: views::deployments::Deployments,
    nodes: views::nodes::Nodes,
    outbox: views::outbox::Outbox,
}

#[test]
fn the_contract_covers_every_view() {
    assert_eq!(views::Views::ALL.len(), 11, "add the new view to the contract above");
}
