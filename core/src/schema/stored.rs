//! Every frozen event of every schema, and the way from stored bytes to today's domain event.
//!
//! The newest schema of an event thaws into the domain. An older one keeps its struct and implements [`Frozen`] by an
//! upcast to its successor, one step at a time (`upcasts`), and so reaches the domain through all schemas in between.

use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};

use super::bytes;
use super::catalogue;
use super::error::{DecodeError, EncodeError, Part};
use super::v1::{access, audit, deploy, item, log, rules, series, settings, signoff, subscription, sync, template};
use super::wire::{Freezing, Thawing};
use crate::event::Event;

/// One schema of one event. Never edit an implementor, never reuse its pair of numbers.
pub(crate) trait Frozen: Serialize + DeserializeOwned {
    const NUMBER: u16;
    const SCHEMA: u16;
    const RULE: &'static str;
    const FIELDS: &'static [(&'static str, &'static str)];

    fn thaw(self, from: &mut Thawing) -> Result<Event, DecodeError>;
}

/// What the generated catalogue says of one schema.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SchemaRow {
    pub(crate) number: u16,
    pub(crate) schema: u16,
    pub(crate) rule: &'static str,
    pub(crate) fields: &'static [(&'static str, &'static str)],
}

macro_rules! stored {
    ($($module:ident: $($name:ident)*;)*) => {
        /// An event as it is stored, in whichever schema.
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) enum Stored {
            $($($name($module::$name),)*)*
        }

        /// Every implemented pair of numbers.
        pub(crate) const SCHEMAS: &[SchemaRow] = &[$($(SchemaRow {
            number: <$module::$name as Frozen>::NUMBER,
            schema: <$module::$name as Frozen>::SCHEMA,
            rule: <$module::$name as Frozen>::RULE,
            fields: <$module::$name as Frozen>::FIELDS,
        },)*)*];

        impl Stored {
            /// Number and schema.
            pub(crate) const fn numbers(&self) -> (u16, u16) {
                match self {
                    $($(Self::$name(_) => (<$module::$name as Frozen>::NUMBER, <$module::$name as Frozen>::SCHEMA),)*)*
                }
            }

            pub(crate) fn payload(&self) -> Result<Vec<u8>, EncodeError> {
                match self {
                    $($(Self::$name(frozen) => bytes::write(frozen),)*)*
                }
            }

            /// Refuses by name what this version does not know.
            pub(crate) fn read(number: u16, schema: u16, payload: &[u8]) -> Result<Self, DecodeError> {
                $($(if (number, schema) == (<$module::$name as Frozen>::NUMBER, <$module::$name as Frozen>::SCHEMA) {
                    return bytes::read(Part::Payload, payload).map(Self::$name);
                })*)*
                Err(unknown(number, schema))
            }

            pub(crate) fn thaw(self, from: &mut Thawing) -> Result<Event, DecodeError> {
                match self {
                    $($(Self::$name(frozen) => frozen.thaw(from),)*)*
                }
            }
        }

        impl Serialize for Stored {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $($(Self::$name(frozen) => frozen.serialize(serializer),)*)*
                }
            }
        }
    };
}

stored! {
    log: LogCreatedV1;
    sync: NodeRegisteredV1 ItemSyncedV1 ItemGoneV1 EvaluationRecordedV1 EvaluationOptedOutV1
        MetricFocusChosenV1;
    item: ItemCreatedV1 ItemGovernedV1 ItemAttachedV1 ItemHiddenV1 ItemShownV1 FieldsEditedV1 ItemRenamedV1 ItemArchivedV1
        ItemRestoredV1 ItemDeletedV1 StepStartedV1 StepFinishedV1 StepReopenedV1 StepSkippedV1 SignoffPassedOverV1
        CommentAddedV1 CommentEditedV1 CommentDeletedV1 PageSetV1 PageRemovedV1 ItemMigratedV1;
    signoff: SignoffOpenedV1 FeedbackRequestedV1 ReviewSubmittedV1 ReviewEditedV1 ReviewDeletedV1 ReviewDelegatedV1
        ApprovalRequestedV1 ReturnedToFeedbackV1 ApprovalSubmittedV1 ApprovalEditedV1 ApprovalWithdrawnV1
        ApprovalExpiredV1 ApprovalDelegatedV1 SignoffAbandonedV1 AbandonCancelledV1 SignoffResetV1 ResetScheduledV1;
    template: BlueprintCreatedV1 VersionCreatedV1 VersionStatusChangedV1 SignoffConfiguredV1 BlueprintEditedV1
        BlueprintDeletedV1 VersionEditedV1 VersionDeletedV1 SignoffConfigurationRemovedV1;
    access: UserCreatedV1 UserEditedV1 UserDisabledV1 UserDeletedV1 GroupCreatedV1 GroupEditedV1 GroupDeletedV1
        KeyCreatedV1 KeyEditedV1 KeyRevokedV1 RoleCreatedV1 RoleEditedV1 RoleDeletedV1 AssignmentsSetV1 AssignmentsRemovedV1
        PermissionsSetV1 PermissionsRemovedV1;
    audit: SignedInV1 SignedOutV1 SignInFailedV1 RefusalsCountedV1 AuditEntryAddedV1;
    deploy: InfrastructureRegisteredV1 PolicyChangedV1 DeploymentCheckedV1 DeploymentReportedV1 OverrideGrantedV1
        OverrideRevokedV1;
    series: SeriesCreatedV1 PointsPushedV1 PointsDeletedV1 FileUploadedV1 FileDeletedV1;
    settings: SettingsChangedV1;
    rules: GovernanceRuleSetV1 GovernanceScriptSetV1 GovernanceDecidedV1 GovernanceUndecidedV1;
    subscription: SubscribedV1 UnsubscribedV1;
}

/// Freezes an event in its newest schema.
pub(crate) fn freeze(event: &Event, out: &mut Freezing) -> Stored {
    match event {
        Event::Log(event) => log::freeze(event, out),
        Event::Sync(event) => sync::freeze(event, out),
        Event::Item(event) => item::freeze(event, out),
        Event::Signoff(event) => signoff::freeze(event, out),
        Event::Template(event) => template::freeze(event, out),
        Event::Access(event) => access::freeze(event, out),
        Event::Audit(event) => audit::freeze(event, out),
        Event::Deploy(event) => deploy::freeze(event, out),
        Event::Series(event) => series::freeze(event, out),
        Event::Settings(event) => settings::freeze(event, out),
        Event::Rules(event) => rules::freeze(event, out),
        Event::Subscription(event) => subscription::freeze(event, out),
    }
}

/// Permanent number and name of an event.
pub(crate) const fn name(event: &Event) -> (u16, &'static str) {
    match event {
        Event::Log(event) => log::name(event),
        Event::Sync(event) => sync::name(event),
        Event::Item(event) => item::name(event),
        Event::Signoff(event) => signoff::name(event),
        Event::Template(event) => template::name(event),
        Event::Access(event) => access::name(event),
        Event::Audit(event) => audit::name(event),
        Event::Deploy(event) => deploy::name(event),
        Event::Series(event) => series::name(event),
        Event::Settings(event) => settings::name(event),
        Event::Rules(event) => rules::name(event),
        Event::Subscription(event) => subscription::name(event),
    }
}

fn unknown(number: u16, schema: u16) -> DecodeError {
    let name = catalogue::row(number).map_or("unknown", |row| row.name);
    match SCHEMAS.iter().filter(|row| row.number == number).map(|row| row.schema).max() {
        Some(newest) => DecodeError::UnknownSchema { name, number, schema, newest },
        None => DecodeError::UnknownEvent { number, name },
    }
}
