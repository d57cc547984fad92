"""The instance: what it is, its licence that is none, its logs, who may do what on it."""

import json


def test_the_instance_says_that_it_is_a_govern_node(client, connect, key):
    info = connect(key()).get_instance_info()
    assert info.node_type == "GOVERN" == info.raw["nodeType"]
    assert info.node_id and info.node_name == client.get_instance_info().node_name


def test_free_software_is_always_licensed(client, refused):
    assert client.get_licensing_status()["valid"] is True
    assert client.set_license('{"any": "licence"}') is None
    assert client.get_licensing_status()["valid"] is True
    with refused("ValidationException", "object"):
        client.set_license("[1]")


def test_an_entry_of_ones_own_appears_in_the_audit_trail(client, native, unique, refused):
    kind = unique("my-kind")
    client.log_custom_audit(kind, {"outcome": "ok", "n": [1, None]})
    client.log_custom_audit(kind)
    assert client.list_logs() == ["audit.log"]
    lines = [json.loads(line) for line in client.get_log("audit.log").split("\n") if line]
    noted = [line["data"] for line in lines if line["type"] == "AuditEntryAdded" and line["data"]["name"] == kind]
    assert len(noted) == 2
    assert json.loads(noted[0]["params"]) == {"outcome": "ok", "n": [1, None]}
    assert lines[-1]["channel"] == "public_api"
    events = [event for event in native.get("/events", type="AuditEntryAdded", limit=1000)["items"]]
    assert kind in [event["data"]["name"] for event in events]
    with refused("object"):
        client.log_custom_audit(kind, [1])
    with refused("at most"):
        client.log_custom_audit(kind, {"a": "x" * 20_000})
    with refused("NotFoundException", "no-such.log"):
        client.get_log("no-such.log")


def test_the_matrix_tells_what_people_and_groups_may(client, person, unique):
    group = unique("group")
    client.create_group(group)
    plain, admin = person(group), person("administrators")
    matrix = client.get_authorization_matrix().raw
    project = "bp.system.govern_project"
    assert matrix["perUser"][admin]["admin"] is True
    assert matrix["perUser"][plain]["admin"] is False
    assert matrix["perUser"][plain]["blueprints"][project]["artifactRead"] is True
    assert matrix["perUser"][plain]["blueprints"][project]["artifactDelete"] is False
    assert matrix["perUser"][admin]["blueprints"][project]["artifactDelete"] is True
    assert matrix["perGroup"][group] == {"admin": False, "governArchitect": False, "members": [plain]}
    settings = client.get_user(plain).get_settings()
    settings.enabled = False
    settings.save()
    assert plain not in client.get_authorization_matrix().raw["perUser"]


def test_the_usage_summary_counts_what_there_is(client, native, person):
    before = client.get_global_usage_summary().raw
    person()
    native.call("POST", "/items", {"blueprintId": "bp.system.business_initiative", "name": "Counted"})
    after = client.get_global_usage_summary().raw
    assert after["users"] == before["users"] + 1 == len(native.items("/users"))
    assert after["groups"] == len(native.items("/groups"))
    count = "bp.system.business_initiative"
    assert after["artifactsByBlueprint"][count] == before["artifactsByBlueprint"].get(count, 0) + 1


def test_only_administrators_are_told(connect, key, refused):
    other = connect(key())
    for forbidden in [
        other.get_licensing_status,
        lambda: other.set_license("{}"),
        other.list_logs,
        lambda: other.get_log("audit.log"),
        other.get_authorization_matrix,
        other.get_global_usage_summary,
    ]:
        with refused("ForbiddenException"):
            forbidden()
