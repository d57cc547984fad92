//! Templates as the state holds them.

use std::sync::Arc;

use imbl::OrdMap;

use crate::ids::{
    BlueprintId, FeedbackGroupId, FieldId, GroupId, KeyId, Position, RoleId, StepId, TemplateId, UserId, VersionId,
};

/// All templates.
#[derive(Debug, Clone, Default)]
pub struct Templates {
    /// By blueprint.
    pub blueprints: OrdMap<BlueprintId, Arc<Blueprint>>,
    /// Every sign-off configuration that ever was, by the position of its event: a sign-off refers to one.
    pub configurations: OrdMap<Position, Arc<Configuration>>,
}

/// A kind of item.
#[derive(Debug, Clone)]
pub struct Blueprint {
    /// Its id.
    pub id: BlueprintId,
    /// What people call it.
    pub name: Arc<str>,
    /// Of synced things: people may not change, create or delete such items.
    pub locked: bool,
    /// Icon, colours and whatever else a client keeps there, as JSON.
    pub document: Arc<str>,
    /// Its versions.
    pub versions: OrdMap<VersionId, Arc<Version>>,
}

/// A template.
#[derive(Debug, Clone)]
pub struct Version {
    /// What it is a version of.
    pub id: TemplateId,
    /// DRAFT, ACTIVE or ARCHIVED.
    pub status: VersionStatus,
    /// The version it was forked from.
    pub origin: Option<VersionId>,
    /// Fields and steps.
    pub definition: Arc<Definition>,
    /// The configuration now in force of each step that has a sign-off, by the position of its event.
    pub configured: OrdMap<StepId, Position>,
}

/// Whether a template can be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionStatus {
    /// Being written.
    Draft,
    /// Can be applied.
    Active,
    /// No longer applied; items that use it stay.
    Archived,
}

/// What a version says, in the shape of Dataiku's `blueprintVersion`; parsed once, the document kept as it was given.
#[derive(Debug, Clone)]
pub struct Definition {
    /// What people call the version.
    pub name: Arc<str>,
    /// The reference field that names an item's parent.
    pub parent_field: Option<FieldId>,
    /// In the order of the document.
    pub fields: Vec<FieldDefinition>,
    /// In the order of the workflow.
    pub steps: Vec<StepDefinition>,
    /// The whole document as compact JSON in the order given (which is the order of the fields), with the parts that
    /// mean nothing to us.
    pub document: Arc<str>,
}

/// Two definitions are equal when their documents are: everything else is parsed from there.
impl PartialEq for Definition {
    fn eq(&self, other: &Self) -> bool {
        self.document == other.document
    }
}

/// One field of a template.
#[derive(Debug, Clone)]
pub struct FieldDefinition {
    /// Its id, unique in the version.
    pub id: FieldId,
    /// What people read.
    pub label: Arc<str>,
    /// What it can hold.
    pub kind: FieldKind,
    /// Whether an item must have it.
    pub required: bool,
    /// Present for a list field.
    pub list: Option<ListBounds>,
    /// Stored, or computed from other things.
    pub source: FieldSource,
}

/// The nine field types.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldKind {
    /// TEXT.
    Text,
    /// NUMBER, with the ends of its range.
    Number { min: Option<f64>, max: Option<f64> },
    /// BOOLEAN.
    Boolean,
    /// DATE.
    Date,
    /// CATEGORY, one of these.
    Category { categories: Vec<Arc<str>> },
    /// REFERENCE to an item of these blueprints; of any when empty.
    Reference { blueprints: Vec<BlueprintId> },
    /// UPLOADED_FILE.
    UploadedFile,
    /// TIME_SERIES.
    TimeSeries,
    /// JSON.
    Json,
}

/// How many values a list field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListBounds {
    /// At least.
    pub min: u32,
    /// At most; none stands for the product's own bound.
    pub max: Option<u32>,
}

/// Where a field's value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldSource {
    /// Typed in by people, or synced.
    Stored,
    /// The items that refer to this one through `field` of an item of `blueprint`.
    BackReference { blueprint: BlueprintId, field: FieldId },
    /// 20, 40, 60, 80 for the rating in `field`; 100 minus that when `inverted`.
    RatingScore { field: FieldId, inverted: bool },
}

/// One step of a workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct StepDefinition {
    /// Its id, unique in the version.
    pub id: StepId,
    /// What people read.
    pub name: Arc<str>,
    /// Shown only while this holds; always when absent.
    pub visible_when: Option<Condition>,
}

/// A condition on an item.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// The field holds exactly this (for a list: contains it); compared with the value's JSON text form.
    FieldEquals { field: FieldId, value: Arc<str> },
    /// Not that.
    Not(Box<Condition>),
    /// All of them.
    All(Vec<Condition>),
    /// At least one of them.
    Any(Vec<Condition>),
}

/// How a step is signed off.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Configuration {
    /// What people read.
    pub title: Arc<str>,
    /// More of it.
    pub description: Arc<str>,
    /// Whether the step can be finished without the approval.
    pub mandatory: bool,
    /// Who gives feedback; none makes it a final-only sign-off.
    pub groups: Vec<FeedbackGroup>,
    /// Who approves.
    pub approvers: Vec<Container>,
    /// Resets by itself.
    pub recurrence: Option<Recurrence>,
    /// Whoever requested anything in the cycle may not approve it.
    pub requester_may_not_approve: bool,
    /// Whoever reviewed in the cycle may not approve it.
    pub reviewer_may_not_approve: bool,
    /// Decisions through an impersonating key are refused.
    pub impersonation_refused: bool,
    /// How many approvers have to approve; 0 and 1 mean one.
    pub approvals_needed: u32,
    /// At least one approval from here.
    pub approval_needed_from: Option<Container>,
    /// The approval expires after this many milliseconds.
    pub expires_after_millis: Option<i64>,
}

/// A group of reviewers of one sign-off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedbackGroup {
    /// Its id in this sign-off.
    pub id: FeedbackGroupId,
    /// What people read.
    pub title: Arc<str>,
    /// Who is in it.
    pub members: Vec<Container>,
}

/// A *users container*: who is meant, evaluated at the moment of the action.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Container {
    /// One person.
    User(UserId),
    /// All of a group.
    Group(GroupId),
    /// Whoever has this role on the item.
    Role(RoleId),
    /// An API key.
    Key(KeyId),
}

/// How often a sign-off resets by itself; the parts add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recurrence {
    /// Whether it runs.
    pub activated: bool,
    /// Days of it.
    pub days: u32,
    /// Weeks of it.
    pub weeks: u32,
    /// Months of it; month ends are clamped.
    pub months: u32,
    /// Years of it.
    pub years: u32,
    /// Whether the reset takes the configuration afresh.
    pub reload: bool,
}
