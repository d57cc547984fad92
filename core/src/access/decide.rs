//! What is refused, and by whom it may be asked. People, groups and keys are for administrators (`people`), roles and
//! what they may do for architects (`rules`).

use super::may::{Action, Subject, is_admin, is_expired};
use super::require::require;
use super::{Command, own, people, rules};
use crate::context::Principal;
use crate::draft::Draft;
use crate::ids::{BlueprintId, GroupId, KeyId, RoleId, UserId};
use crate::state::State;
use crate::time::Timestamp;

crate::rejections! {
    /// A login has 1 to 128 ASCII letters, digits, and any of `. _ - @`, and is not `actions`.
    Input LoginInvalid { login: String } = "login_invalid", "{login:?} is not a login: 1 to 128 letters, digits, and . _ - @, and not \"actions\"";
    /// A login names one person for ever, also after it was disabled.
    State LoginTaken { login: String } = "login_taken", "the login {login} is taken";
    /// People and keys are put into groups that exist.
    Input GroupUnknown { group: GroupId } = "group_unknown", "the group {group} does not exist";
    /// A group's name has 1 to 128 bytes, none of `/ ? #`, no `..` and no control characters.
    Input GroupNameInvalid { group: String } = "group_name_invalid", "{group:?} is not a group's name: 1 to 128 bytes without / ? # .. and control characters";
    /// A group's name is unique.
    State GroupExists { group: GroupId } = "group_exists", "the group {group} already exists";
    /// A key expires in the future.
    Input ExpiryPast { expires: Timestamp } = "expiry_past", "{expires} has passed; a key expires later than now";
    /// A revoked key stays revoked: another one is made instead.
    State KeyRevoked { key: KeyId } = "key_revoked", "{key} is revoked and stays so";
    /// A key that acts as a person or a node is in no group and administers nothing by itself.
    Input KeyStandsForAnother = "key_stands_for_another", "a key that acts as a person or a node has no groups and rights of its own";
    /// One person has at most 50 keys that open something.
    State TooManyOwnKeys = "too_many_own_keys", "a person has at most 50 keys; revoke one first";
    /// Whoever signs in by other means has no password here to change.
    State NoPassword = "no_password", "there is no password here to change";
    /// One person or key is in at most 200 groups.
    Input TooManyGroups { groups: usize } = "too_many_groups", "{groups} groups are too many; at most 200 are allowed";
    /// An instance keeps at least one enabled administrator.
    State LastAdministrator = "last_administrator", "nobody would be left who administers this instance";
    /// A deleted person stays deleted.
    State UserDeleted { user: UserId } = "user_deleted", "{user} was deleted";
    /// A group that a rule, a sign-off or a field names is not deleted.
    State GroupInUse { group: GroupId, by: String } = "group_in_use", "the group {group} is named in {by}";
    /// A role's id is `ro.` and up to 125 letters, digits and any of `. _ -`.
    Input RoleIdInvalid { role: String } = "role_id_invalid", "{role:?} is not a role's id: ro. and letters, digits, . _ -";
    /// A role's id is unique.
    State RoleExists { role: RoleId } = "role_exists", "the role {role} already exists";
    /// Rules name roles that exist.
    Input RoleUnknown { role: RoleId } = "role_unknown", "the role {role} does not exist";
    /// A role that an assignment, a permission or a sign-off names is not deleted.
    State RoleInUse { role: RoleId, by: String } = "role_in_use", "the role {role} is named in {by}";
    /// Assignment rules name people, groups and keys that exist, and never roles.
    Input ContainerUnknown { container: String } = "container_unknown", "{container} cannot be given a role: it does not exist or is a role itself";
    /// Assignments are created where there are none, and replaced otherwise.
    State AssignmentsExist { blueprint: BlueprintId } = "assignments_exist", "there are role assignments of {blueprint} already";
    /// Permissions are created where there are none, and replaced otherwise.
    State PermissionsExist { blueprint: BlueprintId } = "permissions_exist", "there are permissions of {blueprint} already";
    /// The default permissions are about all fields alike.
    Input DefaultHasNoExceptions = "default_has_no_exceptions", "the default permissions cannot be about a single field";
    /// What is kept with a person, a group, a key, a role or rules is a JSON object.
    Input DocumentInvalid = "document_invalid", "what is kept with it must be a JSON object";
    /// Rules are bounded in number.
    Input TooManyRoleRules { max: usize } = "too_many_role_rules", "at most {max} are allowed";
}

pub(crate) fn decide(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    match command {
        Command::CreateRole { .. }
        | Command::EditRole { .. }
        | Command::DeleteRole { .. }
        | Command::SetAssignments { .. }
        | Command::RemoveAssignments { .. }
        | Command::SetPermissions { .. }
        | Command::RemovePermissions { .. } => return rules::decide(draft, command),
        Command::EditOneself { own_document } => return people::edit_oneself(draft, own_document),
        Command::ChangeOwnPassword { credential } => return own::change_password(draft, *credential),
        Command::CreateOwnKey { label, credential, expires } => {
            return own::create_key(draft, label, *credential, *expires);
        }
        Command::RevokeKey { key } if own::is_owner(draft, *key) => return people::decide(draft, command),
        _ => {}
    }
    require(draft, Action::Admin, Subject::Instance)?;
    let at = draft.context().at;
    let had_administrator = has_administrator(draft.state(), at);
    people::decide(draft, command)?;
    if had_administrator && !has_administrator(draft.state(), at) {
        return Err(Rejection::LastAdministrator.into());
    }
    Ok(())
}

// Somebody who can sign in or call has to be left: nobody else could make an administrator again.
fn has_administrator(state: &State, at: Timestamp) -> bool {
    let users = state.access.users.keys().map(|user| Principal::User(*user));
    let keys = state.access.keys.keys().map(|key| Principal::Key(*key));
    keys.chain(users).any(|principal| is_admin(state, &principal) && !is_expired(state, &principal, at))
}
