"""Python hooks of templates: they see a change before it is made, may change it, refuse it, and ask for others to run."""

import os
import subprocess

import dataikuapi
import pytest

import templates
from conftest import ADMIN_KEY, START_SECONDS_MAX, Native, has_landlock, start_scripted

PROLOGUE = "from govern.core.handler import get_handler\nhandler = get_handler()\n"
ALL = ["CREATE", "UPDATE", "DELETE"]


@pytest.fixture(scope="module")
def hooked(tmp_path_factory):
    """A service that gives hooks time enough on any machine."""
    service = start_scripted(tmp_path_factory.mktemp("hooked"), 60)
    yield service
    service.stop()


@pytest.fixture
def template(request, unique):
    """A fresh blueprint with these hooks; gives its id and the client."""

    def make(script, phases=ALL, post=None, service=None):
        service = service or request.getfixturevalue("hooked")
        client = dataikuapi.GovernClient(service.url, ADMIN_KEY)
        hooks = lambda name, text: [{"name": name, "phases": phases, "script": PROLOGUE + text}] if text else []
        document = {
            "fieldDefinitions": {"note": {"fieldType": "TEXT"}, "score": {"fieldType": "NUMBER"}},
            "logicalHookList": hooks("rule", script),
            "postLogicalHookList": hooks("after", post),
        }
        blueprint = templates.blueprint(client, unique)
        templates.version(client, blueprint, document=document)
        return client, blueprint

    return make


def make(client, blueprint, name="made", **fields):
    version = {"blueprintId": blueprint, "versionId": "bv.v1"}
    return client.create_artifact({"blueprintVersionId": version, "name": name, "fields": fields})


def fields_of(artifact):
    return artifact.get_definition().get_raw()["fields"]


def test_a_machine_that_cannot_confine_scripts_runs_none(tmp_path):
    if has_landlock():
        # A folder of packages that holds the data directory would let scripts read it.
        arguments = ["--hooks", "--hooks-packages", str(tmp_path)]
    else:
        arguments = ["--hooks"]
    binary, data = os.environ["COUNTERSIGN_BIN"], tmp_path / "data"
    command = [binary, "serve", "--listen", "127.0.0.1:0", "--data", str(data), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=START_SECONDS_MAX, check=False)
    assert ended.returncode == 1, ended
    assert "LISTENING" not in ended.stdout
    assert "not confined" in ended.stderr or "Landlock" in ended.stderr, ended.stderr


def test_a_create_hook_changes_what_is_stored(template):
    client, blueprint = template("handler.artifact.fields['score'] = len(handler.artifact.fields['note'])", ["CREATE"])
    assert fields_of(make(client, blueprint, note="four")) == {"note": "four", "score": 4}


def test_saving_without_changes_runs_the_update_hooks(template):
    client, blueprint = template(
        "handler.artifact.fields['score'] = handler.artifact.fields.get('score', 0) + 1", ["UPDATE"]
    )
    artifact = make(client, blueprint)
    for times in (1, 2):
        artifact.get_definition().save()
        assert fields_of(artifact)["score"] == times


def test_a_hook_refuses_with_its_message_and_those_of_the_fields(template, refused):
    client, blueprint = template(
        "if handler.artifact.fields.get('score', 0) > 5:\n"
        "    handler.status = 'ERROR'\n"
        "    handler.message = 'too much of it'\n"
        "    handler.fieldMessages['score'] = 'five at most'\n"
    )
    artifact = make(client, blueprint, score=5)
    definition = artifact.get_definition()
    definition.get_raw()["fields"]["score"] = 6
    with refused("too much of it", "score", "five at most"):
        definition.save()
    assert fields_of(artifact)["score"] == 5
    with refused("too much of it"):
        make(client, blueprint, score=7)


def test_an_exception_refuses_too(template, refused):
    client, blueprint = template("raise ValueError('not like this')")
    with refused("not like this"):
        make(client, blueprint)


def test_a_delete_hook_can_keep_an_item(template, refused):
    client, blueprint = template(
        "assert handler.hookPhase == 'DELETE' and handler.newEnrichedArtifact is None\n"
        "if handler.artifact.fields.get('note') == 'keep':\n    handler.fail('it is kept')",
        ["DELETE"],
    )
    kept, lost = make(client, blueprint, note="keep"), make(client, blueprint)
    with refused("it is kept"):
        kept.delete()
    assert kept.get_definition().get_raw()["fields"]["note"] == "keep"
    lost.delete()
    with refused(lost.artifact_id):
        lost.get_definition()


def test_neighbours_are_updated_after_the_commit(template):
    client, blueprint = template(
        "fields = handler.artifact.fields\n"
        "if handler.hookPhase == 'CREATE' and fields.get('note'):\n"
        "    handler.artifactIdsToUpdate = [fields['note']]\n"
        "if handler.hookPhase == 'UPDATE':\n"
        "    fields['score'] = fields.get('score', 0) + 1\n",
        ["CREATE", "UPDATE"],
    )
    first = make(client, blueprint)
    make(client, blueprint, note=first.artifact_id)
    assert fields_of(first)["score"] == 1


def test_a_hook_knows_the_template_and_who_asks(template):
    client, blueprint = template(
        "new = handler.newEnrichedArtifact\n"
        "handler.artifact.fields['note'] = ' '.join([\n"
        "    new.blueprint.json['id'], new.blueprintVersion.json['id']['versionId'], handler.artifact.json['name'],\n"
        "    str(bool(handler.authCtx['authIdentifier']))])",
        ["CREATE"],
    )
    assert fields_of(make(client, blueprint, name="one"))["note"] == f"{blueprint} bv.v1 one True"


def test_the_client_of_a_hook_reads_and_does_not_write(template, refused):
    client, blueprint = template(
        "other = handler.artifact.fields.get('note')\n"
        "if other:\n"
        "    found = handler.client.get_artifact(other)\n"
        "    handler.artifact.fields['score'] = found.get_definition().get_raw()['fields']['score'] * 2\n"
        "    if handler.artifact.name == 'greedy':\n"
        "        found.delete()\n"
    )
    first = make(client, blueprint, score=21)
    assert fields_of(make(client, blueprint, note=first.artifact_id))["score"] == 42
    with refused("a hook asks and changes nothing itself"):
        make(client, blueprint, name="greedy", note=first.artifact_id)
    assert fields_of(first)["score"] == 21


def test_a_hook_cannot_reach_anything_but_the_service(template):
    client, blueprint = template(
        "import os, socket, subprocess\n"
        "tried = []\n"
        "for attempt in (\n"
        "    lambda: socket.create_connection(('127.0.0.1', 9), 1), lambda: open('/tmp/escaped', 'w'),\n"
        "    lambda: subprocess.run(['true']), lambda: os.kill(os.getppid(), 0),\n"
        "):\n"
        "    try:\n        attempt()\n        tried.append('done')\n"
        "    except PermissionError:\n        tried.append('refused')\n"
        "handler.artifact.fields['note'] = ' '.join(tried)",
        ["CREATE"],
    )
    assert fields_of(make(client, blueprint))["note"] == "refused refused refused refused"


def test_a_hook_is_bounded_in_time(template, impatient, refused):
    client, blueprint = template("while True: pass", ["CREATE"], service=impatient)
    with refused('hook "rule" of', "failed"):
        make(client, blueprint)


def test_a_hook_is_bounded_in_memory_and_output(template, refused):
    client, blueprint = template(
        "exec({'memory': 'x = bytearray(1 << 34)', 'output': \"print('x' * 30000)\"}"
        "[handler.artifact.fields['note']])",
        ["CREATE"],
    )
    with refused("MemoryError"):
        make(client, blueprint, note="memory")
    with refused("more than 20000 bytes"):
        make(client, blueprint, note="output")


def test_what_a_hook_wants_is_checked_as_any_other_change(template, refused):
    client, blueprint = template("handler.artifact.fields['score'] = 'many'", ["CREATE"])
    with refused("score"):
        make(client, blueprint)


def test_a_post_hook_sees_what_is_stored_and_cannot_undo_it(template):
    client, blueprint = template(
        "handler.artifact.fields['score'] = 1 + handler.artifact.fields.get('score', 0)",
        ["CREATE", "UPDATE"],
        post="if handler.artifact.fields.get('score', 0) < 2:\n"
        "    handler.artifactIdsToUpdate = [handler.artifact.id]\n"
        "handler.fail('too late')",
    )
    artifact = make(client, blueprint, note="x")
    assert fields_of(artifact)["score"] == 2


def test_the_timeline_tells_the_wishes_of_hooks_from_those_of_people(template, hooked):
    client, blueprint = template("handler.artifact.fields['score'] = 7", ["CREATE"])
    artifact = make(client, blueprint, note="mine")
    made, wished = [
        event for event in Native(hooked.url).items(f"/items/{artifact.artifact_id}/timeline")
        if event["type"] in ("ItemCreated", "FieldsEdited")
    ]
    assert (made["actor"]["type"], wished["actor"]["type"]) == ("key", "system")
    assert made["correlation"] == wished["correlation"]


def test_without_the_option_hooks_do_not_run_and_saving_says_so(template, service, native):
    client, blueprint = template("handler.fail('never')", service=service)
    artifact = make(client, blueprint, note="kept")
    assert fields_of(artifact) == {"note": "kept"}
    told = native.call("PATCH", f"/items/{artifact.artifact_id}", {"fields": {"note": "changed"}})
    assert told["notes"] == ["hooks_off"]
