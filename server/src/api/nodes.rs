//! Nodes: what each told of, cleaning up after one that is no more, and asking one to tell everything again.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_core::ids::{ItemId, NodeId, Position};
use countersign_core::sync::{Command, Fate, Leftover, leftovers};
use countersign_core::{Event, Recorded, Rejection, State, artifact, sync};
use countersign_engine::clock::{Clock as _, SystemClock};
use countersign_ingest::resync::{self, Request};
use countersign_projections::views::nodes::Count;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ask::{Answer, Ask};
use super::params::{Page, Params, Segments, cursor};
use super::shape::{List, people};
use super::wish::{Nothing, Wish, submit};
use crate::problem::Problem;

/// Most portions of a cleanup that one request carries out.
pub const CLEANUP_PORTIONS_MAX: usize = 10;

/// A node that spoke.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeShape {
    id: String,
    first_seen: String,
    /// When it last told something that was news; null when it never did.
    last_synced: Option<String>,
    /// The things that it told of, by kind.
    items: Vec<KindShape>,
    /// Of all kinds together.
    gone: u32,
    infrastructures: usize,
}

/// Things of one kind.
#[derive(Debug, Serialize, ToSchema)]
pub struct KindShape {
    /// As in its sync messages: `project`, `saved_model`, `saved_model_version`, `bundle`, `dataset`, `deployment`.
    kind: &'static str,
    /// All that were ever told of.
    count: u32,
    /// Those that the node no longer has.
    gone: u32,
}

/// How a cleanup is to go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CleanupBody {
    /// `true`, also when left out: only tell what would happen.
    #[serde(default = "yes")]
    dry_run: bool,
    /// Of a dry run: the `nextCursor` of the page before.
    cursor: Option<String>,
    /// Of a dry run: entries of a page, 1 to 1000; 50 when left out.
    limit: Option<usize>,
}

const fn yes() -> bool {
    true
}

/// What a cleanup did, or would do.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CleanupShape {
    node: String,
    dry_run: bool,
    /// What happens to each item, by key; of a dry run one page, else what this request did.
    items: Vec<LeftoverShape>,
    /// Of a dry run: give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
    /// Items that go: would go in all, or went by this request.
    gone: usize,
    /// Govern items likewise.
    archived: usize,
    /// Items that a cleanup still has something to do on. Ask again until there are none.
    remaining: usize,
    /// The log position that it was answered from.
    position: u64,
}

/// What happens to one synced item and what governs it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeftoverShape {
    item: String,
    name: String,
    kind: &'static str,
    /// It is marked as gone; `false` when it was before.
    goes: bool,
    govern_item: Option<String>,
    /// Of the govern item: `ARCHIVED`, `ARCHIVED_BEFORE`, or `KEPT` because other nodes still have what it governs.
    fate: Option<&'static str>,
    /// How many such things other nodes still have.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_by: Option<usize>,
}

/// That a node was asked to tell everything again.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResyncShape {
    node: String,
    /// Where the request was published.
    subject: String,
    requested_by: String,
    requested_at: String,
    /// Ties the request to its answer here.
    correlation: String,
    /// The log position when it was asked.
    position: u64,
}

/// All nodes that ever spoke, by id; for administrators.
#[utoipa::path(get, path = "/nodes", tag = "nodes", params(Page),
    responses((status = 200, description = "One page of nodes", body = List<NodeShape>)))]
pub async fn list(ask: Ask, Params(page): Params<Page>) -> Result<Answer<List<NodeShape>>, Problem> {
    ask.need_admin()?;
    let (limit, after) = (page.limit()?, page.after::<String>()?.map(|node| NodeId::from(node.as_str())));
    let nodes = ask.state().nodes.by_id.keys();
    let mut nodes: Vec<_> =
        nodes.filter(|node| after.as_ref().is_none_or(|after| *node > after)).take(limit + 1).collect();
    let has_more = nodes.len() > limit;
    nodes.truncate(limit);
    let next_cursor = nodes.last().filter(|_| has_more).map(cursor);
    let items = nodes.into_iter().map(|node| shape(&ask, node)).collect();
    Ok(ask.answer(List { items, next_cursor, position: ask.position().0 }))
}

fn shape(ask: &Ask, node: &NodeId) -> NodeShape {
    let row = ask.snapshot.views.nodes.get(node);
    let kinds = row.into_iter().flat_map(|row| row.kinds.iter());
    let kind = |(kind, Count { items, gone }): (&&'static str, &Count)| KindShape { kind, count: *items, gone: *gone };
    let items: Vec<_> = kinds.map(kind).collect();
    let infrastructures = &ask.state().infrastructures.by_key;
    NodeShape {
        id: node.to_string(),
        first_seen: ask.state().nodes.by_id.get(node).map(ToString::to_string).unwrap_or_default(),
        last_synced: row.and_then(|row| row.last).map(|last| last.to_string()),
        gone: items.iter().map(|kind| kind.gone).sum(),
        items,
        infrastructures: infrastructures.keys().filter(|infra| infra.node == *node).count(),
    }
}

/// Cleans up after a node that is no more: its items are gone, and govern items that nothing is left of are archived;
/// for administrators. A dry run unless `dryRun` is `false`. A large node is cleaned up in several requests.
#[utoipa::path(post, path = "/nodes/{node}/cleanup", tag = "nodes", request_body = CleanupBody,
    params(("node" = String, Path, description = "The node")),
    responses((status = 200, description = "What happened, or would happen", body = CleanupShape)))]
pub async fn clean_up(
    Segments(node): Segments<String>,
    wish: Wish<CleanupBody>,
) -> Result<Answer<CleanupShape>, Problem> {
    wish.need_admin()?;
    let page = Page { limit: wish.body.limit, cursor: wish.body.cursor.clone() };
    let (limit, after) = (page.limit()?, page.after::<ItemId>()?);
    let node = NodeId::from(node.as_str());
    if wish.body.dry_run {
        return rehearse(&wish, &node, limit, after);
    }
    if wish.body.cursor.is_some() || wish.body.limit.is_some() {
        return Err(Problem::invalid_field("cursor", "parameters_contradict", "pages are of a dry run"));
    }
    let mut state = wish.latest().state.clone();
    let mut position = wish.latest().position().0;
    let mut events = Vec::new();
    for portion in 0..CLEANUP_PORTIONS_MAX {
        let terms = wish.terms().part(format_args!("portion {portion}"))?;
        let done = submit(&wish.app, &terms, Command::CleanUp { node: node.clone() }.into(), None).await?;
        (state, position) = (done.state, done.shape.position);
        let is_over = leftovers(&state, &node).next().is_none();
        events.extend(done.events);
        if is_over {
            break;
        }
    }
    let (items, archived) = done(&state, &events);
    let (remaining, gone) = (leftovers(&state, &node).count(), items.iter().filter(|row| row.goes).count());
    let node = node.to_string();
    let shape = CleanupShape { node, dry_run: false, items, next_cursor: None, gone, archived, remaining, position };
    Ok(Answer::ok(Position(position), shape))
}

fn rehearse(
    wish: &Wish<CleanupBody>,
    node: &NodeId,
    limit: usize,
    after: Option<ItemId>,
) -> Result<Answer<CleanupShape>, Problem> {
    let snapshot = wish.latest();
    let state = &snapshot.state;
    if !state.nodes.by_id.contains_key(node) {
        let unknown = sync::Rejection::NodeUnknown { node: node.clone() };
        return Err(Problem::from(Rejection::from(unknown)).at(snapshot.position()));
    }
    let (mut gone, mut remaining, mut archived) = (0, 0, BTreeSet::new());
    let mut is_reached = after.is_none();
    let mut items = Vec::new();
    let mut has_more = false;
    for left in leftovers(state, node) {
        remaining += 1;
        gone += usize::from(left.goes);
        archived.extend(left.governed.filter(|(_, fate)| *fate == Fate::Archived).map(|(item, _)| item));
        if is_reached && items.len() < limit {
            items.push((left.item.id, leftover(&left)));
        } else {
            has_more |= is_reached;
            is_reached |= after == Some(left.item.id);
        }
    }
    let next_cursor = items.last().filter(|_| has_more).map(|(item, _)| cursor(item));
    let shape = CleanupShape {
        node: node.to_string(),
        dry_run: true,
        items: items.into_iter().map(|(_, row)| row).collect(),
        next_cursor,
        gone,
        archived: archived.len(),
        remaining,
        position: snapshot.position().0,
    };
    Ok(Answer::ok(snapshot.position(), shape))
}

fn leftover(left: &Leftover<'_>) -> LeftoverShape {
    let (fate, kept_by) = match left.governed.map(|(_, fate)| fate) {
        None => (None, None),
        Some(Fate::Archived) => (Some("ARCHIVED"), None),
        Some(Fate::ArchivedBefore) => (Some("ARCHIVED_BEFORE"), None),
        Some(Fate::Kept(others)) => (Some("KEPT"), Some(others)),
    };
    LeftoverShape {
        item: left.item.id.to_string(),
        name: left.item.name.to_string(),
        kind: left.item.source.as_ref().map_or("", |source| source.key.object.word()),
        goes: left.goes,
        govern_item: left.governed.map(|(item, _)| item.to_string()),
        fate,
        kept_by,
    }
}

/// What these events of a cleanup did, by synced item, and how many govern items they archived.
fn done(state: &State, events: &[Arc<Recorded>]) -> (Vec<LeftoverShape>, usize) {
    let archived = events.iter().filter_map(|recorded| match &recorded.event {
        Event::Item(artifact::Event::ItemArchived { item }) => Some(*item),
        _ => None,
    });
    let archived: BTreeSet<ItemId> = archived.collect();
    let mut rows: Vec<LeftoverShape> = Vec::new();
    for recorded in events {
        match &recorded.event {
            Event::Sync(sync::Event::ItemGone { item, .. }) => rows.extend(row(state, *item, true, &archived)),
            Event::Item(artifact::Event::ItemArchived { item }) => {
                // It follows the last thing that it governed, unless that was gone before.
                let is_told = rows.last().is_some_and(|row| row.govern_item == Some(item.to_string()));
                let governed = state.items.by_id.get(item).into_iter().flat_map(|item| artifact::govern::sources(item));
                if !is_told {
                    rows.extend(governed.filter_map(|source| row(state, source, false, &archived)).take(1));
                }
            }
            _ => {}
        }
    }
    (rows, archived.len())
}

fn row(state: &State, item: ItemId, goes: bool, archived: &BTreeSet<ItemId>) -> Option<LeftoverShape> {
    let item = state.items.by_id.get(&item)?;
    let governed = sync::governed(state, item.id, &item.source.as_ref()?.key.node);
    let governed = governed.map(|(item, fate)| (item, if archived.contains(&item) { Fate::Archived } else { fate }));
    Some(leftover(&Leftover { item, goes, governed }))
}

/// Asks a node over NATS to tell everything again; for administrators. What it tells that is known changes nothing.
#[utoipa::path(post, path = "/nodes/{node}/resync", tag = "nodes", request_body = Nothing,
    params(("node" = String, Path, description = "The node")),
    responses((status = 200, description = "Asked", body = ResyncShape)))]
pub async fn resync(Segments(node): Segments<String>, wish: Wish<Nothing>) -> Result<Answer<ResyncShape>, Problem> {
    wish.need_admin()?;
    let without =
        || Problem::conflict("nats_not_configured", "the service runs without NATS, over which nodes are asked");
    let broker = wish.app.broker.get().ok_or_else(without)?;
    let snapshot = wish.latest();
    if !snapshot.state.nodes.by_id.contains_key(&NodeId::from(node.as_str())) {
        return Err(Problem::missing(format_args!("the node {node}")).at(snapshot.position()));
    }
    let request = Request {
        node: node.clone(),
        requested_by: people::name(&snapshot.state, &wish.who.principal),
        via: wish.who.via.map(|key| key.to_string()),
        requested_at: SystemClock.now(),
        correlation: wish.terms().caller().correlation,
    };
    let subject = resync::ask(broker, &request).await.map_err(|error| {
        tracing::warn!(%error, node, "a node was not asked to tell everything again");
        Problem::later(error.code(), error.to_string())
    })?;
    let shape = ResyncShape {
        node,
        subject,
        requested_by: request.requested_by,
        requested_at: request.requested_at.to_string(),
        correlation: request.correlation.to_string(),
        position: snapshot.position().0,
    };
    Ok(Answer::ok(snapshot.position(), shape))
}
