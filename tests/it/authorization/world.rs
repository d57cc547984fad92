//! The callers of the matrix, and what their requests are about.
//!
//! Nobody reads by default: readers, contributors and project managers do by their roles, reviewer and approver because
//! they are asked. What a request uses up (`<item>`, `<bundle-feedback>`, …) is made anew once somebody has used it.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use countersign_tests::server::Api;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Row;
use crate::estate::{Estate, story};

/// In the order of the table's columns.
pub(super) const IDENTITIES: [&str; 11] = [
    "anonymous",
    "reader",
    "contributor",
    "reviewer",
    "approver",
    "manager",
    "architect",
    "administrator",
    "disabled",
    "revoked",
    "other",
];

const PROJECT: &str = "bp.system.govern_project";
const BUNDLE: &str = "bp.system.govern_bundle";
const INITIATIVE: &str = "bp.system.business_initiative";
/// Projects told of for those who govern one.
const SOURCES: usize = 30;

pub(super) struct World {
    pub(super) admin: Api,
    estate: Estate,
    identities: BTreeMap<&'static str, Api>,
    /// What stays as it is, by placeholder.
    fixed: BTreeMap<String, String>,
    /// What the next request may use up.
    fresh: BTreeMap<String, String>,
    count: usize,
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl World {
    pub(super) async fn start() -> Result<Self> {
        let estate = Estate::start().await?;
        let admin = estate.admin();
        let mut told = story();
        let source = |n: usize| json!({"projectKey": format!("S{n}"), "name": format!("Source {n}"), "revision": 1});
        told.extend((0..SOURCES).map(|n| ("design-1", "project", source(n))));
        estate.tell(&told).await?;
        let last = format!("Source {}", SOURCES - 1);
        let path = "/items?blueprint=bp.system.dataiku_project&limit=1000";
        estate.until(path, |list| list.to_string().contains(&last)).await?;
        estate.until("/registry/bundles", |list| list["items"][0]["id"].is_string()).await?;
        let (identities, fixed, fresh) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut world = Self { admin, estate, identities, fixed, fresh, count: 0 };
        world.people().await?;
        world.things().await?;
        Ok(world)
    }

    async fn people(&mut self) -> Result<()> {
        let admin = self.admin.clone();
        admin.post("/groups", json!({"name": "readers"})).await?;
        admin.post("/groups", json!({"name": "architects", "architect": true})).await?;
        let groups = [
            ("reader", vec!["readers"]),
            ("contributor", vec!["contributors"]),
            ("reviewer", vec![]),
            ("approver", vec![]),
            ("manager", vec!["project_managers"]),
            ("architect", vec!["architects"]),
            ("administrator", vec!["administrators"]),
            ("disabled", vec!["administrators"]),
        ];
        for (login, groups) in groups {
            admin.post("/users", json!({"login": login, "groups": groups})).await?;
            self.identities.insert(login, admin.acting_as(login));
        }
        admin.patch("/users/disabled", json!({"enabled": false})).await?;
        self.identities.insert("anonymous", admin.without_key());
        for name in ["revoked", "other"] {
            let key = admin.post("/keys", json!({"label": name, "admin": name == "revoked"})).await?;
            self.identities.insert(name, Api::new(self.estate.server.url(), &text(&key["secret"])));
            self.fixed.insert(format!("{name}-key"), text(&key["id"]));
        }
        admin.delete(&format!("/keys/{}", self.fixed.get("revoked-key").context("the key")?)).await?;
        let standard = admin.get("/permissions/default").await?;
        let mut permissions = standard["permissions"].clone();
        permissions["everyone"] = json!({});
        admin.put("/permissions/default", permissions).await?;
        let readers = json!({"role": "ro.reader", "to": [{"type": "group", "id": "readers"}]});
        for of in admin.get("/role-assignments?limit=1000").await?["items"].as_array().into_iter().flatten() {
            let mut rules = of["assignments"].as_array().cloned().unwrap_or_default();
            rules.push(readers.clone());
            let path = format!("/role-assignments/{}", text(&of["blueprintId"]));
            admin.put(&path, json!({"assignments": rules})).await?;
        }
        Ok(())
    }

    async fn things(&mut self) -> Result<()> {
        let admin = self.admin.clone();
        let people = json!({"business_reviewers": ["reviewer"], "final_approvers": ["approver"]});
        let body = json!({"blueprintId": PROJECT, "name": "Project", "fields": people});
        self.keep("project", admin.post("/items", body).await?["id"].clone());
        let body = json!({"blueprintId": INITIATIVE, "name": "Theirs"});
        let theirs = text(&admin.post("/items", body).await?["id"]);
        let key = self.fixed.get("other-key").context("the key")?;
        let rules = json!({"assignments": [{"role": "ro.project_manager", "to": [{"type": "key", "id": key}]}]});
        admin.put(&format!("/items/{theirs}/role-assignments"), rules).await?;
        self.keep("theirs", json!(theirs));
        let bundle = admin.get("/registry/bundles").await?["items"][0]["id"].clone();
        self.keep("synced-bundle", bundle);
        let models = admin.get("/registry/models").await?;
        self.keep("synced", models["projects"][0]["id"].clone());
        self.keep("version", models["projects"][0]["models"][0]["versions"][1]["id"].clone());
        let standing = self.make("bundle-feedback").await?;
        self.keep("bundle", json!(standing));
        let file = admin.upload("plan.txt", b"plan".to_vec()).await?.json()["id"].clone();
        let project = self.fixed.get("project").context("the project")?.clone();
        admin.patch(&format!("/items/{project}"), json!({"fields": {"progress_docs": [file]}})).await?;
        self.keep("file", file);
        admin.put(&format!("/items/{project}/page"), json!({"text": "A page"})).await?;
        let made = admin.get(&format!("/items/{project}/timeline?type=PageSet")).await?;
        self.keep("position", made["items"][0]["position"].clone());
        admin.post("/blueprints", json!({"blueprintId": "bp.standing", "name": "Standing"})).await?;
        let steps = json!({"workflowDefinition": {"stepDefinitions": [{"id": "review", "name": "Review"}]}});
        let version = json!({"versionId": "bv.one", "blueprintVersion": steps});
        admin.post("/blueprints/bp.standing/versions", version).await?;
        admin.post("/blueprints/bp.standing/versions/bv.one/fork", json!({"versionId": "bv.two"})).await?;
        let configuration = "/blueprints/bp.standing/versions/bv.one/steps/review/signoff";
        admin.put(configuration, json!({"mandatory": false})).await?;
        admin.post("/blueprints", json!({"blueprintId": "bp.governed", "name": "Governed"})).await?;
        admin.put("/permissions/bp.governed", json!({"everyone": {}})).await?;
        self.keep("governed", json!("bp.governed"));
        let evaluation = json!({"projectKey": "FRAUD", "storeId": "mes", "evaluationId": "e1", "modelId": "m1",
            "versionId": "v2", "evaluatedAt": "2026-01-01T00:00:00Z", "metrics": {"auc": 0.8}, "drift": {}});
        let deployment = |id: &str, infra: &str, what: &str, names: Value| {
            let mut told = json!({"deploymentId": id, "infraId": infra, "node": "design-1", "projectKey": "FRAUD",
                "status": "running", "revision": 1});
            told[what] = names;
            told
        };
        let service = json!({"infraId": "service", "type": "api", "stage": "production", "governCheckPolicy": "PREVENT", "revision": 1});
        let package = json!([{"modelId": "m1", "versionId": "v2"}]);
        self.estate
            .tell(&[
                ("design-1", "evaluation", evaluation),
                ("deployer-1", "infrastructure", service),
                ("deployer-1", "deployment", deployment("d1", "prod", "bundleId", json!("b1"))),
                ("deployer-1", "deployment", deployment("d2", "service", "modelVersions", package)),
            ])
            .await?;
        self.estate.until("/deployments", |list| list["items"].as_array().is_some_and(|all| all.len() == 2)).await?;
        Ok(())
    }

    fn keep(&mut self, name: &str, value: Value) {
        self.fixed.insert(name.to_owned(), text(&value));
    }

    /// Sends a row's request as somebody; gives the status.
    pub(super) async fn ask(&mut self, identity: &str, row: &Row) -> Result<StatusCode> {
        let (target, mut used) = self.fill(&row.target).await?;
        let (body, also_used) = self.fill(&row.body).await?;
        used.extend(also_used);
        let api = self.identities.get(identity).context("nobody of that name")?;
        let mut request = api.request(row.method.clone(), &target);
        if body == "file" {
            let part = reqwest::multipart::Part::bytes(b"plan".to_vec()).file_name("plan.txt");
            request = request.multipart(reqwest::multipart::Form::new().part("file", part));
        } else if !body.is_empty() {
            let body: Value = serde_json::from_str(&body).with_context(|| format!("the body {body}"))?;
            request = request.json(&body);
        }
        // A stream has no end to wait for.
        let status = if row.path.ends_with("/stream") {
            request.send().await?.status()
        } else {
            let answer = api.send(request).await?;
            // A bulk command is answered per item.
            let of_item = answer.json()["results"][0]["status"].as_u64().and_then(|status| u16::try_from(status).ok());
            of_item.map_or(Ok(answer.status), StatusCode::from_u16)?
        };
        if status.is_success() && row.method != Method::GET {
            used.iter().for_each(|name| drop(self.fresh.remove(name)));
        }
        Ok(status)
    }

    /// The text with its placeholders filled in, and which of them can be used up.
    async fn fill(&mut self, text: &str) -> Result<(String, Vec<String>)> {
        let (mut filled, mut used, mut rest) = (String::new(), Vec::new(), text);
        while let Some((before, after)) = rest.split_once('<') {
            let (name, after) = after.split_once('>').context("an open placeholder")?;
            filled.push_str(before);
            if name == "n" {
                self.count += 1;
                filled.push_str(&self.count.to_string());
            } else if let Some(fixed) = self.fixed.get(name) {
                filled.push_str(fixed);
            } else {
                if !self.fresh.contains_key(name) {
                    let made = self.make(name).await.with_context(|| format!("making <{name}>"))?;
                    self.fresh.insert(name.to_owned(), made);
                }
                filled.push_str(self.fresh.get(name).map_or("", String::as_str));
                used.push(name.to_owned());
            }
            rest = after;
        }
        filled.push_str(rest);
        Ok((filled, used))
    }

    /// Something new of this kind.
    async fn make(&mut self, kind: &str) -> Result<String> {
        self.count += 1;
        let (n, admin) = (self.count, self.admin.clone());
        if let Some(standing) = kind.strip_prefix("bundle-") {
            return self.bundle(standing).await;
        }
        let made = match kind {
            // The same review by the paths of the public API.
            "public-review" => json!(
                self.bundle("reviewed")
                    .await?
                    .replacen("/steps/", "/workflow/step/", 1)
                    .replace("/reviews/", "/feedback/")
            ),
            "item" => {
                admin.post("/items", json!({"blueprintId": PROJECT, "name": format!("Item {n}")})).await?["id"].clone()
            }
            "source" => {
                let path = "/governable?blueprint=bp.system.dataiku_project&q=source&limit=1";
                admin.get(path).await?["items"][0]["id"].clone()
            }
            "comment" => {
                let project = self.fixed.get("project").context("the project")?;
                let path = format!("/items/{project}/comments");
                let api = self.identities.get("contributor").context("the contributor")?;
                api.post(&path, json!({"text": "A word"})).await?["id"].clone()
            }
            "user" => {
                admin.post("/users", json!({"login": format!("user{n}")})).await?;
                json!(format!("user{n}"))
            }
            "group" => {
                admin.post("/groups", json!({"name": format!("group{n}")})).await?;
                json!(format!("group{n}"))
            }
            "key" => admin.post("/keys", json!({"label": format!("key {n}")})).await?["id"].clone(),
            "role" => {
                admin.post("/roles", json!({"id": format!("ro.r{n}"), "label": "R"})).await?;
                json!(format!("ro.r{n}"))
            }
            "blueprint" => {
                admin.post("/blueprints", json!({"blueprintId": format!("bp.b{n}"), "name": "B"})).await?;
                admin.post(&format!("/blueprints/bp.b{n}/versions"), json!({"versionId": "bv.one"})).await?;
                json!(format!("bp.b{n}"))
            }
            "bare" => {
                admin.post("/blueprints", json!({"blueprintId": format!("bp.b{n}"), "name": "B"})).await?;
                json!(format!("bp.b{n}"))
            }
            "webhook" => {
                admin.post("/webhooks", json!({"url": format!("https://example.com/{n}")})).await?["id"].clone()
            }
            "page" => {
                let path = format!("//dip/publicapi/admin/custom-pages?newIdentifier=p{n}");
                let page = json!({"type": "custom-html", "name": "P", "visible": true, "htmlContent": ""});
                admin.ask(Method::POST, &path, Some(&page)).await?.json()["id"].clone()
            }
            "series" => {
                admin.ask(Method::POST, "//dip/publicapi/time-series", Some(&json!([]))).await?.json()["id"].clone()
            }
            "upload" => admin.upload("plan.txt", b"plan".to_vec()).await?.json()["id"].clone(),
            other => anyhow::bail!("nobody knows how to make <{other}>"),
        };
        ensure!(made.is_string(), "{kind}: {made}");
        Ok(text(&made))
    }

    /// A govern bundle whose sign-off stands so.
    async fn bundle(&mut self, standing: &str) -> Result<String> {
        let admin = &self.admin;
        let project = self.fixed.get("project").context("the project")?;
        let fields = json!({"govern_project": project});
        let body = json!({"blueprintId": BUNDLE, "name": format!("Bundle {}", self.count), "fields": fields});
        let id = text(&admin.post("/items", body).await?["id"]);
        admin.post(&format!("/items/{id}/steps/development/finish"), json!({})).await?;
        let to = |action: &str| format!("/items/{id}/steps/review/signoff/{action}");
        let (feedback, approval) = ("request-feedback", "request-approval");
        let wishes: &[&str] = match standing {
            "new" => &[],
            "feedback" | "reviewed" => &[feedback],
            "approval" | "approved" => &[feedback, approval],
            "abandoned" => &[feedback, "abandon"],
            other => anyhow::bail!("no sign-off stands {other}"),
        };
        for wish in wishes {
            let body = if *wish == "abandon" { json!({}) } else { json!({"notify": []}) };
            admin.post(&to(wish), body).await?;
        }
        let by = |who: &str| self.identities.get(who).context("somebody").cloned();
        if standing == "reviewed" {
            let body = json!({"group": "business", "status": "APPROVED"});
            let review = by("reviewer")?.post(&to("reviews"), body).await?["reviewId"].clone();
            // One placeholder tells both.
            return Ok(format!("{id}/steps/review/signoff/reviews/{}", text(&review)));
        }
        if standing == "approved" {
            by("approver")?.post(&to("approval"), json!({"status": "APPROVED"})).await?;
        }
        Ok(id)
    }
}
