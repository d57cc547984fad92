"""The instance's script that decides what is governed and hidden: on items that a node told of, in the real interpreter."""

import json
import os
import pathlib
import subprocess
import time

import pytest

from conftest import ANSWER_SECONDS_MAX, MISSING, START_SECONDS_MAX, Native, Service, start_scripted

PROLOGUE = """
from govern.core.autogovernance_handler import get_autogovernance_handler

handler = get_autogovernance_handler()
enriched = handler.enrichedArtifact
fields = enriched.artifact.fields
output = handler.script_output
is_project = enriched.blueprint.id == "bp.system.dataiku_project"
is_bundle = enriched.blueprint.id == "bp.system.dataiku_bundle"
"""
# What upstream's documentation shows, in other words: projects for tests are hidden, bundles of risky projects suggested.
DOCUMENTED = PROLOGUE + """
def project_of(bundle):
    return handler.client.get_artifact(bundle["dataiku_project"]).get_definition().get_raw()["fields"]

def is_risky(project):
    if not project.get("governed_by"):
        return False
    governed = handler.client.get_artifact(project["governed_by"]).get_definition().get_raw()
    return governed["fields"].get("qualification_risk_rating") == "High"

if is_project and "test" in fields.get("tags", []):
    output.action = "HIDE"
    output.status = "AUTO"
elif is_bundle and is_risky(project_of(fields)):
    output.action = "GOVERN"
    output.status = "SUGGESTED"
    output.blueprintVersionId = {"blueprintId": "bp.system.govern_bundle", "versionId": "bv.system.default"}
else:
    output.action = "DO_NOTHING"
"""
# How often it is asked again whether something is so.
POLL_SECONDS = 0.02
KINDS = ["project", "bundle", "savedModel", "savedModelVersion"]


class Broker:
    """A nats-server on a port of its own."""

    def __init__(self, folder):
        binary = os.environ.get("NATS_SERVER_BIN", "")
        if not pathlib.Path(binary).is_file():
            pytest.exit(MISSING.format("nats-server"), returncode=4)
        settings = folder / "nats.conf"
        settings.write_text(f"jetstream {{ store_dir: {json.dumps(str(folder / 'nats'))} }}\n")
        command = [binary, "-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", str(folder), "-c", str(settings)]
        with (folder / "nats.log").open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        ports = folder / f"nats-server_{self.process.pid}.ports"
        until("the nats-server listens", lambda: ports.is_file() and ports.read_text(), START_SECONDS_MAX)
        [self.url] = [url for url in json.loads(ports.read_text())["nats"] if "127.0.0.1" in url]

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=ANSWER_SECONDS_MAX)


def until(what, ask, seconds=ANSWER_SECONDS_MAX):
    """Asks again until there is something; gives it."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        found = ask()
        if found:
            return found
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"not within {seconds} seconds: {what}")


class Node:
    """A design node, everything of which is left to the script."""

    def __init__(self, broker, native, name):
        self.broker, self.native, self.name, self.revision = broker, native, name, 0

    def tell(self, kind, **data):
        self.revision += 1
        line = {"node": self.name, "kind": kind, "data": {**data, "revision": self.revision}}
        line["id"] = f"{self.name}-{self.revision}"
        command = [os.environ["COUNTERSIGN_BIN"], "ingest", "publish", "--nats", self.broker.url, "-"]
        subprocess.run(command, input=json.dumps(line), text=True, check=True, timeout=ANSWER_SECONDS_MAX)

    def find(self, blueprint, name):
        """The id of the item of that name, once it is there."""
        path = f"/items?blueprint=bp.system.{blueprint}"
        named = lambda: [found for found in self.native.items(path) if found["name"] == name]
        return until(f"{blueprint} {name}", named)[0]["id"]

    def project(self, key, **data):
        name = f"{key} of {self.name}"
        self.tell("project", projectKey=key, name=name, **data)
        return self.find("dataiku_project", name)

    def bundle(self, key, bundle):
        self.tell("bundle", projectKey=key, bundleId=bundle)
        return self.find("dataiku_bundle", bundle)

    def decision(self, item):
        """What the script said, once it is not still to be asked."""

        def decided():
            told = self.native.get(f"/items/{item}/governance-rules")["decision"]
            return told if told and not told["waiting"] else None

        return until(f"a decision about {item}", decided)

    def item(self, item):
        return self.native.get(f"/items/{item}")

    def governed(self, item):
        """The govern item, once there is one."""
        govern = until(f"{item} is governed", lambda: self.item(item)["fields"].get("governed_by"))
        return self.item(govern)


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    broker = Broker(tmp_path_factory.mktemp("broker"))
    yield broker
    broker.stop()


@pytest.fixture
def own_broker(tmp_path):
    """One that no other service speaks through: a stream is of one log."""
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Broker(folder)
    yield broker
    broker.stop()


@pytest.fixture(scope="module")
def governing(tmp_path_factory, broker):
    """A service that runs scripts and hears of nodes."""
    service = start_scripted(tmp_path_factory.mktemp("governing"), 60, ["--nats", broker.url])
    yield service
    service.stop()


@pytest.fixture
def person(governing, unique):
    """A fresh person in this group; gives the login."""

    def make(group):
        login = unique("person")
        Native(governing.url).call("POST", "/users", {"login": login, "groups": [group]})
        return login

    return make


@pytest.fixture
def node(governing, broker, unique):
    """Sets the script and leaves all of a fresh node to it; gives the node."""

    def make(script):
        native = Native(governing.url)
        node = Node(broker, native, unique("node"))
        rule = {"governing": "SCRIPT", "node": node.name}
        native.call("PUT", "/governance-rules", {kind: [rule] for kind in KINDS})
        told = native.call("PUT", "/governance-script", {"script": script})
        assert "notes" not in told and native.get("/governance-script")["script"] == script
        return node

    return make


def test_the_documented_example_runs_as_it_is(node):
    node = node(DOCUMENTED)
    hidden, shown = node.project("A", tags=["mlops", "test"]), node.project("B", tags=["mlops"])
    assert node.decision(hidden)["governing"] == "HIDE" and node.item(hidden)["hidden"]
    assert node.decision(shown)["governing"] == "NOTHING" and not node.item(shown)["hidden"]
    bundle = node.bundle("B", f"b1 of {node.name}")
    assert node.decision(bundle)["governing"] == "NOTHING"
    govern = node.native.call("POST", f"/items/{shown}/govern", {})["governItem"]
    node.native.call("PATCH", f"/items/{govern}", {"fields": {"qualification_risk_rating": "High"}})
    suggested = lambda: node.native.items("/governable", recommended="true", blueprint="bp.system.dataiku_bundle")
    told = until("a suggestion", suggested)
    [told] = [found for found in told if found["id"] == bundle]
    assert told["recommended"] and told["rule"]["governing"] == "SCRIPT"
    assert (told["decision"]["governing"], told["decision"]["template"]) == ("RECOMMENDED", "bv.system.default")
    node.project("A", tags=["mlops"])
    until("it is shown again", lambda: not node.item(hidden)["hidden"])


def test_govern_auto_makes_the_govern_item_with_prefill_and_initiative(node, governing, unique):
    initiative = Native(governing.url).call(
        "POST", "/items", {"blueprintId": "bp.system.business_initiative", "name": unique("growth")}
    )["id"]
    node = node(
        PROLOGUE + "output.action, output.status = 'GOVERN', 'AUTO'\n"
        "if is_project:\n"
        "    output.artifactPrefill.fields['description'] = 'key ' + fields['project_key'] + ' on ' + fields['node_id']\n"
        "    output.artifactPrefill.fields['use_case_technical_dimension'] = ['AI/ML']\n"
        f"    output.projectBusinessInitiativeArtifactId = '{initiative}'\n"
    )
    project = node.project("A")
    govern = node.governed(project)
    held = govern["fields"]
    assert held["description"] == f"key A on {node.name}"
    assert (held["use_case_technical_dimension"], held["business_initiative"]) == (["AI/ML"], initiative)
    timeline = node.native.items(f"/items/{govern['id']}/timeline")
    assert {event["actor"]["type"] for event in timeline} == {"system"}
    bundle = node.bundle("A", f"b1 of {node.name}")
    assert node.governed(bundle)["fields"]["govern_project"] == govern["id"], "its project is governed"


def test_a_project_is_attached_to_an_existing_govern_project(node):
    node = node(PROLOGUE + "output.action = 'DO_NOTHING'")
    first = node.project("A")
    target = node.native.call("POST", f"/items/{first}/govern", {})["governItem"]
    attach = (
        "if is_project and fields['project_key'] == 'B':\n"
        "    output.action, output.status = 'GOVERN', 'AUTO'\n"
        f"    output.projectExistingArtifactId = '{target}'\n"
    )
    node.native.call("PUT", "/governance-script", {"script": PROLOGUE + attach})
    second = node.project("B")
    assert node.governed(second)["id"] == target
    assert node.item(target)["fields"]["dataiku_item"] == [first, second]


def test_a_project_configures_what_happens_to_what_lies_in_it(node):
    node = node(
        PROLOGUE + "assert is_project, 'children are configured by their project'\n"
        "output.action, output.status = 'GOVERN', 'AUTO'\n"
        "output.childrenConfiguration = {\n"
        "    'bundlesConfig': {'action': 'GOVERN', 'status': 'AUTO', 'blueprintVersionId':\n"
        "        {'blueprintId': 'bp.system.govern_bundle', 'versionId': 'bv.system.default'}},\n"
        "    'modelsConfig': {'action': 'HIDE', 'status': 'SUGGESTED'},\n"
        "}\n"
    )
    project = node.project("A")
    node.governed(project)
    node.decision(project)
    bundle = node.bundle("A", f"b1 of {node.name}")
    node.governed(bundle)
    rules = node.native.get(f"/items/{bundle}/governance-rules")
    assert (rules["applies"]["scope"], rules["applies"]["decided"]) == (project, True)
    assert rules["applies"]["governing"] == "AUTOMATIC" and rules["decision"] is None
    children = node.decision(project)["children"]
    assert children["savedModel"] == {"governing": "RECOMMEND_HIDE", "template": None}
    assert children["savedModelVersion"] is None


def test_a_suggestion_prefills_what_a_person_governs(node):
    node = node(
        PROLOGUE + "output.action, output.status = 'GOVERN', 'SUGGESTED'\n"
        "output.artifactPrefill = {'fields': {'description': 'suggested'}}\n"
    )
    project = node.project("A")
    assert node.decision(project)["prefill"] == {"description": "suggested"}
    assert node.item(project)["fields"].get("governed_by") is None
    govern = node.native.call("POST", f"/items/{project}/govern", {})["governItem"]
    assert node.item(govern)["fields"]["description"] == "suggested"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("raise ValueError('not like this')", "not like this"),
        ("output.action = 'GOVERN'", "neither AUTO nor SUGGESTED"),
        ("output.acton = 'GOVERN'", "acton"),
        ("output.action, output.status = 'GOVERN', 'AUTO'\noutput.artifactPrefill.fields['none'] = 1", "fields_invalid"),
        ("output.action, output.status = 'GOVERN', 'AUTO'\noutput.projectExistingArtifactId = 'x'", "no id"),
        ("output.artifactPrefill.fields['x'] = handler", "which is no JSON"),
        ("handler.client.get_artifact(enriched.artifact.id).delete()", "changes nothing itself"),
    ],
)
def test_what_fails_is_told_and_not_asked_again_before_something_changes(node, governing, person, text, told):
    node = node(PROLOGUE + text)
    project = node.project("A")
    decision = node.decision(project)
    assert told in decision["problem"] and decision["governing"] is None
    # Whatever is asked about later is answered later: a loop would have been at the first one again.
    node.decision(node.project("B"))
    tried = lambda: [event["type"] for event in node.native.items(f"/items/{project}/timeline")].count(
        "GovernanceUndecided"
    )
    assert tried() == 1
    reader = Native(governing.url, login=person("project_managers"))
    assert reader.get(f"/items/{project}/governance-rules")["decision"]["problem"] == "it failed"
    [undecided] = [found for found in reader.items(f"/items/{project}/timeline") if found["type"] == "GovernanceUndecided"]
    assert undecided["data"]["why"] is None
    node.project("A", tags=["new"])
    until("it is asked again", lambda: tried() == 2)


def test_a_replay_asks_nobody_and_a_service_without_scripts_says_so(tmp_path, own_broker, unique):
    broker = own_broker
    service = start_scripted(tmp_path, 60, ["--nats", broker.url])
    try:
        native = Native(service.url)
        node = Node(broker, native, unique("node"))
        native.call("PUT", "/governance-rules", {"project": [{"governing": "SCRIPT", "node": node.name}]})
        native.call("PUT", "/governance-script", {"script": DOCUMENTED})
        project = node.project("A", tags=["test"])
        node.decision(project)
        position = native.get("/governance-rules")["position"]
        paths = [f"/items/{project}", f"/items/{project}/governance-rules", "/governance-script"]
        before = [native.get(path, as_of=position) for path in paths]
    finally:
        service.stop()
    service = Service(tmp_path)
    try:
        native = Native(service.url)
        assert [native.get(path, as_of=position) for path in paths] == before
        assert before[0]["hidden"] and before[1]["decision"]["governing"] == "HIDE"
        assert native.call("PUT", "/governance-script", {"script": "pass"})["notes"] == ["hooks_off"]
        assert native.get("/governance-script")["waiting"] == 1
        own = f"/items/{project}/governance-rules"
        assert native.call("PUT", own, {"project": [{"governing": "SCRIPT"}]})["notes"] == ["hooks_off"]
        assert "notes" not in native.call("PUT", own, {"project": [{"governing": "HIDE"}]})
        assert "notes" not in native.call("PUT", "/governance-script", {"script": ""})
    finally:
        service.stop()
