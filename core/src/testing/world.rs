use std::sync::Arc;

use crate::command::Command;
use crate::context::{Caller, Channel, Context, Principal};
use crate::decide::{Outcome, handle};
use crate::event::Event;
use crate::evolve::evolve;
use crate::ids::{CorrelationId, CredentialId, Digest, EventId, ItemId, KeyId, LogId, NodeId, UserId};
use crate::input::Input;
use crate::recorded::Recorded;
use crate::rejection::Rejection;
use crate::state::State;
use crate::sync::{Revision, Sync, SyncKey, SyncObject};
use crate::time::Timestamp;
use crate::{access, artifact, log};

/// The key of the project that [`World`]'s building blocks sync.
pub const PROJECT: &str = "FRAUD";
const NODE: &str = "design-1";
/// 2026-01-15T08:00:00Z.
const BEGIN_MILLIS: i64 = 1_768_464_000_000;
/// How much time passes with each command.
const TICK_MILLIS: i64 = 1_000;

/// A state that grows by real commands; a value, so that a spec can branch off anywhere.
#[derive(Debug, Clone)]
pub struct World {
    /// The state now.
    pub state: State,
    /// The time of the next command.
    pub at: Timestamp,
    /// Everything that happened, in order.
    pub log: Vec<Recorded>,
    commands: u64,
}

impl Default for World {
    fn default() -> Self {
        Self::empty()
    }
}

impl World {
    /// Before the first event.
    #[must_use]
    pub fn empty() -> Self {
        Self { state: State::default(), at: Timestamp::from_millis(BEGIN_MILLIS), log: Vec::new(), commands: 0 }
    }

    /// After the first start: standard templates, roles, permissions and the administrator's key.
    #[must_use]
    pub fn bootstrapped() -> Self {
        let mut world = Self::empty();
        let log = LogId(uuid::Uuid::from_u128(1));
        let admin_credential = CredentialId(uuid::Uuid::from_u128(2));
        world.run(&Principal::System, log::Command::Bootstrap { log, product: "spec".into(), admin_credential });
        world
    }

    /// The first administrator's key of a bootstrapped world.
    #[track_caller]
    #[must_use]
    pub fn admin(&self) -> Principal {
        let key = self.state.access.keys.iter().find(|(_, key)| key.is_admin && !key.is_revoked);
        Principal::Key(*key.unwrap_or_else(|| panic!("no administrator's key")).0)
    }

    /// The person of this login, made when missing.
    #[track_caller]
    pub fn user(&mut self, login: &str) -> UserId {
        self.user_in(login, &[])
    }

    /// The person of this login, made in these groups when missing; the groups are made when missing.
    #[track_caller]
    pub fn user_in(&mut self, login: &str, groups: &[&str]) -> UserId {
        if let Some(user) = self.state.access.logins.get(login) {
            return *user;
        }
        let admin = self.admin();
        for group in groups {
            self.group(group);
        }
        let command = access::Command::CreateUser {
            login: login.into(),
            display_name: None,
            email: None,
            groups: groups.iter().map(|group| (*group).into()).collect(),
            profile: None,
            credential: None,
            document: None,
            own_document: None,
        };
        self.run(&admin, command);
        match self.principal(login) {
            Principal::User(user) => user,
            other => panic!("{login} is {other:?}"),
        }
    }

    /// A group, made when missing.
    #[track_caller]
    pub fn group(&mut self, group: &str) {
        if !self.state.access.groups.contains_key(group) {
            let admin = self.admin();
            let (group, description) = (group.into(), "".into());
            let (is_admin, is_architect) = (false, false);
            self.run(
                &admin,
                access::Command::CreateGroup { group, description, is_admin, is_architect, document: None },
            );
        }
    }

    /// Another API key.
    #[track_caller]
    pub fn key(&mut self, label: &str, is_admin: bool, groups: &[&str]) -> KeyId {
        let admin = self.admin();
        let credential = CredentialId(uuid::Uuid::from_u128(u128::from(self.commands) + 1_000));
        let groups = groups.iter().map(|group| (*group).into()).collect();
        let command = access::Command::CreateKey {
            label: label.into(),
            is_admin,
            is_architect: false,
            groups,
            credential,
            expires: None,
            document: None,
            node: None,
        };
        self.run(&admin, command);
        let found = self.state.access.credentials.get(&credential).copied();
        found.unwrap_or_else(|| panic!("key {label} was not made"))
    }

    /// Who has this login.
    #[track_caller]
    #[must_use]
    pub fn principal(&self, login: &str) -> Principal {
        let user = self.state.access.logins.get(login);
        Principal::User(*user.unwrap_or_else(|| panic!("nobody is called {login}")))
    }

    /// A command that has to be accepted; gives what happened.
    #[track_caller]
    pub fn run(&mut self, principal: &Principal, command: impl Into<Command>) -> Vec<Recorded> {
        let command = command.into();
        match self.handle(principal, None, &command) {
            Ok(outcome) => outcome.events,
            Err(rejection) => panic!("{command:?} was refused with {}: {rejection}", rejection.code()),
        }
    }

    /// A command that may be refused; the world goes on from what came of it.
    pub fn handle(
        &mut self,
        principal: &Principal,
        via: Option<KeyId>,
        command: &Command,
    ) -> Result<Outcome, Rejection> {
        let mut caller = Caller::new(principal.clone(), Channel::Http, self.correlation());
        caller.via = via;
        let outcome = self.handle_as(caller, command)?;
        Ok(outcome)
    }

    /// The same, with everything about the caller given.
    pub fn handle_as(&mut self, caller: Caller, command: &Command) -> Result<Outcome, Rejection> {
        self.commands += 1;
        let seed = Digest::of(&self.commands.to_be_bytes()).0;
        let context = Context { caller, at: self.at.max(self.state.head_at), seed };
        let outcome = handle(&self.state, command, &context)?;
        self.state = outcome.state.clone();
        self.log.extend(outcome.events.iter().cloned());
        self.at = Timestamp::from_millis(self.at.millis().saturating_add(TICK_MILLIS));
        Ok(outcome)
    }

    /// A fact that no command is asked for: for states that no command of a spec's module can make.
    pub fn happened(&mut self, actor: &Principal, event: impl Into<Event>) {
        let recorded = Recorded {
            position: self.state.head.next(),
            id: EventId(uuid::Uuid::from_u128(u128::from(self.state.head.0) + 1)),
            recorded_at: self.at.max(self.state.head_at),
            actor: actor.clone(),
            groups: Vec::new(),
            via: None,
            channel: Channel::Engine,
            reason: None,
            correlation: self.correlation(),
            causation: None,
            request: None,
            event: event.into(),
        };
        evolve(&mut self.state, &recorded);
        self.log.push(recorded);
        self.at = Timestamp::from_millis(self.at.millis().saturating_add(TICK_MILLIS));
    }

    /// Time passes, and everything that falls due until then happens.
    #[track_caller]
    pub fn wait_until(&mut self, at: Timestamp) -> Vec<Recorded> {
        self.at = at;
        self.run(&Principal::System, log::Command::FireDue)
    }

    /// [`World::wait_until`], from now on.
    #[track_caller]
    pub fn wait_days(&mut self, days: i64) -> Vec<Recorded> {
        self.wait_until(Timestamp::from_millis(self.at.millis() + days * 24 * 60 * 60 * 1_000))
    }

    fn correlation(&self) -> CorrelationId {
        CorrelationId(uuid::Uuid::from_u128(u128::from(self.commands)))
    }
}

/// Building blocks: synced objects and their govern items.
impl World {
    /// The design node told of this object; gives its item.
    #[track_caller]
    pub fn sync(&mut self, object: SyncObject, name: &str, revision: u64) -> ItemId {
        let content = format!("{object:?} at {revision}");
        self.sync_with(object, name, revision, Some(Digest::of(content.as_bytes())))
    }

    /// The same, with the content's digest given.
    #[track_caller]
    pub fn sync_with(&mut self, object: SyncObject, name: &str, revision: u64, digest: Option<Digest>) -> ItemId {
        let key = SyncKey { node: NodeId::from(NODE), object };
        let sync = Sync {
            key: key.clone(),
            revision: Revision { epoch: 0, revision },
            name: name.into(),
            fields: Vec::new(),
            url: None,
            digest,
            active: None,
            metrics: Vec::new(),
            model_versions: Vec::new(),
        };
        self.run(&Principal::Node(NodeId::from(NODE)), crate::sync::Command::Sync(sync));
        let item = self.state.nodes.items.get(&key).copied();
        item.unwrap_or_else(|| panic!("{key:?} made no item"))
    }

    /// The project [`PROJECT`].
    #[track_caller]
    pub fn project(&mut self) -> ItemId {
        self.sync(SyncObject::Project { project: PROJECT.into() }, "Fraud", 1)
    }

    /// A model of it.
    #[track_caller]
    pub fn model(&mut self, model: &str) -> ItemId {
        self.sync(SyncObject::SavedModel { project: PROJECT.into(), model: model.into() }, model, 1)
    }

    /// A version of that.
    #[track_caller]
    pub fn version(&mut self, model: &str, version: &str) -> ItemId {
        let (project, model): (Arc<str>, Arc<str>) = (PROJECT.into(), model.into());
        self.sync(SyncObject::ModelVersion { project, model, version: version.into() }, version, 1)
    }

    /// A bundle of the project.
    #[track_caller]
    pub fn bundle(&mut self, bundle: &str) -> ItemId {
        self.sync(SyncObject::Bundle { project: PROJECT.into(), bundle: bundle.into() }, bundle, 1)
    }

    /// Governs a synced item, its parents too; gives the govern item.
    #[track_caller]
    pub fn govern(&mut self, source: ItemId) -> ItemId {
        let admin = self.admin();
        let govern = artifact::Govern {
            source,
            version: None,
            children: artifact::ChildrenRules::default(),
            with_parents: true,
            attach_to: None,
            initiative: None,
        };
        let events = self.run(&admin, artifact::Command::Govern(govern));
        let made = events.iter().find_map(|recorded| match &recorded.event {
            Event::Item(artifact::Event::ItemGoverned { item, source: of, .. }) if *of == source => Some(*item),
            _ => None,
        });
        made.unwrap_or_else(|| panic!("{source} was not governed"))
    }

    /// Fills a field of references to people, as an administrator.
    #[track_caller]
    pub fn set_people(&mut self, item: ItemId, field: &str, logins: &[&str]) {
        let people = logins.iter().map(|login| {
            let user = self.user(login);
            let found = self.state.access.users.get(&user).unwrap_or_else(|| panic!("{login} is gone"));
            Input::Text(found.item.to_string().into())
        });
        let people = Input::List(people.collect());
        let admin = self.admin();
        let fields = vec![(field.into(), people)];
        self.run(&admin, artifact::Command::Save { item, name: None, fields, steps: Vec::new() });
    }
}
