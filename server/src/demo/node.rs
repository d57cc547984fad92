//! A simulated design node: the credit-card-fraud project of the tutorial, as its sync messages.

use serde_json::{Value, json};

/// The name of the design node.
pub(super) const DESIGN: &str = "design-1";
/// The name of the deployer node.
pub(super) const DEPLOYER: &str = "deployer-1";

/// One line of a sync file.
fn line(node: &str, kind: &str, data: Value) -> Value {
    json!({"node": node, "kind": kind, "data": data})
}

/// The project under the name it was imported with.
pub(super) fn imported() -> Vec<Value> {
    vec![line(DESIGN, "project", project("FRAUD", "MLOps Tutorial (imported)", 1))]
}

/// The project under its own name, with its model, versions, bundle and evaluations.
pub(super) fn fraud() -> Vec<Value> {
    let mut lines = vec![line(DESIGN, "project", project("FRAUD", "XX Govern Tutorial", 2))];
    lines.extend(model("FRAUD"));
    lines.push(line(
        DESIGN,
        "bundle",
        json!({"projectKey": "FRAUD", "bundleId": "v1.0", "createdBy": "ana", "createdAt": "2026-02-20T09:00:00Z",
            "releaseNotes": "First release", "modelVersions": [{"modelId": "m1", "versionId": "v2"}],
            "digest": {"sha256": "b".repeat(64)}, "revision": 1}),
    ));
    for (evaluation, day, auc, log_loss, drift) in [
        ("e1", "2026-03-01", 0.861, 0.33, 0.05),
        ("e2", "2026-03-08", 0.842, 0.35, 0.12),
        ("e3", "2026-03-15", 0.81, 0.39, 0.21),
    ] {
        lines.push(line(
            DESIGN,
            "evaluation",
            json!({"projectKey": "FRAUD", "storeId": "mes_for_ground_truth", "evaluationId": evaluation, "modelId": "m1",
                "versionId": "v2", "evaluatedAt": format!("{day}T06:00:00Z"), "metrics": {"auc": auc, "log_loss": log_loss},
                "drift": {"data_drift": drift, "prediction_drift": drift / 2.0}, "syncToGovern": true}),
        ));
    }
    lines
}

/// A second project with a model of two versions, of which one is in use.
pub(super) fn second() -> Vec<Value> {
    let mut lines = vec![line(DESIGN, "project", project("CHURN", "Churn, as imported", 1))];
    lines.extend(model("CHURN"));
    lines
}

/// The second project, renamed.
pub(super) fn second_renamed() -> Vec<Value> {
    vec![line(DESIGN, "project", project("CHURN", "Customer churn", 2))]
}

/// Three API infrastructures, one per policy, and one for bundles.
pub(super) fn infrastructures() -> Vec<Value> {
    [
        ("api-prod", "api", "production", "PREVENT"),
        ("api-test", "api", "test", "WARN"),
        ("api-dev", "api", "development", "NO_CHECK"),
        ("prod", "project", "production", "PREVENT"),
    ]
    .map(|(infra, kind, stage, policy)| {
        line(
            DEPLOYER,
            "infrastructure",
            json!({"infraId": infra, "type": kind, "stage": stage, "governCheckPolicy": policy, "revision": 1}),
        )
    })
    .to_vec()
}

fn project(key: &str, name: &str, revision: u64) -> Value {
    json!({"projectKey": key, "name": name, "owner": "ana", "shortDescription": "Which card payments are fraudulent?",
        "folder": "/Risk", "tags": ["mlops", "tutorial"], "nodeType": "design", "createdAt": "2026-01-12T08:30:00Z",
        "revision": revision})
}

fn model(project: &str) -> Vec<Value> {
    let mut lines = vec![line(
        DESIGN,
        "saved_model",
        json!({"projectKey": project, "modelId": "m1", "name": "Predict authorized_flag (binary)",
            "predictionType": "BINARY_CLASSIFICATION", "origin": "dataiku", "activeVersion": "v2", "revision": 1}),
    )];
    for (version, is_active, auc, log_loss, digest) in [("v1", false, 0.83, 0.37, "1"), ("v2", true, 0.87, 0.31, "2")] {
        lines.push(line(
            DESIGN,
            "saved_model_version",
            json!({"projectKey": project, "modelId": "m1", "versionId": version,
                "name": format!("Random forest (s1) - {version}"), "algorithm": "RANDOM_FOREST",
                "trainedAt": "2026-02-01T10:00:00Z", "active": is_active, "metrics": {"auc": auc, "log_loss": log_loss},
                "digest": {"sha256": digest.repeat(64)}, "revision": 1}),
        ));
    }
    lines
}
