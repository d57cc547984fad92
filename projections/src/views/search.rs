//! Full text: an inverted index over names, ids, foreign keys and text fields of items.
//!
//! A token is a run of letters and digits in lower case. A query's tokens are prefixes, all of which an item has to
//! hold. Bounded per item; what lies beyond the bounds is not found.
//!
//! A query is answered from the rarest of its terms on: what holds all of them is a set of bits, so that a list can
//! pass over everything else without looking at it. Only terms that nearly everything holds are asked item by item.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign_core::State;
use countersign_core::artifact::Item;
use countersign_core::ids::{FieldId, ItemId};
use countersign_core::sync::SyncObject;
use countersign_core::value::Value;
use fixedbitset::FixedBitSet;
use imbl::OrdMap;
use imbl::ordmap::Entry;

use crate::projection::Rows;
use crate::sight::FieldReader;

/// Most different tokens of one item.
pub const ITEM_TOKENS_MAX: usize = 512;
/// Longest token, in characters; the rest of a longer one is not looked at.
pub const TOKEN_CHARS_MAX: usize = 40;
/// How much of each text is looked at, in bytes.
pub const TEXT_BYTES_MAX: usize = 4 * 1024;
/// Most tokens of a query; more are not looked at.
pub const QUERY_TOKENS_MAX: usize = 12;
/// Items with neighbouring numbers, whose holding of a token is kept as the bits of one word.
const BLOCK_ITEMS: u32 = u64::BITS;
/// Most blocks that are read to begin a set of holders; of what is more frequent, a walk finds a page sooner. Few in
/// tests, where both ways are taken.
const COLLECTED_MAX: usize = if cfg!(test) { 60 } else { 200_000 };
/// To find where a token's blocks begin takes as long as to read so many.
const SEEK_BLOCKS: usize = 32;
/// To look one item over takes as long as to read so many blocks.
const LOOK_BLOCKS: usize = 24;

/// Which items hold which tokens.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// Tokens are numbered, since most occur often.
    tokens: OrdMap<Arc<str>, Token>,
    texts: OrdMap<u32, Arc<str>>,
    /// Of a token and a block of items those that hold it, never none.
    postings: OrdMap<(u32, u32), u64>,
    /// Ascending; to take an item out again, and to look a candidate over.
    items: OrdMap<ItemId, Arc<[u32]>>,
    last_token: u32,
}

#[derive(Debug, Clone, Copy, Hash)]
struct Token {
    number: u32,
    items: u32,
}

/// A query, looked up in one index.
#[derive(Debug, Clone)]
pub struct Found<'a> {
    index: &'a Index,
    item: Option<ItemId>,
    /// One per token of the query, the rarest first.
    terms: Vec<Term>,
    /// What holds all terms; nothing when each of them is too frequent to be collected.
    holders: Option<FixedBitSet>,
    /// The tokens of the query.
    words: BTreeSet<String>,
    /// From whom fields may be hidden: what the index finds is looked for again in those that he sees.
    reader: Option<(&'a State, &'a FieldReader)>,
}

/// The tokens that begin with one token of a query.
#[derive(Debug, Clone, Default)]
struct Term {
    tokens: FixedBitSet,
    kinds: usize,
    items: usize,
    /// At most so many blocks have any of its postings.
    blocks: usize,
}

impl Index {
    /// Takes an item in as it is now.
    pub(super) fn put(&mut self, item: &Item) {
        let tokens = tokens_of(item, &|_| true);
        let known = self.items.get(&item.id).cloned();
        let is_same = known.as_ref().is_some_and(|known| {
            known.len() == tokens.len()
                && tokens.iter().all(|token| {
                    self.tokens.get(token.as_str()).is_some_and(|token| known.binary_search(&token.number).is_ok())
                })
        });
        if is_same {
            return;
        }
        self.remove(item.id, &tokens);
        let mut numbers: Vec<u32> = tokens.into_iter().map(|token| self.count(token, item.id)).collect();
        numbers.sort_unstable();
        self.items.insert(item.id, numbers.into());
    }

    /// Takes an item out.
    pub(super) fn forget(&mut self, item: ItemId) {
        self.remove(item, &BTreeSet::new());
        self.items.remove(&item);
    }

    /// What a text of people's finds.
    #[must_use]
    pub fn find(&self, text: &str) -> Found<'_> {
        let mut words = BTreeSet::new();
        split(text, &mut words, QUERY_TOKENS_MAX);
        let mut terms: Vec<Term> = words.iter().map(|term| self.term(term)).collect();
        terms.sort_by_key(Term::cost);
        let holders = self.holders(&terms);
        Found { index: self, item: text.trim().parse().ok(), terms, holders, words, reader: None }
    }

    fn term(&self, begin: &str) -> Term {
        let mut term = Term::default();
        let from: Arc<str> = begin.into();
        let blocks = self.items.get_max().map_or(0, |(last, _)| place(block_of(*last).0).saturating_add(1));
        for (_, token) in self.tokens.range(from..).take_while(|(token, _)| token.starts_with(begin)) {
            term.tokens.grow_and_insert(place(token.number));
            term.kinds += 1;
            term.items = term.items.saturating_add(place(token.items));
            term.blocks = term.blocks.saturating_add(place(token.items).min(blocks));
        }
        term
    }

    /// What holds all terms, which come the rarest first.
    fn holders(&self, terms: &[Term]) -> Option<FixedBitSet> {
        let (first, rest) = terms.split_first()?;
        let mut holders = (first.cost() <= COLLECTED_MAX).then(|| self.collect(first))?;
        for term in rest {
            let left = holders.count_ones(..);
            if left.saturating_mul(LOOK_BLOCKS) < term.cost() {
                let lost: Vec<usize> = holders.ones().filter(|item| !self.holds(item_at(*item), term)).collect();
                lost.into_iter().for_each(|item| holders.remove(item));
            } else {
                holders.intersect_with(&self.collect(term));
            }
        }
        Some(holders)
    }

    fn collect(&self, term: &Term) -> FixedBitSet {
        let mut items = FixedBitSet::new();
        if let Some((last, _)) = self.items.get_max() {
            items.grow(place(last.0).saturating_add(1));
        }
        for number in term.tokens.ones() {
            self.postings(number).for_each(|item| items.grow_and_insert(place(item.0)));
        }
        items
    }

    fn postings(&self, number: usize) -> impl Iterator<Item = ItemId> {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let blocks = self.postings.range((number, 0)..=(number, u32::MAX));
        blocks.flat_map(|((_, block), held)| {
            let rest = std::iter::successors(Some(*held), |held| Some(held & held.wrapping_sub(1)));
            let first = block.saturating_mul(BLOCK_ITEMS);
            rest.take_while(|held| *held != 0).map(move |held| ItemId(first.saturating_add(held.trailing_zeros())))
        })
    }

    fn holds(&self, item: ItemId, term: &Term) -> bool {
        self.items.get(&item).is_some_and(|held| held.iter().any(|number| term.tokens.contains(place(*number))))
    }

    pub(super) fn digest(&self, rows: &mut Rows) {
        for (token, held) in &self.tokens {
            rows.row(&(token, held));
        }
        for row in &self.items {
            rows.row(&row);
        }
    }

    fn count(&mut self, token: String, item: ItemId) -> u32 {
        let number = match self.tokens.get_mut(token.as_str()) {
            Some(held) => {
                let (block, bit) = block_of(item);
                let holders = self.postings.entry((held.number, block)).or_default();
                if *holders & bit == 0 {
                    *holders |= bit;
                    held.items = held.items.saturating_add(1);
                }
                return held.number;
            }
            None => self.last_token.saturating_add(1),
        };
        self.last_token = number;
        let token: Arc<str> = token.into();
        self.texts.insert(number, token.clone());
        self.tokens.insert(token, Token { number, items: 1 });
        let (block, bit) = block_of(item);
        self.postings.insert((number, block), bit);
        number
    }

    /// All postings of an item but those of the tokens that it keeps.
    fn remove(&mut self, item: ItemId, kept: &BTreeSet<String>) {
        let Some(known) = self.items.get(&item).cloned() else { return };
        let kept: BTreeSet<u32> =
            kept.iter().filter_map(|token| self.tokens.get(token.as_str())).map(|token| token.number).collect();
        for number in known.iter().filter(|number| !kept.contains(number)) {
            let (block, bit) = block_of(item);
            if let Entry::Occupied(mut held) = self.postings.entry((*number, block)) {
                *held.get_mut() &= !bit;
                if *held.get() == 0 {
                    held.remove();
                }
            }
            let Some(text) = self.texts.get(number).cloned() else { continue };
            let Some(token) = self.tokens.get_mut(&text) else { continue };
            token.items = token.items.saturating_sub(1);
            if token.items == 0 {
                self.tokens.remove(&text);
                self.texts.remove(number);
            }
        }
    }
}

impl Term {
    /// Of collecting its holders, in blocks read.
    fn cost(&self) -> usize {
        self.kinds.saturating_mul(SEEK_BLOCKS).saturating_add(self.blocks)
    }
}

impl<'a> Found<'a> {
    /// For a reader from whom fields may be hidden: [`Found::has`] knows what stands in those alone as not found.
    #[must_use]
    pub fn seen_by(self, state: &'a State, reader: Option<&'a FieldReader>) -> Self {
        Self { reader: reader.map(|reader| (state, reader)), ..self }
    }

    /// Whether an item holds all of it.
    #[must_use]
    pub fn has(&self, item: ItemId) -> bool {
        let holds = || match &self.holders {
            Some(holders) => holders.contains(place(item.0)),
            None => self.index.items.contains_key(&item) && self.holds(item),
        };
        self.item == Some(item) || (holds() && self.is_seen(item))
    }

    fn is_seen(&self, item: ItemId) -> bool {
        let Some((state, reader)) = self.reader else { return true };
        let Some(item) = state.items.by_id.get(&item) else { return false };
        if !reader.hides_in(&item.template.blueprint) {
            return true;
        }
        let seen = reader.fields(item.id);
        let tokens = tokens_of(item, &|field| seen.reads(field));
        let begins = |word: &String| tokens.range(word.clone()..).next().is_some_and(|token| token.starts_with(word));
        self.words.iter().all(begins)
    }

    /// At most how many items it finds.
    #[must_use]
    pub fn count_max(&self) -> usize {
        let rarest = || self.terms.iter().map(|term| term.items).min().unwrap_or(self.index.items.len());
        let holders = self.holders.as_ref().map_or_else(rarest, |holders| holders.count_ones(..));
        holders.saturating_add(usize::from(self.item.is_some()))
    }

    /// What it finds, each once, in order of making, for a reader of all fields: of another one it is a superset.
    #[must_use]
    pub fn items(&self) -> BTreeSet<ItemId> {
        let mut found: BTreeSet<ItemId> = match (&self.holders, self.terms.first()) {
            (Some(holders), _) => holders.ones().map(item_at).collect(),
            (None, Some(rarest)) => {
                let tokens = rarest.tokens.ones().flat_map(|number| self.index.postings(number));
                tokens.filter(|item| self.holds(*item)).collect()
            }
            (None, None) => self.index.items.keys().copied().collect(),
        };
        found.extend(self.item.filter(|item| self.index.items.contains_key(item)));
        found
    }

    fn holds(&self, item: ItemId) -> bool {
        self.terms.iter().all(|term| self.index.holds(item, term))
    }
}

fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// In which block an item is, and which bit it is there.
const fn block_of(item: ItemId) -> (u32, u64) {
    (item.0 / BLOCK_ITEMS, 1 << (item.0 % BLOCK_ITEMS))
}

fn item_at(place: usize) -> ItemId {
    ItemId(u32::try_from(place).unwrap_or(u32::MAX))
}

fn tokens_of(item: &Item, reads: &dyn Fn(&FieldId) -> bool) -> BTreeSet<String> {
    let mut tokens = BTreeSet::new();
    let mut take = |text: &str| split(text, &mut tokens, ITEM_TOKENS_MAX);
    take(&item.name);
    take(&item.id.to_string());
    if let Some(source) = &item.source {
        take(source.key.node.as_str());
        let object = &source.key.object;
        object.project().into_iter().for_each(|project| take(project));
        if let SyncObject::ModelVersion { model, .. } = object {
            take(model);
        }
        take(object.own_key());
    }
    let fields = item.fields.iter().filter(|(field, _)| reads(field));
    for value in fields.flat_map(|(_, value)| value.scalars()) {
        if let Value::Text(text) | Value::Category(text) = value {
            take(text);
        }
    }
    tokens
}

/// The different tokens of a text, until there are `max` in all.
fn split(text: &str, into: &mut BTreeSet<String>, max: usize) {
    let end = text.floor_char_boundary(TEXT_BYTES_MAX);
    let text = text.get(..end).unwrap_or(text);
    let runs = text.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty());
    for run in runs {
        if into.len() >= max {
            return;
        }
        into.insert(run.chars().flat_map(char::to_lowercase).take(TOKEN_CHARS_MAX).collect());
    }
}
