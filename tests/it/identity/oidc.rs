//! Signing in through a real identity provider, and everything that must not let anybody in.

#![expect(clippy::indexing_slicing, reason = "a member that is not there is null, and fails the comparison")]

use anyhow::{Context as _, Result, ensure};
use countersign_tests::oidc::IdentityProvider;
use countersign_tests::server::{Answer, Options, Server, problem};
use reqwest::Method;
use serde_json::{Value, json};

use super::browser::{Browser, PASSWORD};

const SECRET: &str = "a-secret-of-the-client";
/// Where people reach the service; the tests reach it elsewhere.
const EXTERNAL: &str = "http://govern.example.com";

struct World {
    server: Server,
    provider: IdentityProvider,
    _secret: tempfile::NamedTempFile,
}

impl World {
    fn start(further: &[&str]) -> Result<Self> {
        let provider = IdentityProvider::start()?;
        let secret = tempfile::NamedTempFile::new()?;
        std::fs::write(secret.path(), format!("{SECRET}\n"))?;
        let path = secret.path().to_str().context("a path")?.to_owned();
        let fixed = ["--external-url", EXTERNAL, "--oidc-client-id", "countersign", "--oidc-issuer", provider.url()];
        let arguments = fixed.iter().chain(further).map(|text| (*text).to_owned());
        let arguments = arguments.chain(["--oidc-client-secret-file".to_owned(), path]).collect();
        let server = Server::start_with(Options { arguments, ..Options::default() })?;
        Ok(Self { server, provider, _secret: secret })
    }

    /// A browser that has been told where to go, and where.
    async fn on_the_way(&self, back: &str) -> Result<(Browser, String)> {
        let mut browser = Browser::new(&self.server.admin().without_redirects()?);
        let answer = browser.ask_bare(&format!("/session/oidc?back={back}")).await?;
        ensure!(answer.status == 303, "{} {}", answer.status, answer.json());
        Ok((browser, answer.header("location").to_owned()))
    }

    /// The way there and back; the last answer.
    async fn sign_in(&self, subject: &str) -> Result<(Browser, Answer)> {
        let (mut browser, way) = self.on_the_way("/").await?;
        let callback = self.provider.authorize(&way, subject).await?;
        let answer = browser.ask_bare(path_of(&callback)?).await?;
        Ok((browser, answer))
    }

    async fn refused(&self, subject: &str, status: u16, code: &str) -> Result<()> {
        let (mut browser, answer) = self.sign_in(subject).await?;
        problem(&answer, status, code).with_context(|| code.to_owned())?;
        ensure!(browser.read().await?.status == 401, "{code}: signed in after all");
        Ok(())
    }
}

/// The path below `/api/v1` that the provider sends a browser to.
fn path_of(callback: &str) -> Result<&str> {
    callback.strip_prefix(EXTERNAL).and_then(|path| path.strip_prefix("/api/v1")).context("the callback")
}

fn groups_of(session: &Value) -> Value {
    session["user"]["groups"].clone()
}

#[tokio::test]
async fn a_person_comes_through_the_provider_with_the_groups_that_it_says() -> Result<()> {
    let world = World::start(&["--oidc-create-users", "--oidc-groups-claim", "groups"])?;
    let admin = world.server.admin();
    let claims = |groups: Value| json!({"preferred_username": "ana", "name": "Ana B", "email": "ana@example.org", "groups": groups});
    world.provider.person("s-1", &claims(json!(["contributors", "unknown-here"]))).await?;
    let (mut browser, way) = world.on_the_way("/board").await?;
    for part in ["code_challenge_method=S256", "code_challenge=", "nonce=", "state=", "scope=openid"] {
        ensure!(way.contains(part), "{way}");
    }
    ensure!(!way.contains(SECRET));
    let before = browser.cookie.clone();
    let callback = world.provider.authorize(&way, "s-1").await?;
    let answer = browser.ask_bare(path_of(&callback)?).await?;
    ensure!(answer.status == 303 && answer.header("location") == "/board", "{} {}", answer.status, answer.json());
    ensure!(browser.cookie != before, "the session's id is not renewed");
    let seen = world.provider.seen().await?;
    ensure!(seen["code_verifier"].as_str().is_some_and(|verifier| verifier.len() >= 43), "{seen}");
    let session = browser.read().await?.json();
    ensure!(session["method"] == "oidc" && session["user"]["login"] == "ana", "{session}");
    ensure!(session["user"]["displayName"] == "Ana B" && groups_of(&session) == json!(["contributors"]), "{session}");
    let told = admin.get("/events?type=SignedIn").await?;
    ensure!(told["items"][0]["data"]["method"] == "oidc" && told["items"][0]["actor"]["id"] == "ana", "{told}");

    // The groups follow the provider, also into none.
    admin.post("/groups", json!({"name": "business"})).await?;
    for (groups, now) in [(json!(["business", "contributors"]), 2), (json!("business"), 1), (Value::Null, 0)] {
        world.provider.person("s-1", &claims(groups)).await?;
        let (mut browser, answer) = world.sign_in("s-1").await?;
        ensure!(answer.status == 303, "{}", answer.json());
        let session = browser.read().await?.json();
        ensure!(groups_of(&session).as_array().is_some_and(|groups| groups.len() == now), "{session}");
    }
    ensure!(admin.get("/users").await?["items"].as_array().is_some_and(|users| users.len() == 1));
    let groups = admin.get("/groups").await?.to_string();
    ensure!(!groups.contains("unknown-here"), "{groups}");
    Ok(())
}

#[tokio::test]
async fn missing_groups_are_made_when_that_is_wanted() -> Result<()> {
    let world = World::start(&["--oidc-create-users", "--oidc-create-groups", "--oidc-groups-claim", "groups"])?;
    let claims = json!({"preferred_username": "ana", "groups": ["quants", "a/b", ""]});
    world.provider.person("s-1", &claims).await?;
    let (mut browser, answer) = world.sign_in("s-1").await?;
    ensure!(answer.status == 303, "{}", answer.json());
    ensure!(groups_of(&browser.read().await?.json()) == json!(["quants"]));
    world.provider.fault(Some("many_groups")).await?;
    world.refused("s-1", 403, "oidc_groups_invalid").await?;
    world.provider.fault(Some("odd_groups")).await?;
    world.refused("s-1", 403, "oidc_groups_invalid").await?;
    Ok(())
}

#[tokio::test]
async fn who_is_unknown_disabled_or_has_a_password_here_does_not_come_in() -> Result<()> {
    let world = World::start(&[])?;
    let admin = world.server.admin();
    world.provider.person("s-1", &json!({"preferred_username": "ana"})).await?;
    world.refused("s-1", 403, "oidc_user_unknown").await?;
    admin.post("/users", json!({"login": "ana"})).await?;
    let (mut browser, answer) = world.sign_in("s-1").await?;
    ensure!(answer.status == 303 && browser.read().await?.status == 200, "{}", answer.json());
    admin.patch("/users/ana", json!({"enabled": false})).await?;
    problem(&browser.read().await?, 401, "session_over")?;
    world.refused("s-1", 401, "sign_in_refused").await?;
    admin.patch("/users/ana", json!({"enabled": true, "password": PASSWORD})).await?;
    world.refused("s-1", 403, "oidc_user_has_password").await?;
    world.provider.person("s-2", &json!({"name": "Nobody"})).await?;
    world.refused("s-2", 403, "oidc_login_missing").await?;
    Ok(())
}

#[tokio::test]
async fn a_forged_state_another_browser_and_a_replayed_code_do_not_sign_in() -> Result<()> {
    let world = World::start(&["--oidc-create-users"])?;
    world.provider.person("s-1", &json!({"preferred_username": "ana"})).await?;
    let (mut victim, way) = world.on_the_way("/").await?;
    let callback = world.provider.authorize(&way, "s-1").await?;
    let path = path_of(&callback)?;
    let mut stranger = Browser::new(&world.server.admin());
    problem(&stranger.ask_bare(path).await?, 401, "oidc_state_wrong")?;
    let (code, _) = path.split_once("&state=").context("a state")?;
    let (mut other, _) = world.on_the_way("/").await?;
    for state in ["", "&state=", "&state=forged"] {
        problem(&other.ask_bare(&format!("{code}{state}")).await?, 401, "oidc_state_wrong")?;
    }
    ensure!(victim.ask_bare(path).await?.status == 303);
    // The same way back a second time, and the same code with a state of one's own.
    problem(&victim.ask_bare(path).await?, 401, "oidc_state_wrong")?;
    let (mut replayer, way) = world.on_the_way("/").await?;
    let state = way.split("state=").nth(1).and_then(|rest| rest.split('&').next()).context("a state")?;
    problem(&replayer.ask_bare(&format!("{code}&state={state}")).await?, 401, "oidc_code_refused")?;
    let (mut denied, way) = world.on_the_way("/").await?;
    let callback = world.provider.deny(&way).await?;
    let answer = denied.ask_bare(path_of(&callback)?).await?;
    ensure!(answer.status == 401, "{} {}", answer.status, answer.json());
    Ok(())
}

#[tokio::test]
async fn tokens_that_do_not_count_do_not_sign_in_and_a_new_key_of_the_provider_does() -> Result<()> {
    let world = World::start(&["--oidc-create-users"])?;
    world.provider.person("s-1", &json!({"preferred_username": "ana"})).await?;
    let faults =
        ["alg_none", "hmac", "foreign_key", "tampered", "foreign_issuer", "foreign_audience", "expired", "other_nonce"];
    for fault in faults {
        world.provider.fault(Some(fault)).await?;
        world.refused("s-1", 401, "oidc_token_invalid").await.context(fault)?;
    }
    world.provider.fault(Some("oversized")).await?;
    world.refused("s-1", 503, "oidc_provider_unavailable").await?;
    world.provider.fault(None).await?;
    ensure!(world.server.admin().get("/users").await?["items"] == json!([]), "a person was made");
    ensure!(world.sign_in("s-1").await?.1.status == 303);
    world.provider.rotate().await?;
    let start = std::time::Instant::now();
    // Keys are not fetched more than every few seconds, however many tokens come with unknown ones.
    while world.sign_in("s-1").await?.1.status != 303 {
        ensure!(start.elapsed() < std::time::Duration::from_secs(60), "the new key is never taken");
    }
    Ok(())
}

#[tokio::test]
async fn a_service_without_its_provider_says_so_and_one_without_any_has_no_such_route() -> Result<()> {
    let mut world = World::start(&[])?;
    for back in ["https://evil.example", "//evil.example", "/%5Cevil.example", "evil", "/a%0d%0aSet-Cookie:x"] {
        let path = format!("/session/oidc?back={back}");
        let answer = world.server.admin().without_key().ask(Method::GET, &path, None).await?;
        problem(&answer, 422, "parameter_invalid").with_context(|| back.to_owned())?;
    }
    world.provider.kill()?;
    let bare = world.server.admin().without_key();
    bare.refused(Method::GET, "/session/oidc", None, 503, "oidc_provider_unavailable").await?;
    let server = Server::start()?;
    server.admin().without_key().refused(Method::GET, "/session/oidc", None, 404, "not_found").await?;
    Ok(())
}
