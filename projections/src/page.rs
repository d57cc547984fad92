//! Paging that stays right while the log grows: a cursor is the sort key of the last row that was given.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use countersign_core::ids::ItemId;

/// Rows of a page when nobody says how many.
pub const LIMIT_DEFAULT: usize = 50;
/// Most rows of a page.
pub const LIMIT_MAX: usize = 1_000;
/// How much of a text takes part in sorting; what is equal so far is sorted by id.
pub const KEY_CHARS_MAX: usize = 128;
/// Longest cursor, in bytes: [`KEY_CHARS_MAX`] characters in hexadecimal, a number and an id.
pub const CURSOR_BYTES_MAX: usize = 2 * 4 * KEY_CHARS_MAX + 64;

/// By what a list is sorted; unique, since it ends with the id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// First by text.
    pub text: Arc<str>,
    /// Then by number.
    pub number: u64,
    /// Then by id.
    pub id: ItemId,
}

impl Key {
    /// By text, of which [`KEY_CHARS_MAX`] characters count.
    #[must_use]
    pub fn of_text(text: &Arc<str>, id: ItemId) -> Self {
        let is_short = text.len() <= KEY_CHARS_MAX;
        let text = if is_short { text.clone() } else { text.chars().take(KEY_CHARS_MAX).collect::<String>().into() };
        Self { text, number: 0, id }
    }

    /// By number.
    #[must_use]
    pub fn of_number(number: u64, id: ItemId) -> Self {
        Self { text: Arc::from(""), number, id }
    }
}

/// Where the next page begins: after this key. Its text form is opaque to clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub Key);

/// A text that no list gave as a cursor. Stable code: `cursor_invalid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is not one that a list has given")]
pub struct ParseCursorError;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Key { text, number, id } = &self.0;
        write!(f, "{}-{number}-{}", hex::encode(text.as_bytes()), id.0)
    }
}

impl FromStr for Cursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, ParseCursorError> {
        if text.len() > CURSOR_BYTES_MAX {
            return Err(ParseCursorError);
        }
        let mut parts = text.split('-');
        let (Some(name), Some(number), Some(id), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ParseCursorError);
        };
        let name = hex::decode(name).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(ParseCursorError)?;
        let number = number.parse().map_err(|_| ParseCursorError)?;
        let id = id.parse().map(ItemId).map_err(|_| ParseCursorError)?;
        Ok(Self(Key { text: name.into(), number, id }))
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// At most as many as were asked for.
    pub rows: Vec<T>,
    /// Where to go on; nothing on the last page.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// The same page of something else.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page { rows: self.rows.into_iter().map(each).collect(), next: self.next }
    }
}

/// Which way a list runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

/// The first `limit` keys after the cursor, without sorting the rest; `limit` is kept between 1 and [`LIMIT_MAX`].
pub fn page(keys: impl Iterator<Item = Key>, after: Option<&Cursor>, order: Order, limit: usize) -> Page<ItemId> {
    let limit = limit.clamp(1, LIMIT_MAX);
    let is_after = |key: &Key| match (after, order) {
        (None, _) => true,
        (Some(Cursor(last)), Order::Ascending) => key > last,
        (Some(Cursor(last)), Order::Descending) => key < last,
    };
    let mut kept = BTreeSet::new();
    for key in keys.filter(is_after) {
        kept.insert(key);
        if kept.len() > limit.saturating_add(1) {
            match order {
                Order::Ascending => kept.pop_last(),
                Order::Descending => kept.pop_first(),
            };
        }
    }
    let mut keys: Vec<Key> = kept.into_iter().collect();
    if order == Order::Descending {
        keys.reverse();
    }
    let has_more = keys.len() > limit;
    keys.truncate(limit);
    let next = has_more.then(|| keys.last().cloned().map(Cursor)).flatten();
    Page { rows: keys.into_iter().map(|key| key.id).collect(), next }
}

/// The first `limit` of keys that come in order already, beyond the cursor.
pub fn page_of_sorted(keys: impl Iterator<Item = Key>, limit: usize) -> Page<ItemId> {
    let limit = limit.clamp(1, LIMIT_MAX);
    let mut keys: Vec<Key> = keys.take(limit.saturating_add(1)).collect();
    let has_more = keys.len() > limit;
    keys.truncate(limit);
    let next = has_more.then(|| keys.last().cloned().map(Cursor)).flatten();
    Page { rows: keys.into_iter().map(|key| key.id).collect(), next }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test should panic")]
mod tests {
    use super::*;

    fn key(text: &str, id: u32) -> Key {
        Key { text: text.into(), number: 7, id: ItemId(id) }
    }

    #[test]
    fn a_cursor_survives_its_text_form() {
        for name in ["Überweisung - 1".to_owned(), "𝄞".repeat(10_000)] {
            let cursor = Cursor(Key::of_text(&name.into(), ItemId(u32::MAX)));
            assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        }
    }

    #[test]
    fn a_text_that_is_no_cursor_is_refused() {
        for text in ["", "zz-1-1", "61-1", "61-1-1-1", "61-x-1", "61-1-x", "ff-1-1"] {
            assert_eq!(text.parse::<Cursor>(), Err(ParseCursorError), "{text}");
        }
        assert_eq!("6".repeat(CURSOR_BYTES_MAX + 1).parse::<Cursor>(), Err(ParseCursorError));
    }

    #[test]
    fn pages_put_together_are_the_whole_list_in_order_both_ways() {
        let keys: Vec<Key> = (0..23).map(|id| key(["b", "a", "c"][id % 3], u32::try_from(id).unwrap())).collect();
        for order in [Order::Ascending, Order::Descending] {
            let mut sorted = keys.clone();
            sorted.sort();
            if order == Order::Descending {
                sorted.reverse();
            }
            let (mut rows, mut cursor) = (Vec::new(), None);
            loop {
                let part = page(keys.iter().cloned(), cursor.as_ref(), order, 5);
                assert!(part.rows.len() <= 5);
                rows.extend(part.rows);
                cursor = part.next;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(rows, sorted.iter().map(|key| key.id).collect::<Vec<_>>());
        }
    }
}
