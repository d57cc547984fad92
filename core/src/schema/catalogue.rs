//! Every event there is or will be, with its permanent number. Since 0.1. Never reuse a number, never rename.

/// One event of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogueRow {
    /// Permanent; its high byte is the group.
    pub number: u16,
    /// As on every wire: `ReviewSubmitted`.
    pub name: &'static str,
    /// The number is taken, the event not implemented yet.
    pub is_reserved: bool,
}

/// The groups by the high byte of their events' numbers. Entries of the audit are about the log and go with it.
const GROUPS: [&str; 10] =
    ["log", "sync", "item", "signoff", "template", "access", "settings", "deploy", "series", "log"];

/// The group of an event, as in `govern.events.<group>.…`.
pub(crate) fn group(number: u16) -> &'static str {
    let [high, _] = number.to_be_bytes();
    GROUPS.get(usize::from(high)).copied().unwrap_or("unknown")
}

pub(crate) fn row(number: u16) -> Option<&'static CatalogueRow> {
    CATALOGUE.iter().find(|row| row.number == number)
}

const fn made(number: u16, name: &'static str) -> CatalogueRow {
    CatalogueRow { number, name, is_reserved: false }
}

const fn reserved(number: u16, name: &'static str) -> CatalogueRow {
    CatalogueRow { number, name, is_reserved: true }
}

pub(crate) const CATALOGUE: &[CatalogueRow] = &[
    made(0x0001, "LogCreated"),
    reserved(0x0002, "LogRestored"),
    reserved(0x0003, "IntegrityFound"),
    made(0x0101, "NodeRegistered"),
    made(0x0102, "ItemSynced"),
    made(0x0103, "ItemGone"),
    made(0x0104, "EvaluationRecorded"),
    made(0x0105, "EvaluationOptedOut"),
    made(0x0201, "ItemCreated"),
    made(0x0202, "ItemGoverned"),
    made(0x0203, "ItemAttached"),
    made(0x0204, "ItemHidden"),
    made(0x0205, "ItemShown"),
    made(0x0206, "FieldsEdited"),
    made(0x0207, "ItemRenamed"),
    made(0x0208, "ItemArchived"),
    made(0x0209, "ItemRestored"),
    made(0x020a, "ItemDeleted"),
    made(0x020b, "ItemMigrated"),
    made(0x020c, "StepStarted"),
    made(0x020d, "StepFinished"),
    made(0x020e, "StepReopened"),
    made(0x020f, "StepSkipped"),
    made(0x0210, "SignoffPassedOver"),
    made(0x0301, "SignoffOpened"),
    made(0x0302, "FeedbackRequested"),
    made(0x0303, "ReviewSubmitted"),
    made(0x0304, "ReviewEdited"),
    made(0x0305, "ReviewDeleted"),
    made(0x0306, "ReviewDelegated"),
    made(0x0307, "ApprovalRequested"),
    made(0x0308, "ReturnedToFeedback"),
    made(0x0309, "ApprovalSubmitted"),
    made(0x030a, "ApprovalEdited"),
    made(0x030b, "ApprovalWithdrawn"),
    made(0x030c, "ApprovalExpired"),
    made(0x030d, "ApprovalDelegated"),
    made(0x030e, "SignoffAbandoned"),
    made(0x030f, "AbandonCancelled"),
    made(0x0310, "SignoffReset"),
    made(0x0311, "ResetScheduled"),
    made(0x0401, "BlueprintCreated"),
    made(0x0402, "BlueprintEdited"),
    made(0x0403, "BlueprintDeleted"),
    made(0x0404, "VersionCreated"),
    made(0x0405, "VersionEdited"),
    made(0x0406, "VersionStatusChanged"),
    made(0x0407, "VersionDeleted"),
    made(0x0408, "SignoffConfigured"),
    made(0x0409, "SignoffConfigurationRemoved"),
    made(0x0501, "UserCreated"),
    made(0x0502, "UserEdited"),
    made(0x0503, "UserDisabled"),
    made(0x0504, "UserDeleted"),
    made(0x0505, "SignedIn"),
    made(0x0506, "SignedOut"),
    made(0x0507, "SignInFailed"),
    made(0x0508, "GroupCreated"),
    made(0x0509, "GroupEdited"),
    made(0x050a, "GroupDeleted"),
    made(0x050b, "KeyCreated"),
    made(0x050c, "KeyEdited"),
    made(0x050d, "KeyRevoked"),
    made(0x050e, "RoleCreated"),
    made(0x050f, "RoleEdited"),
    made(0x0510, "RoleDeleted"),
    made(0x0511, "AssignmentsSet"),
    made(0x0512, "AssignmentsRemoved"),
    made(0x0513, "PermissionsSet"),
    made(0x0514, "PermissionsRemoved"),
    made(0x0515, "RefusalsCounted"),
    made(0x0601, "SettingsChanged"),
    made(0x0602, "GovernanceRuleSet"),
    made(0x0603, "PageSet"),
    made(0x0604, "PageRemoved"),
    made(0x0605, "MetricFocusChosen"),
    made(0x0606, "Subscribed"),
    made(0x0607, "Unsubscribed"),
    made(0x0608, "CommentAdded"),
    made(0x0609, "CommentEdited"),
    made(0x060a, "CommentDeleted"),
    made(0x060b, "GovernanceScriptSet"),
    made(0x060c, "GovernanceDecided"),
    made(0x060d, "GovernanceUndecided"),
    made(0x0701, "InfrastructureRegistered"),
    made(0x0702, "PolicyChanged"),
    made(0x0703, "DeploymentChecked"),
    made(0x0704, "DeploymentReported"),
    made(0x0705, "OverrideGranted"),
    made(0x0706, "OverrideRevoked"),
    made(0x0801, "SeriesCreated"),
    made(0x0802, "PointsPushed"),
    made(0x0803, "PointsDeleted"),
    made(0x0804, "FileUploaded"),
    made(0x0805, "FileDeleted"),
    made(0x0901, "AuditEntryAdded"),
];
