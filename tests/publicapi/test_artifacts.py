"""Artifacts: made, read, saved whole, moved through their workflow, deleted."""

import copy

import pytest
import templates


@pytest.fixture(scope="module")
def kind(request, url):
    """A blueprint with one active version, for all tests here."""
    import conftest
    import dataikuapi
    import secrets

    client = dataikuapi.GovernClient(url, conftest.ADMIN_KEY)
    blueprint = templates.blueprint(client, lambda prefix: f"{prefix}-{secrets.token_hex(4)}")
    templates.version(client, blueprint)
    return blueprint


def steps(definition):
    return {step: at["status"] for step, at in definition.get_raw()["workflow"]["steps"].items()}


def test_an_artifact_is_made_with_a_number_and_starts_nowhere(client, kind):
    made = templates.artifact(client, kind, summary="né", score=80, regions=["EU"])
    assert made.artifact_id.startswith("ar.")
    raw = made.get_definition().get_raw()
    assert raw["id"] == made.artifact_id and raw["name"] == "made"
    assert raw["blueprintVersionId"] == {"blueprintId": kind, "versionId": "bv.v1"}
    assert raw["fields"] == {"risk": "Low", "summary": "né", "score": 80, "regions": ["EU"]}
    assert raw["status"] == {"stepId": None, "archived": False}
    assert raw["workflow"]["steps"] == {
        step: {"status": "NOT_STARTED", "visible": True} for step in ("draft", "review", "done")
    }


def test_what_is_saved_is_what_is_read_again(client, kind, native):
    definition = templates.artifact(client, kind).get_definition()
    raw = definition.get_raw()
    raw["name"] = "renamed"
    raw["fields"].update(
        summary="text", score=12.5, pii=False, due="2026-06-01T02:00:00+02:00", regions=["US", "EU"], raw={"b": [1, None], "a": "é"}
    )
    definition.save()
    saved = definition.get_raw()
    assert saved["name"] == "renamed" and saved["fields"]["due"] == "2026-06-01T00:00:00.000Z"
    assert saved["fields"]["raw"] == {"b": [1, None], "a": "é"} and saved["fields"]["regions"] == ["US", "EU"]
    again = client.get_artifact(raw["id"]).get_definition()
    assert again.get_raw() == saved
    assert native.get(f"/items/{raw['id']}")["fields"] == saved["fields"]
    position = native.get(f"/items/{raw['id']}")["position"]
    again.save()
    assert native.get(f"/items/{raw['id']}")["position"] == position, "saving it as it is changes nothing"


def test_a_field_left_out_of_the_whole_is_cleared(client, kind):
    definition = templates.artifact(client, kind, summary="gone soon").get_definition()
    del definition.get_raw()["fields"]["summary"]
    definition.save()
    assert "summary" not in definition.get_raw()["fields"]
    raw = definition.get_raw()
    raw["fields"]["summary"] = "here"
    definition.save()
    definition.definition = {key: value for key, value in raw.items() if key != "fields"}
    definition.save()
    assert definition.get_raw()["fields"]["summary"] == "here", "without any fields they stay"


def test_the_version_of_an_artifact_is_found(client, kind):
    version = templates.artifact(client, kind).get_definition().get_blueprint_version()
    assert (version.blueprint_id, version.version_id) == (kind, "bv.v1")
    assert version.get_definition().get_raw()["name"] == "Version 1"
    assert version.get_blueprint().get_definition().get_raw()["name"] == "Vendor risk"


def test_a_deleted_artifact_is_gone(client, kind, refused):
    made = templates.artifact(client, kind)
    made.delete()
    with refused("NotFoundException", made.artifact_id):
        made.get_definition()
    with refused("NotFoundException", made.artifact_id):
        made.delete()


@pytest.mark.parametrize(
    "fields, words",
    [
        ({"nope": 1, "neither": 2}, "were not found in its blueprint version reference. Field names: nope, neither"),
        ({"risk": None}, "Field ID 'risk' is required"),
        ({"regions": "EU"}, "Field `regions` is a list."),
        ({"summary": ["a"]}, "Field `summary` is not a list."),
        ({"summary": 1}, "`summary`"),
        ({"risk": "low"}, "`risk`"),
        ({"due": "2026-06-01"}, "`due`"),
        ({"score": 101}, "`score`"),
        ({"score": "many"}, "`score`"),
        ({"pii": "true"}, "`pii`"),
        ({"initiative": "ar.999999"}, "`initiative`"),
        ({"initiative": "Alice"}, "`initiative`"),
        ({"contract": "uf.999999"}, "`contract`"),
        ({"drift": "ts.999999"}, "`drift`"),
    ],
)
def test_wrong_values_are_refused_in_the_documented_words(client, kind, refused, fields, words):
    with refused("ValidationException", words):
        templates.artifact(client, kind, **fields)
    definition = templates.artifact(client, kind).get_definition()
    before = copy.deepcopy(definition.get_raw())
    definition.get_raw()["fields"].update(fields)
    with refused("ValidationException", words):
        definition.save()
    assert client.get_artifact(before["id"]).get_definition().get_raw() == before


def test_a_reference_leads_to_allowed_blueprints_only(client, kind, refused):
    other = templates.artifact(client, kind)
    with refused("ValidationException", "`initiative`"):
        templates.artifact(client, kind, initiative=other.artifact_id)
    initiative = templates.artifact(client, "bp.system.business_initiative", "bv.system.default")
    made = templates.artifact(client, kind, initiative=initiative.artifact_id)
    assert made.get_definition().get_raw()["fields"]["initiative"] == initiative.artifact_id


def test_only_active_versions_make_artifacts(client, unique, refused):
    blueprint = templates.blueprint(client, unique)
    templates.version(client, blueprint, "draft", status="DRAFT")
    templates.version(client, blueprint, "old", status="ARCHIVED")
    for version in ("bv.draft", "bv.old", "bv.none"):
        with refused("active"):
            templates.artifact(client, blueprint, version)


def test_a_body_that_lacks_something_or_names_another_artifact_is_refused(client, kind, refused):
    with refused("ValidationException", "blueprintVersionId"):
        client.create_artifact({"name": "x"})
    with refused("ValidationException", "name"):
        client.create_artifact({"blueprintVersionId": {"blueprintId": kind, "versionId": "bv.v1"}})
    definition = templates.artifact(client, kind).get_definition()
    definition.get_raw()["id"] = "ar.1"
    with refused("Artifact IDs do not match"):
        definition.save()
    definition.get_raw().pop("id")
    definition.get_raw()["blueprintVersionId"]["versionId"] = "bv.other"
    with refused("Blueprint version IDs do not match"):
        definition.save()


def test_several_steps_move_in_one_save(client, kind):
    definition = templates.artifact(client, kind).get_definition()
    at = definition.get_raw()["workflow"]["steps"]
    at["draft"]["status"] = "FINISHED"
    at["review"]["status"] = "FINISHED"
    definition.save()
    assert steps(definition) == {"draft": "FINISHED", "review": "FINISHED", "done": "ONGOING"}
    assert definition.get_raw()["status"]["stepId"] == "done"
    definition.get_raw()["workflow"]["steps"]["done"]["status"] = "FINISHED"
    definition.save()
    assert definition.get_raw()["status"]["stepId"] == "done", "the last finished"


def test_a_step_that_cannot_move_so_moves_nothing(client, kind, refused):
    definition = templates.artifact(client, kind).get_definition()
    definition.get_raw()["name"] = "not this"
    definition.get_raw()["workflow"]["steps"]["done"]["status"] = "FINISHED"
    with refused("done"):
        definition.save()
    again = client.get_artifact(definition.artifact_id).get_definition()
    assert again.get_raw()["name"] == "made" and set(steps(again).values()) == {"NOT_STARTED"}
    again.get_raw()["workflow"]["steps"]["done"]["status"] = "LATER"
    with refused("LATER"):
        again.save()


def test_a_changed_step_id_moves_the_workflow_with_and_without_the_steps_beside_it(client, kind, refused):
    definition = templates.artifact(client, kind).get_definition()
    definition.get_raw()["status"]["stepId"] = "review"
    definition.save()
    assert steps(definition) == {"draft": "FINISHED", "review": "ONGOING", "done": "NOT_STARTED"}
    del definition.get_raw()["workflow"]
    definition.get_raw()["status"]["stepId"] = "done"
    definition.save()
    assert steps(definition) == {"draft": "FINISHED", "review": "FINISHED", "done": "ONGOING"}
    definition.get_raw()["status"]["stepId"] = "draft"
    definition.save()
    assert steps(definition) == {"draft": "ONGOING", "review": "NOT_STARTED", "done": "NOT_STARTED"}
    definition.get_raw()["status"]["stepId"] = None
    definition.save()
    assert set(steps(definition).values()) == {"NOT_STARTED"} and definition.get_raw()["status"]["stepId"] is None
    definition.get_raw()["status"]["stepId"] = "nowhere"
    with refused("nowhere"):
        definition.save()


def test_changed_steps_win_over_the_step_id(client, kind):
    definition = templates.artifact(client, kind).get_definition()
    definition.get_raw()["workflow"]["steps"]["draft"]["status"] = "ONGOING"
    definition.get_raw()["status"]["stepId"] = "done"
    definition.save()
    assert steps(definition) == {"draft": "ONGOING", "review": "NOT_STARTED", "done": "NOT_STARTED"}


def test_an_artifact_is_made_where_its_workflow_shall_be(client, kind):
    template = {"blueprintId": kind, "versionId": "bv.v1"}
    given = {"blueprintVersionId": template, "name": "copy", "fields": {"risk": "Low"}}
    done = {"draft": {"status": "FINISHED"}, "review": {"status": "ONGOING"}, "done": {"status": "NOT_STARTED"}}
    made = client.create_artifact({**given, "workflow": {"steps": done}}).get_definition()
    assert steps(made) == {"draft": "FINISHED", "review": "ONGOING", "done": "NOT_STARTED"}
    made = client.create_artifact({**given, "status": {"stepId": "draft"}}).get_definition()
    assert made.get_raw()["status"]["stepId"] == "draft"


def test_a_step_that_hides_is_passed_and_the_step_id_is_the_next_that_shows(client, kind):
    definition = templates.artifact(client, kind).get_definition()
    definition.get_raw()["status"]["stepId"] = "review"
    definition.save()
    definition.get_raw()["fields"]["pii"] = True
    definition.save()
    assert definition.get_raw()["workflow"]["steps"]["review"]["visible"] is False
    assert definition.get_raw()["status"]["stepId"] == "done"


def test_an_artifact_without_a_workflow_is_nowhere(client, unique):
    blueprint = templates.blueprint(client, unique)
    templates.version(client, blueprint, document={"fieldDefinitions": {}})
    template = {"blueprintId": blueprint, "versionId": "bv.v1"}
    raw = client.create_artifact({"blueprintVersionId": template, "name": "x"}).get_definition().get_raw()
    assert raw["status"]["stepId"] is None and raw["workflow"] == {"steps": {}}


def test_an_archived_artifact_is_read_and_not_changed_until_it_is_restored(client, kind, refused):
    definition = templates.artifact(client, kind).get_definition()
    definition.get_raw()["status"]["archived"] = True
    definition.get_raw()["name"] = "archived with a new name"
    definition.save()
    assert definition.get_raw()["status"]["archived"] and definition.get_raw()["name"] == "archived with a new name"
    definition.save()
    definition.get_raw()["name"] = "not now"
    with refused("archived"):
        definition.save()
    definition.get_raw()["status"]["archived"] = False
    definition.save()
    assert definition.get_raw()["name"] == "not now" and not definition.get_raw()["status"]["archived"]


def test_back_references_follow_and_are_nobodys_to_set(client, native):
    project = templates.artifact(client, "bp.system.govern_project", "bv.system.default", "parent")
    definition = project.get_definition()
    computed = set(definition.get_raw()["fields"])
    model = {"blueprintId": "bp.system.govern_model", "versionId": "bv.system.default"}
    made = client.create_artifact({"blueprintVersionId": model, "name": "m", "fields": {"govern_project": project.artifact_id}})
    fresh = project.get_definition().get_raw()
    assert fresh["fields"]["govern_models"] == [made.artifact_id]
    assert "govern_models" not in computed
    definition.get_raw()["name"] = "saved from what was read before"
    definition.save()
    assert definition.get_raw()["fields"]["govern_models"] == [made.artifact_id]
    definition.get_raw()["fields"]["govern_models"] = []
    definition.save()
    assert definition.get_raw()["fields"]["govern_models"] == [made.artifact_id]


def test_an_artifact_is_not_its_own_ancestor(client, unique, refused):
    blueprint = templates.blueprint(client, unique)
    document = {
        "hierarchicalParentFieldId": "parent",
        "fieldDefinitions": {"parent": {"fieldType": "REFERENCE", "allowedBlueprints": [blueprint]}},
    }
    templates.version(client, blueprint, document=document)
    template = {"blueprintId": blueprint, "versionId": "bv.v1"}
    top = client.create_artifact({"blueprintVersionId": template, "name": "top"})
    below = client.create_artifact(
        {"blueprintVersionId": template, "name": "below", "fields": {"parent": top.artifact_id}}
    )
    definition = top.get_definition()
    for ancestor in (top, below):
        definition.get_raw()["fields"]["parent"] = ancestor.artifact_id
        with refused("ValidationException", "parent"):
            definition.save()


def test_hooks_are_kept_and_a_save_says_that_they_did_not_run(client, unique):
    hook = {"name": "score", "description": "", "phases": ["CREATE", "UPDATE"], "script": "handler = 1\n"}
    blueprint = templates.blueprint(client, unique)
    templates.version(client, blueprint, document={**templates.ANSWERS, "logicalHookList": [hook]})
    made = client._perform_json(
        "POST",
        "/artifacts",
        body={"blueprintVersionId": {"blueprintId": blueprint, "versionId": "bv.v1"}, "name": "x", "fields": {"risk": "Low"}},
    )
    assert "did not run" in made["warnings"][0]
    definition = client.get_artifact(made["artifactId"]).get_definition()
    saved = client._perform_json("PUT", f"/artifact/{made['artifactId']}", body=definition.get_raw())
    assert "did not run" in saved["warnings"][0]
    version = client.get_blueprint(blueprint).get_version("bv.v1").get_definition().get_raw()
    assert version["logicalHookList"] == [hook]


def test_rights_count_for_whoever_acts(client, native, unique, refused):
    blueprint = templates.blueprint(client, unique)
    templates.version(client, blueprint)
    made = templates.artifact(client, blueprint, summary="hidden", score=1)
    person = templates.acting(client, templates.person(native, unique))
    rights = {"read": False, "write": False, "create": False, "delete": False, "admin": False}
    allow = lambda fields=(), **given: native.call(
        "PUT", f"/permissions/{blueprint}", {"everyone": {**rights, **given}, "fields": list(fields)}
    )
    allow()
    with refused("NotFoundException", made.artifact_id):
        person.get_artifact(made.artifact_id).get_definition()
    allow([{"field": "summary", "read": False, "write": False}], read=True)
    definition = person.get_artifact(made.artifact_id).get_definition()
    assert definition.get_raw()["fields"] == {"risk": "Low", "score": 1}
    definition.get_raw()["fields"]["score"] = 2
    with refused("ForbiddenException"):
        definition.save()
    with refused("ForbiddenException"):
        person.get_artifact(made.artifact_id).delete()
    with refused("ForbiddenException"):
        templates.artifact(person, blueprint)
    allow([{"field": "summary", "read": False, "write": False}], read=True, write=True)
    definition.save()
    fields = made.get_definition().get_raw()["fields"]
    assert fields == {"risk": "Low", "summary": "hidden", "score": 2}, "what he may not see stays"
