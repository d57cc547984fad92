//! Whom a provider's claims make somebody here: found by login, or made; with the groups of the claim, or his own.

use countersign_core::access::{Command, GROUPS_MAX, User, UserEdit};
use countersign_core::context::{Channel, Principal};
use countersign_core::ids::{GroupId, UserId};
use countersign_core::{State, access};
use serde_json::Value;

use super::{Claims, Provider};
use crate::api::wish::{Done, Terms, submit};
use crate::app::App;
use crate::problem::Problem;

/// The person whom these claims are about, with the groups that they say.
pub(crate) async fn enter(app: &App, provider: &Provider, claims: &Claims) -> Result<UserId, Problem> {
    let login = text(claims, &provider.settings().login_claim)
        .ok_or_else(|| Problem::forbidden("oidc_login_missing", "the identity provider does not say the login"))?;
    let latest = app.latest();
    let user = match find(&latest.state, &login) {
        Some(user) if user.is_deleted || !user.is_enabled => {
            app.refusals.count_sign_in(Some(user.id), "sign_in_refused");
            return Err(Problem::signed_out("sign_in_refused", "the person may not sign in"));
        }
        // Whoever may choose names at the provider could take over any person of here otherwise.
        Some(user) if user.credential.is_some() => {
            app.refusals.count_sign_in(Some(user.id), "oidc_user_has_password");
            let detail = "a person with this login has a password here, and signs in with that";
            return Err(Problem::forbidden("oidc_user_has_password", detail));
        }
        Some(user) => user.id,
        None if provider.settings().may_create_users => create(app, claims, &login).await?,
        None => {
            app.refusals.count_sign_in(None, "oidc_user_unknown");
            return Err(Problem::forbidden("oidc_user_unknown", "there is no person with this login here"));
        }
    };
    if let Some(claim) = &provider.settings().groups_claim {
        let groups = groups(claims, claim)?;
        follow(app, user, groups, provider.settings().may_create_groups).await?;
    }
    Ok(user)
}

fn find<'a>(state: &'a State, login: &str) -> Option<&'a User> {
    state.access.logins.get(login).and_then(|user| state.access.users.get(user)).map(|user| &**user)
}

async fn create(app: &App, claims: &Claims, login: &str) -> Result<UserId, Problem> {
    let named = |claim| text(claims, claim).filter(|text| text.len() <= access::LABEL_BYTES_MAX).map(Into::into);
    let command = Command::CreateUser {
        login: login.into(),
        display_name: named("name"),
        email: named("email"),
        groups: Vec::new(),
        profile: None,
        credential: None,
        document: None,
        own_document: None,
    };
    let done = asked(app, command).await?;
    let made = done.state.access.logins.get(login).copied();
    made.ok_or_else(|| Problem::internal(&"a person was made and is not there"))
}

/// The person is in these groups from now on, and in no other.
async fn follow(app: &App, user: UserId, wanted: Vec<String>, may_create: bool) -> Result<(), Problem> {
    for group in &wanted {
        let group = GroupId::from(group.as_str());
        if may_create && !app.latest().state.access.groups.contains_key(&group) {
            let (description, is_admin, is_architect, document) = ("".into(), false, false, None);
            // A name that cannot be a group's here is passed over as one that is not here.
            match asked(app, Command::CreateGroup { group, description, is_admin, is_architect, document }).await {
                Err(refused) if !refused.is_refusal() => return Err(refused),
                _ => {}
            }
        }
    }
    let latest = app.latest();
    let known = |group: &GroupId| latest.state.access.groups.contains_key(group);
    let groups = wanted.iter().map(|group| GroupId::from(group.as_str())).filter(known).collect();
    let edit = UserEdit { groups: Some(groups), ..UserEdit::default() };
    asked(app, Command::EditUser { user, edit }).await.map(drop)
}

async fn asked(app: &App, command: Command) -> Result<Done, Problem> {
    submit(app, &Terms::plain(Principal::System, Channel::Ui), command.into(), None).await
}

fn groups(claims: &Claims, claim: &str) -> Result<Vec<String>, Problem> {
    let wrong = || Problem::forbidden("oidc_groups_invalid", "the identity provider's groups are no list of names");
    let list = match value(claims, claim) {
        // Who is in no group may come without the claim.
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(one)) => vec![Value::String(one)],
        Some(Value::Array(list)) if list.len() <= GROUPS_MAX => list,
        Some(_) => return Err(wrong()),
    };
    let name = |value: Value| value.as_str().map(str::to_owned).ok_or_else(wrong);
    list.into_iter().map(name).collect()
}

fn text(claims: &Claims, claim: &str) -> Option<String> {
    value(claims, claim)?.as_str().map(str::to_owned)
}

/// Any claim, a standard one or not.
fn value(claims: &Claims, claim: &str) -> Option<Value> {
    match serde_json::to_value(claims) {
        Ok(Value::Object(mut all)) => all.remove(claim),
        _ => None,
    }
}
