//! What people say about items: comments in threads, and the Markdown page.

use std::sync::Arc;

use super::rights::{readable, refuse_archived};
use super::state::{Comment, Item, Items, Page};
use super::{Event, Rejection, govern};
use crate::access::may::{Action, Subject, is_admin};
use crate::access::require::require;
use crate::draft::Draft;
use crate::ids::{CommentId, ItemId, StepId};
use crate::recorded::Recorded;
use crate::rejection::common;
use crate::state::State;

/// Longest comment, in bytes.
pub const COMMENT_BYTES_MAX: usize = 16 * 1024;
/// Longest Markdown page, in bytes: it has to fit into one event, whatever has to be escaped in it.
pub const PAGE_BYTES_MAX: usize = 24 * 1024;

/// The comments on an item in the order in which they were made, those after `after` only.
pub fn comments(items: &Items, item: ItemId, after: Option<CommentId>) -> impl Iterator<Item = &Arc<Comment>> {
    let first = (item, CommentId(after.map_or(0, |after| after.0.saturating_add(1))));
    items.comments.range(first..).take_while(move |((on, _), _)| *on == item).map(|(_, comment)| comment)
}

pub(super) fn comment(
    draft: &mut Draft<'_>,
    item: ItemId,
    step: Option<&StepId>,
    text: &Arc<str>,
) -> Result<(), crate::Rejection> {
    let found = discussable(draft, item)?;
    if let Some(step) = step.filter(|step| !has_step(&found, step)) {
        return Err(Rejection::StepUnknown { item, step: step.clone() }.into());
    }
    check_comment(text)?;
    let comment = CommentId(draft.state().items.last_comment.saturating_add(1));
    let text = draft.personal(text);
    draft.emit(Event::CommentAdded { item, comment, step: step.cloned(), text });
    Ok(())
}

pub(super) fn edit_comment(
    draft: &mut Draft<'_>,
    item: ItemId,
    comment: CommentId,
    text: &Arc<str>,
) -> Result<(), crate::Rejection> {
    let found = own_comment(draft, item, comment)?;
    check_comment(text)?;
    if found.text.value() != Some(&**text) {
        let text = draft.personal(text);
        draft.emit(Event::CommentEdited { item, comment, text });
    }
    Ok(())
}

pub(super) fn delete_comment(draft: &mut Draft<'_>, item: ItemId, comment: CommentId) -> Result<(), crate::Rejection> {
    own_comment(draft, item, comment)?;
    draft.emit(Event::CommentDeleted { item, comment });
    Ok(())
}

pub(super) fn set_page(draft: &mut Draft<'_>, item: ItemId, text: &Arc<str>) -> Result<(), crate::Rejection> {
    discussable(draft, item)?;
    if text.trim().is_empty() {
        return Err(Rejection::PageEmpty.into());
    }
    bounded("the page", text, PAGE_BYTES_MAX)?;
    if draft.state().items.pages.get(&item).is_none_or(|page| page.text != *text) {
        draft.emit(Event::PageSet { item, text: text.clone() });
    }
    Ok(())
}

pub(super) fn remove_page(draft: &mut Draft<'_>, item: ItemId) -> Result<(), crate::Rejection> {
    discussable(draft, item)?;
    if draft.state().items.pages.contains_key(&item) {
        draft.emit(Event::PageRemoved { item });
    }
    Ok(())
}

/// Folds what was said into the state.
pub(super) fn evolve(state: &mut State, recorded: &Recorded, event: &Event) {
    let items = &mut state.items;
    match event {
        Event::CommentAdded { item, comment, step, text } => {
            items.last_comment = items.last_comment.max(comment.0);
            let said = Comment {
                id: *comment,
                step: step.clone(),
                text: text.clone(),
                author: recorded.actor.clone(),
                via: recorded.via,
                at: recorded.recorded_at,
                edited_at: None,
                position: recorded.position,
            };
            items.comments.insert((*item, *comment), Arc::new(said));
        }
        Event::CommentEdited { item, comment, text } => {
            if let Some(found) = items.comments.get_mut(&(*item, *comment)) {
                let found = Arc::make_mut(found);
                found.text = text.clone();
                found.edited_at = Some(recorded.recorded_at);
            }
        }
        Event::CommentDeleted { item, comment } => {
            items.comments.remove(&(*item, *comment));
        }
        Event::PageSet { item, text } => {
            let (text, author) = (text.clone(), recorded.actor.clone());
            let page = Page { text, author, at: recorded.recorded_at, position: recorded.position };
            items.pages.insert(*item, Arc::new(page));
        }
        Event::PageRemoved { item } => {
            items.pages.remove(item);
        }
        _ => {}
    }
}

// Nobody may write on a synced item; who may govern it may say something about it.
fn discussable(draft: &Draft<'_>, item: ItemId) -> Result<Arc<Item>, crate::Rejection> {
    let found = readable(draft, item)?;
    match govern::governable(&found) {
        Ok((_, blueprint)) => require(draft, Action::Create, Subject::Blueprint(&blueprint))?,
        Err(_) => require(draft, Action::Write, Subject::Item(item))?,
    }
    refuse_archived(&found)?;
    Ok(found)
}

// Its author may lack the rights by now under which he said it; what he said stays his.
fn own_comment(draft: &Draft<'_>, item: ItemId, comment: CommentId) -> Result<Arc<Comment>, crate::Rejection> {
    let found = readable(draft, item)?;
    let said = draft.state().items.comments.get(&(item, comment)).cloned();
    let said = said.ok_or_else(|| common::Rejection::NotFound { what: format!("{comment} of {item}") })?;
    let principal = &draft.context().caller.principal;
    if said.author != *principal && !is_admin(draft.state(), principal) {
        return Err(Rejection::CommentOfAnother { comment }.into());
    }
    refuse_archived(&found)?;
    Ok(said)
}

fn check_comment(text: &str) -> Result<(), crate::Rejection> {
    if text.trim().is_empty() {
        return Err(Rejection::CommentEmpty.into());
    }
    bounded("the comment", text, COMMENT_BYTES_MAX)
}

fn bounded(what: &'static str, text: &str, max_bytes: usize) -> Result<(), crate::Rejection> {
    let length_bytes = text.len();
    if length_bytes > max_bytes {
        return Err(common::Rejection::TextTooLong { what, length_bytes, max_bytes }.into());
    }
    Ok(())
}

fn has_step(item: &Item, step: &StepId) -> bool {
    item.steps.iter().any(|found| found.id == *step)
}
