"""Blueprints and their versions: read by everybody who may, designed by architects."""

import copy

import pytest
import templates


@pytest.fixture
def designer(client):
    return client.get_blueprint_designer()


def test_blueprints_are_listed_and_read(client):
    listed = {item.get_raw()["blueprint"]["id"]: item for item in client.list_blueprints()}
    project = listed["bp.system.govern_project"].to_blueprint()
    assert project.get_definition().get_raw()["id"] == "bp.system.govern_project"
    [version] = [item for item in project.list_versions() if item.get_raw()["blueprintVersionTrace"]["status"] == "ACTIVE"]
    handle = version.to_blueprint_version()
    assert handle.version_id == "bv.system.default"
    assert handle.get_blueprint().blueprint_id == "bp.system.govern_project"
    steps = handle.get_definition().get_raw()["workflowDefinition"]["stepDefinitions"]
    assert [step["id"] for step in steps][:2] == ["exploration", "qualification"]
    trace = handle.get_trace()
    assert trace.status == "ACTIVE" and trace.origin_version_id is None
    assert trace.get_raw()["blueprintVersionId"]["versionId"] == "bv.system.default"


def test_drafts_and_unreadable_kinds_are_not_for_everybody(client, native, unique, refused):
    blueprint = templates.blueprint(client, unique)
    templates.version(client, blueprint, "draft", status="DRAFT")
    templates.version(client, blueprint, "live")
    person = templates.acting(client, templates.person(native, unique))
    native.call("PUT", f"/permissions/{blueprint}", {"everyone": {"read": True}})
    assert [item.to_blueprint_version().version_id for item in person.get_blueprint(blueprint).list_versions()] == ["bv.live"]
    with refused("NotFoundException", "bv.draft"):
        person.get_blueprint(blueprint).get_version("bv.draft").get_definition()
    assert len(client.get_blueprint(blueprint).list_versions()) == 2
    native.call("PUT", f"/permissions/{blueprint}", {"everyone": {}})
    assert blueprint not in [item.get_raw()["blueprint"]["id"] for item in person.list_blueprints()]
    with refused("NotFoundException", blueprint):
        person.get_blueprint(blueprint).get_definition()


def test_a_blueprint_is_made_saved_and_deleted(designer, unique, refused):
    name = unique("kind")
    given = {"name": "Vendor risk", "icon": "science", "color": "#da7f15", "ours": {"a": [1, None]}}
    made = designer.create_blueprint(name, given)
    assert made.blueprint_id == f"bp.{name}"
    definition = made.get_definition()
    assert definition.get_raw() == {"id": made.blueprint_id, **given}
    definition.get_raw().update(name="Other", backgroundColor="#fce4c7")
    definition.save()
    assert designer.get_blueprint(made.blueprint_id).get_definition().get_raw() == definition.get_raw()
    assert made.blueprint_id in [item.to_blueprint().blueprint_id for item in designer.list_blueprints()]
    made.delete()
    with refused("NotFoundException", made.blueprint_id):
        made.get_definition()
    with refused("NotFoundException", made.blueprint_id):
        made.delete()


@pytest.mark.parametrize("identifier", ["", "a b", "a/b", "é", "a.b", "x" * 200])
def test_identifiers_have_their_characters(designer, identifier, refused, unique):
    with refused("ValidationException"):
        designer.create_blueprint(identifier, {"name": "x"})


def test_identifiers_stand_for_one_thing(designer, client, unique, refused):
    name = unique("kind")
    made = designer.create_blueprint(name, {"name": "x"})
    with refused("exists"):
        designer.create_blueprint(name, {"name": "y"})
    made.create_version("v1")
    with refused("exists"):
        made.create_version("v1")
    with refused("must not be set in creation"):
        designer.create_blueprint(unique("kind"), {"id": "bp.x", "name": "x"})
    with refused("name"):
        designer.create_blueprint(unique("kind"), {})
    definition = made.get_definition()
    definition.get_raw()["id"] = "bp.other"
    with refused("do not match"):
        definition.save()


def test_a_new_version_is_an_empty_draft_or_a_fork_with_its_signoffs(designer, client, unique, native):
    blueprint = templates.blueprint(client, unique)
    person = templates.person(native, unique)
    origin = templates.version(client, blueprint, "origin", review=templates.reviewers(person))
    handle = designer.get_blueprint(blueprint)
    empty = handle.create_version("empty", name="V 1")
    assert empty.get_definition().get_raw()["name"] == "V 1"
    assert empty.get_trace().status == "DRAFT" and empty.get_trace().origin_version_id is None
    fork = handle.create_version("fork", name="Fork", origin_version_id=origin)
    assert fork.get_trace().origin_version_id == origin and fork.get_trace().status == "DRAFT"
    assert fork.get_definition().get_raw()["fieldDefinitions"] == templates.ANSWERS["fieldDefinitions"]
    assert fork.get_definition().get_raw()["name"] == "Fork"
    [configuration] = fork.list_signoff_configurations()
    assert configuration.to_signoff_configuration().get_definition().get_raw()["title"] == "Review gate"


def test_the_documented_fork_of_a_standard_version_runs_as_printed(designer, unique):
    project = designer.get_blueprint("bp.system.govern_project")
    version = project.create_version(unique("fork"), name="Fork", origin_version_id="bv.system.default")
    definition = version.get_definition()
    raw = definition.get_raw()
    raw["fieldDefinitions"]["new_field"] = {
        "description": "", "fieldType": "TEXT", "label": "My new field", "required": False, "sourceType": "STORE",
    }
    view = raw["uiDefinition"]["uiStepDefinitions"]["exploration"]["viewId"] if "uiDefinition" in raw else None
    if view:
        raw["uiDefinition"]["views"][view]["viewComponent"]["layout"]["viewComponents"].append(
            {"type": "text-field", "fieldId": "new_field", "label": "My new field", "description": "", "documentation": ""}
        )
    definition.save()
    assert version.get_definition().get_raw() == definition.get_raw()
    assert "new_field" in version.get_definition().get_raw()["fieldDefinitions"]
    version.get_trace().set_status("ACTIVE")
    version.get_trace().set_status("ARCHIVED")
    version.delete()


def test_every_key_of_a_version_survives(designer, client, unique):
    blueprint = templates.blueprint(client, unique)
    templates.version(client, blueprint)
    handle = designer.get_blueprint(blueprint).get_version("bv.v1")
    first = handle.get_definition()
    shown = copy.deepcopy(first.get_raw())
    assert shown == {"id": {"blueprintId": blueprint, "versionId": "bv.v1"}, **templates.ANSWERS}
    first.save()
    assert first.get_raw() == shown == handle.get_definition().get_raw()
    assert client.get_blueprint(blueprint).get_version("bv.v1").get_definition().get_raw() == shown


def test_a_deleted_view_is_gone_and_nothing_else_with_it(designer, client, unique):
    blueprint = templates.blueprint(client, unique)
    templates.version(client, blueprint)
    artifact = templates.artifact(client, blueprint, summary="stays")
    before = artifact.get_definition().get_raw()
    version = designer.get_blueprint(blueprint).get_version("bv.v1")
    definition = version.get_definition()
    definition.get_raw()["uiDefinition"]["views"]["other"] = {"label": "Other", "viewComponent": None}
    definition.save()
    for name in ("main", "other"):
        del definition.get_raw()["uiDefinition"]["views"][name]
        wanted = copy.deepcopy(definition.get_raw())
        definition.save()
        assert version.get_definition().get_raw() == wanted
    # What named a view still does: a version is kept as it was given.
    assert wanted["uiDefinition"] == {**templates.ANSWERS["uiDefinition"], "views": {}}
    assert artifact.get_definition().get_raw() == before
    artifact.get_definition().save()


def test_a_status_is_one_of_three_and_in_use_a_draft_no_more(designer, client, unique, refused):
    blueprint = templates.blueprint(client, unique)
    templates.version(client, blueprint, status="DRAFT")
    trace = designer.get_blueprint(blueprint).get_version("bv.v1").get_trace()
    for status in ("ACTIVE", "ARCHIVED", "DRAFT", "ACTIVE"):
        trace.set_status(status)
        assert trace.get_raw()["status"] == status == designer.get_blueprint(blueprint).get_version("bv.v1").get_trace().status
    with refused("ValidationException", "LIVE"):
        trace.set_status("LIVE")
    templates.artifact(client, blueprint)
    with refused("in use"):
        trace.set_status("DRAFT")


def test_what_items_use_goes_only_when_the_loss_is_accepted(designer, client, unique, refused):
    blueprint = templates.blueprint(client, unique)
    templates.version(client, blueprint)
    made = templates.artifact(client, blueprint, summary="text", score=5)
    definition = designer.get_blueprint(blueprint).get_version("bv.v1").get_definition()
    del definition.get_raw()["fieldDefinitions"]["summary"]
    definition.get_raw()["fieldDefinitions"]["score"]["fieldType"] = "TEXT"
    with refused("summary", "score"):
        definition.save()
    with refused("summary"):
        definition.save(danger_zone_accepted=False)
    assert made.get_definition().get_raw()["fields"]["summary"] == "text"
    definition.save(danger_zone_accepted=True)
    assert made.get_definition().get_raw()["fields"] == {"risk": "Low"}


def test_a_save_that_was_refused_can_be_corrected_and_repeated(designer, client, unique, refused):
    blueprint = templates.blueprint(client, unique)
    templates.version(client, blueprint)
    definition = designer.get_blueprint(blueprint).get_version("bv.v1").get_definition()
    definition.get_raw()["fieldDefinitions"]["new"] = {"fieldType": "PICTURE"}
    with refused("ValidationException", "PICTURE"):
        definition.save()
    definition.get_raw()["fieldDefinitions"]["new"]["fieldType"] = "TEXT"
    definition.save()
    definition.get_raw()["id"]["versionId"] = "bv.other"
    with refused("Blueprint version IDs do not match"):
        definition.save()


def test_what_is_in_use_is_not_deleted(designer, client, unique, refused):
    blueprint = templates.blueprint(client, unique)
    templates.version(client, blueprint)
    fork = designer.get_blueprint(blueprint).create_version("fork", origin_version_id="bv.v1")
    made = templates.artifact(client, blueprint)
    with refused("in use"):
        designer.get_blueprint(blueprint).get_version("bv.v1").delete()
    with refused("versions"):
        designer.get_blueprint(blueprint).delete()
    made.delete()
    designer.get_blueprint(blueprint).get_version("bv.v1").delete()
    assert [item.to_blueprint_version().version_id for item in designer.get_blueprint(blueprint).list_versions()] == ["bv.fork"]
    assert fork.get_trace().origin_version_id == "bv.v1"
    fork.delete()
    designer.get_blueprint(blueprint).delete()


def test_standard_templates_are_forked_not_changed(designer, refused):
    version = designer.get_blueprint("bp.system.govern_project").get_version("bv.system.default")
    definition = version.get_definition()
    definition.get_raw()["name"] = "Mine"
    with refused("fork it instead"):
        definition.save()
    with refused("fork it instead"):
        version.delete()
    with refused("bp.system.govern_project"):
        designer.get_blueprint("bp.system.govern_project").delete()


def test_design_is_for_those_who_design(client, native, unique, refused):
    designer = templates.acting(client, templates.person(native, unique)).get_blueprint_designer()
    blueprint = templates.blueprint(client, unique)
    templates.version(client, blueprint)
    handle = designer.get_blueprint(blueprint)
    for forbidden in (
        designer.list_blueprints,
        handle.get_definition,
        handle.list_versions,
        handle.delete,
        handle.get_version("bv.v1").get_definition,
        handle.get_version("bv.v1").delete,
        handle.get_version("bv.v1").list_signoff_configurations,
        lambda: handle.create_version("v2"),
        lambda: designer.create_blueprint(unique("kind"), {"name": "x"}),
    ):
        with refused("ForbiddenException"):
            forbidden()


def test_a_signoff_configuration_is_made_read_saved_and_deleted(designer, client, unique, native, refused):
    blueprint, person = templates.blueprint(client, unique), templates.person(native, unique)
    templates.version(client, blueprint, status="DRAFT")
    version = designer.get_blueprint(blueprint).get_version("bv.v1")
    assert version.list_signoff_configurations() == []
    given = templates.reviewers(person, description="Business review")
    given["approvers"].append({"usersContainer": {"type": "role", "roleId": "ro.final_approver"}})
    given["approvers"].append({"usersContainer": {"type": "group", "groupName": "administrators"}})
    given["recurrenceConfiguration"] = {
        "activated": True, "days": 0, "weeks": 0, "months": 6, "years": 0, "reloadConf": False,
    }
    version.create_signoff_configuration("review", given)
    handle = version.get_signoff_configuration("review")
    definition = handle.get_definition()
    identity = {"blueprintVersionId": {"blueprintId": blueprint, "versionId": "bv.v1"}, "stepId": "review"}
    assert definition.get_raw() == {"id": identity, **given}
    [item] = version.list_signoff_configurations()
    assert item.get_raw() == definition.get_raw() == item.to_signoff_configuration().get_definition().get_raw()
    definition.get_raw()["mandatory"] = False
    definition.save()
    assert handle.get_definition().get_raw() == definition.get_raw() and not definition.get_raw()["mandatory"]
    with refused("already"):
        version.create_signoff_configuration("review", given)
    handle.delete()
    with refused("NotFoundException"):
        handle.get_definition()
    with refused("NotFoundException"):
        handle.delete()
    with refused("NotFoundException"):
        definition.save()


@pytest.mark.parametrize(
    "change, words",
    [
        ({"title": None}, "SignoffConfiguration title is required"),
        ({"title": " "}, "SignoffConfiguration title is required"),
        ({"id": {"stepId": "review"}}, "signoffConfiguration.id must not be set in creation"),
        ({"feedbackUsersGroups": [{"id": "a", "users": []}]}, "Users group title is required"),
        ({"feedbackUsersGroups": [{"title": "a", "users": []}]}, "Users group id is required"),
        ({"approvers": [{"usersContainer": {"type": "USER", "login": "x"}}]}, 'unknown type "USER"'),
        ({"approvers": [{"usersContainer": {"type": "user", "login": "nobody-knows"}}]}, "nobody-knows"),
        ({"approvers": [{"usersContainer": {"type": "role", "roleId": "ro.none"}}]}, "ro.none"),
        ({"approvers": [{"usersContainer": {"type": "global-api-key", "keyId": "x"}}]}, "there is no key"),
    ],
)
def test_wrong_signoff_configurations_are_refused_in_the_documented_words(designer, client, unique, refused, change, words):
    blueprint = templates.blueprint(client, unique)
    templates.version(client, blueprint, status="DRAFT")
    version = designer.get_blueprint(blueprint).get_version("bv.v1")
    with refused(words):
        version.create_signoff_configuration("review", {"title": "t", **change})
    with refused("NotFoundException", "nowhere"):
        version.create_signoff_configuration("nowhere", {"title": "t"})
    assert version.list_signoff_configurations() == []
