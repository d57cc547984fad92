//! What stands behind items: the log, templates, people, infrastructures, files.

use std::sync::Arc;

use super::Source;
use crate::access::{Assignment, Criterion, Event as Access, FieldRule, Permissions, Rights};
use crate::audit::{EntryKind, Event as Audit, Method};
use crate::blueprint::{Configuration, Definition, Event as Template, FeedbackGroup, VersionStatus};
use crate::deploy::gate::Decision;
use crate::deploy::{Demand, Event as Deploy, InfraKey, InfraKind, Loosening, Policy};
use crate::event::Event;
use crate::ids::{CredentialId, FileId, ItemId, KeyId, LogId, SeriesId, TemplateId, UserId};
use crate::log::Event as Log;
use crate::series::{Event as Series, Point};
use crate::settings::Event as Settings;
use crate::subscription::Event as Subscription;

pub(super) fn event(number: u16, s: &mut Source) -> Event {
    match number {
        0x0001 => Event::Log(Log::LogCreated { log: LogId(s.uuid()), product: s.text() }),
        0x0401..=0x04ff => Event::Template(template(number, s)),
        0x0505..=0x0507 | 0x0515 | 0x0901 => Event::Audit(audit(number, s)),
        0x0501..=0x05ff => Event::Access(access(number, s)),
        0x0601 => Event::Settings(Settings::SettingsChanged { name: s.text(), document: s.opt(Source::text) }),
        0x0606 => Event::Subscription(Subscription::Subscribed { item: ItemId(s.u32()), user: UserId(s.u32()) }),
        0x0607 => Event::Subscription(Subscription::Unsubscribed { item: ItemId(s.u32()), user: UserId(s.u32()) }),
        0x0701..=0x07ff => Event::Deploy(deploy(number, s)),
        0x0801 => Event::Series(Series::SeriesCreated { series: SeriesId(s.u32()) }),
        0x0802 => Event::Series(Series::PointsPushed {
            series: SeriesId(s.u32()),
            points: s.vec(|s| Point { at: s.time(), value: s.text() }),
        }),
        0x0803 => Event::Series(Series::PointsDeleted {
            series: SeriesId(s.u32()),
            from: s.opt(Source::time),
            to: s.opt(Source::time),
        }),
        0x0805 => Event::Series(Series::FileDeleted { file: FileId(s.u32()) }),
        0x0804 => Event::Series(Series::FileUploaded {
            file: FileId(s.u32()),
            name: s.text(),
            size_bytes: s.u64(),
            media_type: s.opt(Source::text),
            digest: s.digest(),
        }),
        _ => panic!("no sample of event {number:#06x}"),
    }
}

fn audit(number: u16, s: &mut Source) -> Audit {
    let kinds = [EntryKind::Custom, EntryKind::Export, EntryKind::Download, EntryKind::KeyUsed];
    match number {
        0x0505 => Audit::SignedIn {
            user: UserId(s.u32()),
            method: s.one_of(&[Method::Password, Method::Oidc]),
            address: s.opt(Source::personal),
        },
        0x0506 => Audit::SignedOut { user: UserId(s.u32()) },
        0x0507 => {
            Audit::SignInFailed { user: s.opt(|s| UserId(s.u32())), code: s.text(), times: s.u32(), since: s.time() }
        }
        0x0515 => Audit::RefusalsCounted {
            who: s.principal(),
            via: s.opt(|s| KeyId(s.u32())),
            code: s.text(),
            times: s.u32(),
            since: s.time(),
        },
        0x0901 => Audit::AuditEntryAdded {
            kind: s.one_of(&kinds),
            name: s.text(),
            params: s.text(),
            address: s.opt(Source::personal),
        },
        _ => panic!("no sample of event {number:#06x}"),
    }
}

fn definition(s: &mut Source) -> Arc<Definition> {
    let document = serde_json::json!({ "name": s.text() }).to_string();
    Arc::new(Definition::parse(&document).unwrap_or_else(|error| panic!("{error}")))
}

fn configuration(s: &mut Source) -> Configuration {
    Configuration {
        title: s.text(),
        description: s.text(),
        mandatory: s.bool(),
        groups: s.vec(|s| FeedbackGroup { id: s.id(), title: s.text(), members: s.vec(Source::container) }),
        approvers: s.vec(Source::container),
        recurrence: s.opt(Source::recurrence),
        requester_may_not_approve: s.bool(),
        reviewer_may_not_approve: s.bool(),
        impersonation_refused: s.bool(),
        approvals_needed: s.u32(),
        approval_needed_from: s.opt(Source::container),
        expires_after_millis: s.opt(|s| i64::from_be_bytes(s.u64().to_be_bytes())),
    }
}

fn template(number: u16, s: &mut Source) -> Template {
    let statuses = [VersionStatus::Draft, VersionStatus::Active, VersionStatus::Archived];
    let template = TemplateId { blueprint: s.id(), version: s.id() };
    match number {
        0x0401 => Template::BlueprintCreated {
            blueprint: template.blueprint,
            name: s.text(),
            locked: s.bool(),
            document: s.text(),
        },
        0x0402 => Template::BlueprintEdited { blueprint: template.blueprint, name: s.text(), document: s.text() },
        0x0403 => Template::BlueprintDeleted { blueprint: template.blueprint },
        0x0405 => Template::VersionEdited { template, definition: definition(s), lost: s.vec(Source::id) },
        0x0407 => Template::VersionDeleted { template },
        0x0409 => Template::SignoffConfigurationRemoved { template, step: s.id() },
        0x0404 => Template::VersionCreated { template, origin: s.opt(Source::id), definition: definition(s) },
        0x0406 => Template::VersionStatusChanged { template, status: s.one_of(&statuses) },
        0x0408 => Template::SignoffConfigured { template, step: s.id(), configuration: Arc::new(configuration(s)) },
        _ => panic!("no sample of event {number:#06x}"),
    }
}

fn rights(s: &mut Source) -> Rights {
    Rights { read: s.bool(), write: s.bool(), create: s.bool(), delete: s.bool(), admin: s.bool() }
}

fn access(number: u16, s: &mut Source) -> Access {
    match number {
        0x0501 => Access::UserCreated {
            user: UserId(s.u32()),
            item: ItemId(s.u32()),
            login: s.personal(),
            display_name: s.opt(Source::personal),
            email: s.opt(Source::personal),
            groups: s.vec(Source::id),
            profile: s.opt(Source::text),
            credential: s.opt(|s| CredentialId(s.uuid())),
        },
        0x0502 => Access::UserEdited {
            user: UserId(s.u32()),
            display_name: s.opt(Source::personal),
            email: s.opt(Source::personal),
            groups: s.vec(Source::id),
            profile: s.opt(Source::text),
            credential: s.opt(|s| CredentialId(s.uuid())),
            is_enabled: s.bool(),
            document: s.opt(Source::personal),
            own_document: s.opt(Source::personal),
        },
        0x0503 => Access::UserDisabled { user: UserId(s.u32()) },
        0x0504 => Access::UserDeleted { user: UserId(s.u32()) },
        0x0508 => Access::GroupCreated {
            group: s.id(),
            item: ItemId(s.u32()),
            description: s.text(),
            is_admin: s.bool(),
            is_architect: s.bool(),
        },
        0x0509 => Access::GroupEdited {
            group: s.id(),
            description: s.text(),
            is_admin: s.bool(),
            is_architect: s.bool(),
            document: s.opt(Source::text),
        },
        0x050a => Access::GroupDeleted { group: s.id(), item: ItemId(s.u32()) },
        0x050b => Access::KeyCreated {
            key: KeyId(s.u32()),
            label: s.text(),
            is_admin: s.bool(),
            is_architect: s.bool(),
            groups: s.vec(Source::id),
            credential: CredentialId(s.uuid()),
            owner: s.opt(|s| UserId(s.u32())),
            node: s.opt(Source::id),
        },
        0x050c => Access::KeyEdited {
            key: KeyId(s.u32()),
            label: s.text(),
            is_admin: s.bool(),
            is_architect: s.bool(),
            groups: s.vec(Source::id),
            credential: CredentialId(s.uuid()),
            expires: s.opt(Source::time),
            document: s.opt(Source::text),
        },
        0x050d => Access::KeyRevoked { key: KeyId(s.u32()) },
        _ => rule(number, s),
    }
}

fn criterion(s: &mut Source) -> Criterion {
    match s.pick(5) {
        0 => Criterion::Version(s.id()),
        1 => Criterion::Field { field: s.id(), value: s.text(), is_negated: s.bool() },
        2 => Criterion::Step(s.id()),
        3 => Criterion::Exists,
        _ => Criterion::Deleted,
    }
}

fn assignment(s: &mut Source) -> Assignment {
    Assignment {
        role: s.id(),
        criteria: s.vec(criterion),
        containers: s.vec(Source::container),
        fields: s.vec(Source::id),
        inherited_through: s.opt(Source::id),
        inherited_from: s.opt(Source::id),
    }
}

fn field_rule(s: &mut Source) -> FieldRule {
    FieldRule { role: s.opt(Source::id), field: s.opt(Source::id), read: s.bool(), write: s.bool() }
}

fn rule(number: u16, s: &mut Source) -> Access {
    match number {
        0x050e => Access::RoleCreated { role: s.id(), label: s.text(), description: s.text() },
        0x050f => {
            Access::RoleEdited { role: s.id(), label: s.text(), description: s.text(), document: s.opt(Source::text) }
        }
        0x0510 => Access::RoleDeleted { role: s.id() },
        0x0511 => Access::AssignmentsSet {
            blueprint: s.id(),
            item: s.opt(|s| ItemId(s.u32())),
            assignments: s.vec(assignment),
            document: s.opt(Source::text),
        },
        0x0512 => Access::AssignmentsRemoved { blueprint: s.id(), item: s.opt(|s| ItemId(s.u32())) },
        0x0513 => Access::PermissionsSet {
            blueprint: s.opt(Source::id),
            permissions: Permissions {
                everyone: rights(s),
                roles: s.vec(|s| (s.id(), rights(s))),
                fields: s.vec(field_rule),
            },
            document: s.opt(Source::text),
        },
        0x0514 => Access::PermissionsRemoved { blueprint: s.id() },
        _ => panic!("no sample of event {number:#06x}"),
    }
}

fn demand(s: &mut Source) -> Demand {
    match s.pick(4) {
        0 => Demand::Step(s.id()),
        1 => Demand::MetricAtLeast { metric: s.text(), least: s.f64() },
        2 => Demand::DriftAtMost { drift: s.text(), most: s.f64() },
        _ => Demand::Check { check: s.text() },
    }
}

fn deploy(number: u16, s: &mut Source) -> Deploy {
    let policies = [Policy::NoCheck, Policy::Warn, Policy::Prevent];
    let decisions = [Decision::Allow, Decision::Warn, Decision::Deny];
    let infra = InfraKey { node: s.id(), infra: s.id() };
    match number {
        0x0701 => Deploy::InfrastructureRegistered {
            infra,
            kind: s.one_of(&[InfraKind::Project, InfraKind::Api]),
            stage: s.opt(Source::text),
            policy: s.one_of(&policies),
            revision: s.revision(),
            refused: s.vec(loosening),
        },
        0x0702 => Deploy::PolicyChanged {
            infra,
            old: s.one_of(&policies),
            new: s.one_of(&policies),
            old_demands: s.vec(demand),
            new_demands: s.vec(demand),
        },
        0x0703 => Deploy::DeploymentChecked {
            infra,
            item: s.opt(|s| ItemId(s.u32())),
            subjects: s.vec(Source::sync_key),
            policy: s.one_of(&policies),
            decision: s.one_of(&decisions),
            unmet: s.vec(Source::text),
            is_acknowledged: s.bool(),
            is_overridden: s.bool(),
        },
        0x0704 => Deploy::DeploymentReported {
            item: ItemId(s.u32()),
            infra,
            subjects: s.vec(Source::sync_key),
            status: s.opt(Source::text),
        },
        0x0705 => Deploy::OverrideGranted {
            infra,
            subject: s.sync_key(),
            item: ItemId(s.u32()),
            reason: s.personal(),
            until: s.time(),
        },
        0x0706 => Deploy::OverrideRevoked { infra, subject: s.sync_key(), item: ItemId(s.u32()) },
        _ => panic!("no sample of event {number:#06x}"),
    }
}

fn loosening(s: &mut Source) -> Loosening {
    let policy = s.one_of(&[Policy::NoCheck, Policy::Warn]);
    let stage = s.opt(Source::text);
    s.one_of(&[Loosening::Policy(policy), Loosening::Stage(stage)])
}
