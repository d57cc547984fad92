#![expect(clippy::unwrap_used, clippy::panic, reason = "a failing test should panic")]

use countersign_core::deploy::{self, InfraKind, Policy};
use countersign_core::sync::{Active, Revision, SyncObject};
use countersign_core::value::Value as Field;
use serde_json::json;

use super::*;

fn message(kind: &str, data: &Value) -> Result<Translated, Untranslatable> {
    let event = json!({
        "specversion": "1.0", "id": "e1", "source": "/nodes/design-1",
        "type": format!("org.countersign.sync.{kind}.v1"), "data": data,
    });
    translate(&format!("govern.sync.design-1.{kind}"), None, &Bytes::from(event.to_string()))
}

fn synced(kind: &str, data: &Value) -> sync::Sync {
    match message(kind, data).unwrap().command {
        Command::Sync(sync::Command::Sync(sync)) => sync,
        other => panic!("{other:?}"),
    }
}

fn field(sync: &sync::Sync, id: &str) -> Option<Field> {
    sync.fields.iter().find(|(field, _)| field.as_str() == id).map(|(_, value)| value.clone())
}

#[test]
fn a_project_keeps_what_its_node_says_of_it() {
    let sync = synced(
        "project",
        &json!({"projectKey": "FRAUD", "name": "XX", "owner": "ana", "tags": ["mlops"], "nodeType": "automation",
            "originalNode": "design-1", "createdAt": "2026-01-02T03:04:05.678Z", "customFields": {"a": [1]},
            "revision": 7, "epoch": 2, "url": "https://n/p", "newerField": {"x": 1}}),
    );
    assert_eq!(sync.key.object, SyncObject::Project { project: "FRAUD".into() });
    assert_eq!(sync.revision, Revision { epoch: 2, revision: 7 });
    assert_eq!(field(&sync, "owner"), Some(Field::Text("ana".into())));
    assert_eq!(field(&sync, "tags"), Some(Field::List([Field::Text("mlops".into())].into())));
    assert_eq!(field(&sync, "automation_node"), Some(Field::Boolean(true)));
    assert_eq!(field(&sync, "created_at"), Some(Field::Date("2026-01-02T03:04:05.678Z".parse().unwrap())));
    assert_eq!(field(&sync, "custom_fields"), Some(Field::Json(r#"{"a":[1]}"#.into())));
    assert_eq!(field(&sync, "description"), None);
    assert_eq!(sync.url.as_deref(), Some("https://n/p"));
}

#[test]
fn a_version_carries_metrics_digest_and_whether_it_is_in_use() {
    let digest = "ab".repeat(32);
    let sync = synced(
        "saved_model_version",
        &json!({"projectKey": "FRAUD", "modelId": "m1", "versionId": "v2", "name": "RF", "active": true,
            "metrics": {"log_loss": 0.31, "auc": 0.87}, "digest": {"sha256": digest}, "revision": 1}),
    );
    let metrics: Vec<_> = sync.metrics.iter().map(|measure| (&*measure.name, measure.value)).collect();
    assert_eq!(metrics, [("auc", 0.87), ("log_loss", 0.31)]);
    assert_eq!(sync.digest.unwrap().to_string(), digest);
    assert_eq!(sync.active, Some(Active::Itself(true)));
}

#[test]
fn the_versions_of_a_bundle_are_those_of_its_node_and_project() {
    let sync = synced(
        "bundle",
        &json!({"projectKey": "FRAUD", "bundleId": "b1", "createdBy": "ana", "revision": 1,
            "modelVersions": [{"modelId": "m1", "versionId": "v2"}]}),
    );
    let object = SyncObject::ModelVersion { project: "FRAUD".into(), model: "m1".into(), version: "v2".into() };
    assert_eq!(sync.model_versions, [SyncKey { node: "design-1".into(), object }]);
    assert_eq!(&*sync.name, "b1");
    assert_eq!(field(&sync, "createdBy"), Some(Field::Text("ana".into())));
}

#[test]
fn an_evaluation_names_its_model_project_or_lies_in_it() {
    let mut data = json!({"projectKey": "FRAUD", "storeId": "mes", "evaluationId": "e17", "modelId": "m1",
        "versionId": "v2", "evaluatedAt": "2026-01-02T03:04:05Z", "metrics": {"auc": 0.81}, "drift": {"data_drift": 0.12}});
    let evaluate = |data: &Value| match message("evaluation", data).unwrap().command {
        Command::Sync(sync::Command::Evaluate(evaluate)) => evaluate,
        other => panic!("{other:?}"),
    };
    let own = evaluate(&data);
    assert_eq!(own.version.object.project().unwrap(), &own.store_project);
    assert!(own.is_synced);
    *data.get_mut("projectKey").unwrap() = json!("OTHER");
    data.as_object_mut().unwrap().insert("modelProjectKey".to_owned(), json!("FRAUD"));
    data.as_object_mut().unwrap().insert("syncToGovern".to_owned(), json!(false));
    let foreign = evaluate(&data);
    assert_eq!((&**foreign.version.object.project().unwrap(), &*foreign.store_project), ("FRAUD", "OTHER"));
    assert!(!foreign.is_synced);
}

#[test]
fn an_infrastructure_is_of_its_deployer() {
    let data =
        json!({"infraId": "prod", "type": "api", "stage": "production", "governCheckPolicy": "PREVENT", "revision": 1});
    let command = message("infrastructure", &data).unwrap().command;
    let Command::Deploy(deploy::Command::SyncInfrastructure { infra, kind, policy, .. }) = command else {
        panic!("{command:?}")
    };
    assert_eq!((infra.node.as_str(), infra.infra.as_str()), ("design-1", "prod"));
    assert_eq!((kind, policy), (InfraKind::Api, Some(Policy::Prevent)));
}

#[test]
fn a_deployment_names_its_bundle_on_the_node_it_came_from() {
    let sync = synced(
        "deployment",
        &json!({"deploymentId": "d1", "infraId": "prod", "node": "design-2", "projectKey": "FRAUD", "bundleId": "b1", "revision": 1}),
    );
    let object = SyncObject::Bundle { project: "FRAUD".into(), bundle: "b1".into() };
    assert_eq!(sync.model_versions, [SyncKey { node: "design-2".into(), object }]);
}

#[test]
fn a_gone_message_needs_keys_and_revision_only() {
    let command = message("dataset.gone", &json!({"projectKey": "FRAUD", "datasetId": "d1", "revision": 9})).unwrap();
    let Command::Sync(sync::Command::Gone { key, revision }) = command.command else { panic!("{command:?}") };
    assert_eq!(key.object, SyncObject::Dataset { project: "FRAUD".into(), dataset: "d1".into() });
    assert_eq!(revision, Revision { epoch: 0, revision: 9 });
}

#[test]
fn a_message_acts_as_its_node_with_a_correlation_of_its_own() {
    let data = json!({"projectKey": "P", "name": "P", "revision": 1});
    let first = message("project", &data).unwrap().caller;
    assert_eq!(first.principal, Principal::Node("design-1".into()));
    assert_eq!(first.correlation, message("project", &data).unwrap().caller.correlation);
}

#[test]
fn what_can_never_be_taken_in_says_why_and_where() {
    let cases = [
        ("project", json!({"projectKey": "P", "name": "P"}), "data_invalid", "revision"),
        ("project", json!({"projectKey": "P", "revision": 1}), "data_invalid", "name"),
        ("project", json!({"name": "P", "revision": 1}), "data_invalid", "projectKey"),
        ("project", json!({"projectKey": "", "name": "P", "revision": 1}), "key_invalid", "projectKey"),
        ("project", json!({"projectKey": "k".repeat(513), "name": "P", "revision": 1}), "key_invalid", "projectKey"),
        ("project", json!({"projectKey": "P", "name": "P", "revision": -1}), "data_invalid", "-1"),
        ("project", json!({"projectKey": "P", "name": "P", "revision": 1, "tags": "x"}), "data_invalid", "sequence"),
        (
            "project",
            json!({"projectKey": "P", "name": "P", "revision": 1, "createdAt": "x"}),
            "data_invalid",
            "created_at",
        ),
        (
            "project",
            json!({"projectKey": "P", "name": "P", "revision": 1, "description": "d".repeat(17_000)}),
            "field_too_long",
            "description",
        ),
        ("project", json!([]), "data_invalid", "object"),
        (
            "saved_model_version",
            json!({"projectKey": "P", "modelId": "m", "versionId": "v", "name": "V", "revision": 1,
            "metrics": {"auc": "high"}}),
            "data_invalid",
            "high",
        ),
        (
            "saved_model_version",
            json!({"projectKey": "P", "modelId": "m", "versionId": "v", "name": "V", "revision": 1,
            "digest": {"sha256": "zz"}}),
            "data_invalid",
            "digest",
        ),
        (
            "evaluation",
            json!({"projectKey": "P", "storeId": "s", "evaluationId": "e", "modelId": "m", "versionId": "v",
            "metrics": {}}),
            "data_invalid",
            "evaluatedAt",
        ),
        ("evaluation.gone", json!({"revision": 1}), "kind_unknown", "evaluation"),
        (
            "infrastructure",
            json!({"infraId": "i", "governCheckPolicy": "MAYBE", "revision": 1}),
            "data_invalid",
            "MAYBE",
        ),
    ];
    for (kind, data, reason, named) in cases {
        let refused = message(kind, &data).unwrap_err();
        assert_eq!(refused.reason, reason, "{kind} {refused}");
        assert!(refused.detail.contains(named), "{refused} does not name {named}");
    }
}

#[test]
fn nobody_speaks_for_another_node_or_of_another_kind() {
    let event = |source: &str, kind: &str| {
        let event = json!({"specversion": "1.0", "id": "e", "source": source, "type": kind,
            "data": {"projectKey": "P", "name": "P", "revision": 1}});
        translate("govern.sync.a%2Eb.project", None, &Bytes::from(event.to_string())).map(|_| ())
    };
    assert_eq!(event("/nodes/a.b", "org.countersign.sync.project.v1"), Ok(()));
    assert_eq!(event("/nodes/c", "org.countersign.sync.project.v1").unwrap_err().reason, "source_mismatch");
    assert_eq!(event("/nodes/a.b", "org.countersign.sync.bundle.v1").unwrap_err().reason, "type_mismatch");
}

#[test]
fn an_oversized_message_is_not_even_parsed() {
    let payload = Bytes::from(vec![b' '; MESSAGE_BYTES_MAX + 1]);
    assert_eq!(translate("govern.sync.a.project", None, &payload).unwrap_err().reason, "message_too_large");
}

#[test]
fn partitioned_models_and_temporary_projects_are_left_out_without_being_wrong() {
    let model = |extra: &str, value: Value| {
        let mut data = json!({"projectKey": "FRAUD", "modelId": "m1", "name": "M", "revision": 1});
        data.as_object_mut().unwrap().insert(extra.to_owned(), value);
        data
    };
    let left = message("saved_model", &model("partitioned", true.into())).unwrap_err();
    assert_eq!((left.reason, left.is_left_out), ("model_partitioned", true));
    for flag in ["temporary", "isAppInstance"] {
        let data = json!({"projectKey": "FRAUD", "name": "F", "revision": 1, flag: true});
        let left = message("project", &data).unwrap_err();
        assert_eq!((left.reason, left.is_left_out), ("project_temporary", true), "{flag}");
    }
    assert!(message("saved_model", &model("partitioned", false.into())).is_ok());
    let wrong = message("saved_model", &model("partitioned", "yes".into())).unwrap_err();
    assert_eq!((wrong.reason, wrong.is_left_out), ("data_invalid", false));
    let asked = translate("govern.sync.design-1.request", None, &Bytes::from_static(b"{}")).unwrap_err();
    assert!(asked.is_left_out);
}
