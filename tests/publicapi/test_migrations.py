"""Migrations by script: an item that moves to another version of its blueprint is made fit for it by a Python script."""

import pathlib
import threading
import time

import dataikuapi
import pytest

import templates
from conftest import ADMIN_KEY, ANSWER_SECONDS_MAX, Native, start_scripted
from test_hooks import PROLOGUE

HEAD = (
    "from govern.core.migration_handler import get_migration_handler\n"
    "handler = get_migration_handler()\n"
    "target_artifact = handler.target_artifact\n"
    "fields = target_artifact.fields\n"
)
OLD = {
    "fieldDefinitions": {
        "note": {"fieldType": "TEXT"},
        "old_field": {"fieldType": "TEXT"},
        "tags": {"fieldType": "TEXT"},
        "count": {"fieldType": "NUMBER"},
    },
    "workflowDefinition": {"stepDefinitions": [{"id": "draft"}, {"id": "review"}]},
}
#: `old_field` is gone, `new_field` is new, `tags` became a list.
NEW = {
    "fieldDefinitions": {
        "note": {"fieldType": "TEXT"},
        "new_field": {"fieldType": "TEXT"},
        "tags": {"fieldType": "TEXT", "listConfig": {}},
        "count": {"fieldType": "NUMBER", "max": 10},
    },
    "workflowDefinition": {"stepDefinitions": [{"id": "draft"}, {"id": "new_step"}, {"id": "end"}]},
}


@pytest.fixture(scope="module")
def scripted(tmp_path_factory):
    service = start_scripted(tmp_path_factory.mktemp("migrating"), 60)
    yield service
    service.stop()


class Kind:
    """A blueprint with the versions `bv.old` and `bv.new`, and a path from that to this."""

    def __init__(self, service, unique, script, head=HEAD, new=None, paths=None, **more):
        self.client = dataikuapi.GovernClient(service.url, ADMIN_KEY)
        self.native = Native(service.url)
        self.id = templates.blueprint(self.client, unique)
        document = {**(new or NEW), **more}
        if paths is None:
            paths = [{"fromVersionId": "bv.old", "name": "old to new", "script": head + script if script else ""}]
        templates.version(self.client, self.id, "old", document=OLD)
        templates.version(self.client, self.id, "new", document={**document, "migrationPaths": paths})

    def make(self, name="made", **fields):
        version = {"blueprintId": self.id, "versionId": "bv.old"}
        return self.client.create_artifact({"blueprintVersionId": version, "name": name, "fields": fields})

    def post(self, path, **body):
        """Status and answer, whatever it is."""
        session, root = self.native.session, self.native.root
        answer = session.post(root + path, json={"versionId": "bv.new", **body}, timeout=ANSWER_SECONDS_MAX)
        return answer.status_code, answer.json()

    def migrate(self, artifact, **body):
        status, answer = self.post(f"/items/{artifact.artifact_id}/migrate", **body)
        assert status == 200, answer
        return answer

    def refused(self, artifact, code, *words, **body):
        """Refused in these words, with nothing done by halves."""
        before = raw(artifact)
        _, answer = self.post(f"/items/{artifact.artifact_id}/migrate", **body)
        assert answer.get("code") == code, answer
        for word in words:
            assert word in str(answer), answer
        assert raw(artifact) == before
        return answer


def raw(artifact):
    return artifact.get_definition().get_raw()


@pytest.fixture
def kind(scripted, unique):
    return lambda script, **more: Kind(scripted, unique, script, **more)


def test_the_documented_operations_make_an_item_fit(kind):
    of = kind(
        "fields['new_field'] = 'value'\n"
        "del fields['old_field']\n"
        "fields['tags'] = [fields['tags']]\n"
        "fields['note'] = fields['note'] + ' moved'\n"
        "target_artifact.name = target_artifact.name + ' (moved)'\n"
        "target_artifact.json.get('status', {})['stepId'] = 'new_step'\n"
    )
    artifact = of.make(note="mine", old_field="gone", tags="red", count=3)
    answer = of.migrate(artifact)
    moved = raw(artifact)
    assert moved["blueprintVersionId"]["versionId"] == "bv.new"
    assert moved["fields"] == {"note": "mine moved", "new_field": "value", "tags": ["red"], "count": 3}
    assert moved["name"] == "made (moved)"
    assert moved["status"]["stepId"] == "new_step"
    assert {step: of["status"] for step, of in moved["workflow"]["steps"].items()} == {
        "draft": "FINISHED", "new_step": "ONGOING", "end": "NOT_STARTED"
    }
    types = [event["type"] for event in answer["events"]]
    assert types == ["ItemMigrated", "FieldsEdited", "ItemRenamed", "StepStarted", "StepFinished", "StepStarted"], types
    assert of.migrate(artifact)["events"] == []


def test_a_value_moves_to_a_field_of_another_name(kind):
    of = kind("fields['new_field'] = fields['old_field']\ndel fields['old_field']\n")
    artifact = of.make(old_field="kept")
    of.migrate(artifact)
    assert raw(artifact)["fields"] == {"new_field": "kept"}


def test_a_script_sees_where_the_item_comes_from_and_where_it_goes(kind):
    of = kind(
        "source = handler.source_enriched_artifact\n"
        "fields['note'] = ' '.join([\n"
        "    source.blueprint.json['id'], source.blueprint_version.json['id']['versionId'], source.artifact.name,\n"
        "    handler.target_blueprint_version.json['id']['versionId'], target_artifact.id, source.artifact.fields['note'],\n"
        "    str('new_field' in handler.target_blueprint_version.json['fieldDefinitions']),\n"
        "    handler.client.get_artifact(target_artifact.id).get_definition().get_raw()['name']])\n"
        # What it does to the source changes nothing.
        "source.artifact.fields['count'] = 9\n"
    )
    artifact = of.make(note="mine", name="one")
    of.migrate(artifact)
    told = f"{of.id} bv.old one bv.new {artifact.artifact_id} mine True one"
    assert raw(artifact)["fields"] == {"note": told}


def test_values_that_the_new_version_cannot_hold_are_refused(kind):
    of = kind("pass")
    answer = of.refused(of.make(old_field="left", tags="red"), "fields_invalid", "old_field")
    assert [(one["field"], one["code"]) for one in answer["fields"]] == [
        ("old_field", "unknown_field"), ("tags", "list_expected")
    ]
    of = kind("fields['none'] = 1\nfields['count'] = 'many'\nfields['note'] = ['a']\n")
    answer = of.refused(of.make(), "fields_invalid")
    assert {(one["field"], one["code"]) for one in answer["fields"]} == {
        ("none", "unknown_field"), ("count", "wrong_type"), ("note", "not_a_list")
    }
    of = kind("fields['count'] = 11\n")
    answer = of.refused(of.make(), "fields_invalid")
    assert [(one["field"], one["code"]) for one in answer["fields"]] == [("count", "out_of_range")]


def test_a_field_that_the_new_version_requires_has_to_be_filled(kind):
    required = {**NEW, "fieldDefinitions": {"new_field": {"fieldType": "TEXT", "required": True}}}
    answer = kind("pass", new=required)
    refusal = answer.refused(answer.make(), "fields_invalid")
    assert [(one["field"], one["code"]) for one in refusal["fields"]] == [("new_field", "required")]
    filled = kind("fields['new_field'] = 'there'", new=required)
    artifact = filled.make()
    filled.migrate(artifact)
    assert raw(artifact)["fields"] == {"new_field": "there"}


def test_a_step_with_work_on_it_goes_only_when_that_is_accepted(kind):
    of = kind("target_artifact.json['workflow']['steps']['draft'] = {'status': 'FINISHED'}\n")
    artifact = of.make()
    definition = artifact.get_definition()
    definition.get_raw()["status"]["stepId"] = "review"
    definition.save()
    of.refused(artifact, "migration_loses", "the step review")
    of.migrate(artifact, dangerZoneAccepted=True)
    assert raw(artifact)["workflow"]["steps"]["draft"]["status"] == "FINISHED"
    assert raw(artifact)["status"]["stepId"] == "new_step"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("raise ValueError('not like this')", ["not like this"]),
        ("1 / 0", ["division by zero"]),
        ("import sys; sys.exit(3)", ["the script ended with 3"]),
        ("this is no Python", ["invalid syntax"]),
        ("import os; os._exit(7)", ["ended without an answer", "7"]),
        ("fields['count'] = float('nan')", ["ended without an answer"]),
        ("target_artifact.fields = ['a']", ["no dictionary"]),
        ("target_artifact.json['status']['stepId'] = 'nowhere'", ["nowhere"]),
        ("target_artifact.json['status']['stepId'] = 5", ["status"]),
        ("target_artifact.json['status']['archived'] = True", ["neither archives nor restores"]),
        ("target_artifact.json['workflow']['steps']['draft'] = {'status': 'ABOUT'}", ["ABOUT"]),
        ("print('x' * 30000)", ["more than 20000 bytes"]),
        ("handler.client.get_artifact(target_artifact.id).delete()", ["a hook asks and changes nothing itself"]),
    ],
)
def test_a_script_that_fails_moves_nothing(kind, script, words):
    of = kind(script)
    of.refused(of.make(note="mine"), "migration_failed", "old to new", *words)


def test_a_script_that_ends_early_without_an_error_is_done(kind):
    of = kind("import sys\nfields['note'] = 'done'\nsys.exit()\nfields['note'] = 'never'")
    artifact = of.make()
    of.migrate(artifact)
    assert raw(artifact)["fields"] == {"note": "done"}


def test_a_script_is_bounded_in_time(impatient, unique):
    of = Kind(impatient, unique, "while True: pass")
    of.refused(of.make(), "migration_failed", "old to new")


def test_names_are_checked_and_hooks_of_the_new_version_judge_what_a_script_made(kind):
    of = kind("target_artifact.name = ' '")
    of.refused(of.make(), "name_invalid")
    hook = (
        "if handler.artifact.fields.get('note') == 'bad':\n    handler.fail('no bad notes')\n"
        "handler.artifact.fields['count'] = len(handler.artifact.fields['note'])\n"
    )
    hooks = [{"name": "judge", "phases": ["UPDATE"], "script": PROLOGUE + hook}]
    of = kind("fields['note'] = fields['old_field']\ndel fields['old_field']\n", logicalHookList=hooks)
    of.refused(of.make(old_field="bad"), "hook_refused", "no bad notes")
    artifact = of.make(old_field="good")
    of.migrate(artifact)
    assert raw(artifact)["fields"] == {"note": "good", "count": 4}


def children(process):
    """How many processes a process has."""
    found = 0
    for status in pathlib.Path("/proc").glob("[0-9]*/status"):
        try:
            found += f"\nPPid:\t{process.pid}\n" in status.read_text()
        except OSError:
            continue
    return found


def until(happened):
    ends = time.monotonic() + ANSWER_SECONDS_MAX
    while not happened():
        assert time.monotonic() < ends, "it did not happen"


def test_what_changes_while_a_script_runs_is_seen_by_the_next_run(kind, scripted):
    of = kind(
        "seen = fields['note']\n"
        "handle = handler.client.get_artifact(target_artifact.id)\n"
        "while seen == 'first' and handle.get_definition().get_raw()['fields']['note'] == seen:\n    pass\n"
        "fields['new_field'] = seen\n"
    )
    artifact = of.make(note="first")
    done = []
    migrating = threading.Thread(target=lambda: done.append(of.post(f"/items/{artifact.artifact_id}/migrate")))
    migrating.start()
    until(lambda: children(scripted.process))
    definition = artifact.get_definition()
    definition.get_raw()["fields"]["note"] = "second"
    definition.save()
    migrating.join(ANSWER_SECONDS_MAX)
    assert done and done[0][0] == 200, done
    assert raw(artifact)["fields"] == {"note": "second", "new_field": "second"}


def test_only_who_may_move_an_item_has_its_script_run(kind, scripted, unique):
    of = kind("raise ValueError('it ran')")
    artifact = of.make()
    login = templates.person(of.native, unique)
    stranger = Native(scripted.url, login=login)
    body = {"versionId": "bv.new"}
    path = f"{stranger.root}/items/{artifact.artifact_id}/migrate"
    answer = stranger.session.post(path, json=body, timeout=ANSWER_SECONDS_MAX)
    assert answer.status_code in (403, 404) and "it ran" not in answer.text, answer.text


def test_the_timeline_tells_the_part_of_the_script_from_that_of_who_asked(kind):
    of = kind("fields['new_field'] = fields.pop('old_field')")
    artifact = of.make(old_field="kept")
    of.migrate(artifact)
    moved, edited = [
        event for event in of.native.items(f"/items/{artifact.artifact_id}/timeline")
        if event["type"] in ("ItemMigrated", "FieldsEdited")
    ]
    assert (moved["actor"]["type"], edited["actor"]["type"]) == ("key", "system")
    assert moved["correlation"] == edited["correlation"]
    assert [change["field"] for change in moved["data"]["dropped"]] == ["old_field"], moved


def test_several_items_move_each_with_its_own_result(kind):
    of = kind("assert fields['note'] != 'bad', 'a bad note'\nfields['new_field'] = fields['note']")
    good, bad = of.make(note="good"), of.make(note="bad")
    status, answer = of.post("/items/bulk/migrate", items=[good.artifact_id, bad.artifact_id])
    assert status == 200, answer
    first, second = answer["results"]
    assert (first["status"], second["status"], second["code"]) == (200, 409, "migration_failed"), answer
    assert "a bad note" in second["detail"]
    assert raw(good)["fields"]["new_field"] == "good"
    assert raw(bad)["blueprintVersionId"]["versionId"] == "bv.old"


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        ({"bv.old": "pass"}, ["migrationPaths", "expected a sequence"]),
        ([{"script": "pass"}], ["migrationPaths", "fromVersionId"]),
        ([{"fromVersionId": "bv.old", "script": 5}], ["migrationPaths", "string"]),
        ([{"fromVersionId": "bv.old", "script": "pass"}] * 2, ["several paths from bv.old"]),
    ],
)
def test_a_list_of_paths_in_which_none_can_be_found_is_told(kind, service, unique, paths, words):
    of = kind("", paths=paths)
    of.refused(of.make(), "migration_failed", *words)
    off = Kind(service, unique, "", paths=paths)
    off.refused(off.make(), "migration_failed", *words)


def test_without_a_script_for_where_it_comes_from_an_item_moves_as_it_is(kind):
    others = [{"fromVersionId": "bv.older", "script": "1 / 0"}]
    for paths in ([], others, [{"fromVersionId": "bv.old", "name": "as it is"}]):
        of = kind("", paths=paths)
        artifact = of.make(note="mine", old_field="lost")
        of.refused(artifact, "migration_loses", "the field old_field")
        of.migrate(artifact, dangerZoneAccepted=True)
        assert raw(artifact)["fields"] == {"note": "mine"}


def test_a_service_that_runs_no_scripts_moves_no_item_by_one(service, unique):
    of = Kind(service, unique, "fields['new_field'] = 'value'")
    artifact = of.make(note="mine")
    of.refused(artifact, "migration_script_off", "old to new", "hooks.enabled")
    of.refused(artifact, "migration_script_off", dangerZoneAccepted=True)
    version = of.client.get_blueprint_designer().get_blueprint(of.id).get_version("bv.new")
    definition = version.get_definition()
    del definition.get_raw()["migrationPaths"]
    definition.save()
    of.migrate(artifact)
    assert raw(artifact)["blueprintVersionId"]["versionId"] == "bv.new"


def test_paths_go_with_the_export_and_come_with_the_import(kind):
    of = kind("fields['new_field'] = 'by the imported script'")
    exported = of.native.get(f"/blueprints/{of.id}/versions/bv.new/export")
    paths = exported["blueprintVersion"]["migrationPaths"]
    assert [(path["fromVersionId"], path["name"]) for path in paths] == [("bv.old", "old to new")]
    of.native.call("POST", f"/blueprints/{of.id}/versions/bv.again/import", exported)
    of.native.call("PUT", f"/blueprints/{of.id}/versions/bv.again/status", {"status": "ACTIVE"})
    artifact = of.make()
    of.migrate(artifact, versionId="bv.again")
    assert raw(artifact)["fields"] == {"new_field": "by the imported script"}
