//! The pages `core/docs/events.md` and `core/docs/codes.md`, from what is compiled in.

use std::fmt::Write as _;

use super::catalogue::{self, CATALOGUE};
use super::stored::{SCHEMAS, SchemaRow};
use crate::rejection::{CodeRow, Rejection, RejectionKind};

const EVENTS_HEAD: &str = "\
# Events

Generated from the event catalogue; a test compares. Numbers and names are permanent.
*reserved*: the number is taken, the event is not implemented yet.

In JSON: `Ar` `\"ar.1\"`, `Uf` `\"uf.1\"`, `Ts` `\"ts.1\"`, `Us` `\"us.1\"`, `Ak` `\"ak.1\"`, `Rv` `\"rv.1\"`, `Co` `\"co.1\"`;
`Hash` hex, `Uuid` hyphenated; `Whole` and `Span` numbers, strings from 2^53 on; `Wide` a string; `i64` a time in milliseconds
since 1970; `Finite` a number; `Sealed` the hex SHA-256 of salt and value of something personal. The other types are the
frozen structs of `core/src/schema/v1`; `core/golden/*.leaf.json` shows all of them filled.

A leaf of the log's tree is SHA-256(0x00 ‖ J), where J is the RFC 8785 JSON of `{logId, position, header, type, schema,
data}`: `type` is the event's name, `data` the fields below, all as they were stored.
";

const CODES_HEAD: &str = "\
# Codes

Generated from the rejections of every module; a test compares. Codes are stable.

| code | HTTP | rule |
|---|---|---|
";

/// The page of the event catalogue.
#[must_use]
pub fn events_markdown() -> String {
    let mut page = EVENTS_HEAD.to_owned();
    let mut group = "";
    for row in CATALOGUE {
        let own = catalogue::group(row.number);
        if own != group {
            group = own;
            let [high, _] = row.number.to_be_bytes();
            page.push_str(&format!("\n## `{high:#04x}__` {group}\n\n| number | event | schema | what happened | fields |\n|---|---|---|---|---|\n"));
        }
        let mut schemas = SCHEMAS.iter().filter(|schema| schema.number == row.number).peekable();
        if schemas.peek().is_none() {
            page.push_str(&format!("| `{:#06x}` | {} | | *reserved* | |\n", row.number, row.name));
        }
        for SchemaRow { number, schema, rule, fields } in schemas {
            let fields: Vec<String> = fields.iter().map(|(name, ty)| format!("`{}: {ty}`", camel(name))).collect();
            let rule = rule.trim().replace("  ", " ");
            let _infallible =
                writeln!(page, "| `{number:#06x}` | {} | {schema} | {rule} | {} |", row.name, fields.join(" "));
        }
    }
    page
}

/// The page of the rejections' codes.
#[must_use]
pub fn codes_markdown() -> String {
    let mut rows: Vec<&CodeRow> = Rejection::codes().collect();
    rows.sort_by_key(|row| row.code);
    let mut page = CODES_HEAD.to_owned();
    for CodeRow { code, kind, rule } in rows {
        let rule = rule.trim().replace("  ", " ").replace('|', "\\|");
        let _infallible = writeln!(page, "| `{code}` | {} | {rule} |", status(*kind));
    }
    page
}

/// What a rejection is over HTTP.
const fn status(kind: RejectionKind) -> u16 {
    match kind {
        RejectionKind::Input => 422,
        RejectionKind::State => 409,
        RejectionKind::Permission => 403,
        RejectionKind::Missing => 404,
        RejectionKind::Stale => 412,
    }
}

fn camel(snake: &str) -> String {
    let mut camel = String::new();
    let mut is_word_start = false;
    for letter in snake.chars() {
        match letter {
            '_' => is_word_start = true,
            letter if is_word_start => {
                camel.push(letter.to_ascii_uppercase());
                is_word_start = false;
            }
            letter => camel.push(letter),
        }
    }
    camel
}
