//! Why a command was refused: a stable code, a kind, and a sentence for people.
//!
//! Every module declares its own rejections with [`rejections!`]; `core/docs/codes.md` is generated from these tables.

use std::fmt;

use crate::ids::FieldId;

/// What went wrong, in the sense in which a shell has to tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RejectionKind {
    /// The command itself is wrong, whatever the state.
    Input,
    /// The state forbids it.
    State,
    /// The actor may not.
    Permission,
    /// What it names does not exist, or not for this actor.
    Missing,
    /// The item changed since the client looked.
    Stale,
}

/// One row of the generated table of codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeRow {
    /// Stable, snake case.
    pub code: &'static str,
    /// How a shell tells it.
    pub kind: RejectionKind,
    /// The rule behind it.
    pub rule: &'static str,
}

/// A field that a save was refused for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// Which field.
    pub field: FieldId,
    /// Stable, snake case.
    pub code: &'static str,
    /// What is wrong with it, for people.
    pub message: String,
}

/// Declares a module's `Rejection`: a doc comment (the rule), a kind, a variant, its code and its sentence.
#[macro_export]
macro_rules! rejections {
    ($($(#[doc = $rule:literal])+ $kind:ident $variant:ident $({ $($field:ident : $ty:ty),* $(,)? })? = $code:literal, $text:literal;)*) => {
        /// Why a command of this module was refused.
        #[derive(Debug, Clone, PartialEq, thiserror::Error)]
        pub enum Rejection {
            $($(#[doc = $rule])+ #[error($text)] $variant $({ $($field: $ty),* })?,)*
        }

        impl Rejection {
            /// The module's part of the table of codes.
            pub const CODES: &'static [$crate::rejection::CodeRow] = &[
                $($crate::rejection::CodeRow {
                    code: $code,
                    kind: $crate::rejection::RejectionKind::$kind,
                    rule: concat!($($rule),+),
                },)*
            ];

            /// Stable, snake case.
            #[must_use]
            pub const fn code(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $code,)* }
            }

            /// How a shell tells it.
            #[must_use]
            pub const fn kind(&self) -> $crate::rejection::RejectionKind {
                match self { $(Self::$variant { .. } => $crate::rejection::RejectionKind::$kind,)* }
            }
        }
    };
}

/// Refusals that can meet any command.
pub mod common {
    use crate::ids::{ItemId, Position};

    rejections! {
        /// What the command names does not exist, or not for this actor.
        Missing NotFound { what: String } = "not_found", "{what} does not exist";
        /// The actor's rights do not cover this.
        Permission Forbidden { needs: String } = "forbidden", "this needs {needs}";
        /// The actor is unknown, disabled or revoked.
        Permission ActorInactive = "actor_inactive", "the actor is unknown, disabled or revoked";
        /// An idempotency key stands for one request for ever.
        Input IdempotencyKeyReused { key: String } = "idempotency_key_reused", "the idempotency key {key:?} was used for another request";
        /// The client saw an older state of the item (`If-Match`).
        Stale Stale { item: ItemId, expected: Position, actual: Position } = "stale", "{item} is at position {actual}, not {expected}";
        /// A text is longer than its bound.
        Input TextTooLong { what: &'static str, length_bytes: usize, max_bytes: usize } = "text_too_long", "{what} has {length_bytes} bytes; at most {max_bytes} are allowed";
        /// A name must hold something printable and no control characters.
        Input NameInvalid { what: &'static str } = "name_invalid", "{what} must not be empty or hold control characters";
        /// One command makes at most `COMMAND_EVENTS_MAX` events.
        Input TooManyEvents { events: usize } = "too_many_events", "the command would make {events} events; do it in smaller parts";
        /// One event has at most `EVENT_BYTES_MAX` bytes as JSON.
        Input EventTooLarge { length_bytes: usize } = "event_too_large", "an event of the command would have {length_bytes} bytes; do it in smaller parts";
        /// Hooks judge a change on the state that it is made on.
        State HooksOutdated { item: ItemId } = "hooks_outdated", "{item} changed while the hooks of its template ran; do it again";
        /// The first start is done once.
        State AlreadyBootstrapped = "already_bootstrapped", "this log already has its first events";
    }
}

macro_rules! all_rejections {
    ($($module:path => $variant:ident),* $(,)?) => {
        /// Any refusal.
        #[derive(Debug, Clone, PartialEq, thiserror::Error)]
        pub enum Rejection {
            $(#[doc = concat!("Of `", stringify!($module), "`.")] #[error(transparent)] $variant(#[from] $module),)*
        }

        impl Rejection {
            /// Stable, snake case.
            #[must_use]
            pub const fn code(&self) -> &'static str {
                match self { $(Self::$variant(rejection) => rejection.code(),)* }
            }

            /// How a shell tells it.
            #[must_use]
            pub const fn kind(&self) -> RejectionKind {
                match self { $(Self::$variant(rejection) => rejection.kind(),)* }
            }

            /// The table of all codes.
            pub fn codes() -> impl Iterator<Item = &'static CodeRow> {
                [$(<$module>::CODES,)*].into_iter().flatten()
            }
        }
    };
}

all_rejections! {
    common::Rejection => Common,
    crate::access::Rejection => Access,
    crate::audit::Rejection => Audit,
    crate::artifact::Rejection => Item,
    crate::blueprint::Rejection => Template,
    crate::deploy::Rejection => Deploy,
    crate::log::Rejection => Log,
    crate::rules::Rejection => Rules,
    crate::series::Rejection => Series,
    crate::settings::Rejection => Settings,
    crate::signoff::Rejection => Signoff,
    crate::subscription::Rejection => Subscription,
    crate::sync::Rejection => Sync,
}

impl Rejection {
    /// The fields that a save was refused for.
    #[must_use]
    pub fn fields(&self) -> &[FieldProblem] {
        match self {
            Self::Item(
                crate::artifact::Rejection::FieldsInvalid { problems }
                | crate::artifact::Rejection::HookRefused { problems, .. },
            ) => &problems.0,
            _ => &[],
        }
    }
}

/// Several [`FieldProblem`]s, printed as one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblems(pub Vec<FieldProblem>);

impl fmt::Display for FieldProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.0.iter().enumerate() {
            let separator = if n == 0 { "" } else { "; " };
            write!(f, "{separator}{}: {}", problem.field, problem.message)?;
        }
        Ok(())
    }
}
