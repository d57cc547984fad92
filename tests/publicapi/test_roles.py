"""Roles, who gets them, and what they may do."""

import pytest
from dataikuapi.utils import DataikuException

INITIATIVE = "bp.system.business_initiative"


@pytest.fixture
def handler(client):
    return client.get_roles_permissions_handler()


@pytest.fixture
def without_rules(handler):
    """The initiative's role assignments as the test makes them; what was there comes back."""
    before = handler.get_role_assignments(INITIATIVE).get_definition().get_raw()
    handler.get_role_assignments(INITIATIVE).delete()
    yield
    handler.get_role_assignments(INITIATIVE).delete()
    handler.create_role_assignments(before)


@pytest.fixture
def blueprint_permissions(handler):
    yield
    handler.get_blueprint_permissions(INITIATIVE).delete()


def test_a_role_is_made_changed_and_deleted(handler, native, unique, refused):
    name = unique("reviewer")
    role = handler.create_role(name, {"label": "Reviewer", "description": "Reviews"})
    assert role.role_id == "ro." + name
    definition = role.get_definition()
    assert definition.get_raw() == {"id": "ro." + name, "label": "Reviewer", "description": "Reviews"}
    definition.get_raw()["label"] = "Changed"
    definition.get_raw()["unknown"] = {"kept": [1, None]}
    definition.save()
    again = handler.get_role(role.role_id).get_definition().get_raw()
    assert again == definition.get_raw() and again["unknown"] == {"kept": [1, None]}
    assert native.get(f"/roles/{role.role_id}")["label"] == "Changed"
    item = next(item for item in handler.list_roles() if item.get_raw()["id"] == role.role_id)
    item.to_role().delete()
    with refused("NotFoundException", role.role_id):
        role.get_definition()


def test_roles_with_wrong_ids_doubles_and_roles_in_use_are_refused(handler, unique, refused):
    for wrong in ["a b", "a/b", "a.b", "é", ""]:
        with refused("newIdentifier"):
            handler.create_role(wrong, {"label": "Wrong"})
    name = unique("role")
    handler.create_role(name, {"label": "Role"})
    with refused("already exists"):
        handler.create_role(name, {"label": "Role"})
    with refused("label"):
        handler.create_role(unique("role"), {"description": "No label"})
    with refused("is named in"):
        handler.get_role("ro.reader").delete() if used(handler, "ro.reader") else handler.get_role(
            "ro.project_manager"
        ).delete()
    definition = handler.get_role("ro." + name).get_definition()
    definition.get_raw()["id"] = "ro.another"
    with refused("id"):
        definition.save()


def used(handler, role):
    return role in handler.get_default_permissions_definition().get_raw()["rolePermissions"]


def test_the_documented_script_runs_twice_and_the_second_creation_keeps_the_first(
    handler, without_rules, person, native
):
    first, second = person(), person()

    def script(login):
        rule = {"criteria": [], "userContainers": [{"type": "user", "login": login}], "fieldIds": []}
        try:
            handler.create_role_assignments(
                {"blueprintId": INITIATIVE, "roleAssignmentsRules": {"ro.project_manager": [rule]}}
            )
        except DataikuException as error:
            assert "already" in str(error)
        return handler.get_role_assignments(INITIATIVE).get_definition().get_raw()["roleAssignmentsRules"]

    rules = script(first)
    assert script(second) == rules
    [rule] = rules["ro.project_manager"]
    assert rule["userContainers"] == [{"type": "user", "login": first}]
    [seen] = native.get(f"/role-assignments/{INITIATIVE}")["assignments"]
    assert (seen["role"], seen["to"]) == ("ro.project_manager", [{"type": "user", "id": first}])


def test_rules_of_every_kind_come_back_as_they_were_sent(client, handler, without_rules, person, native, unique):
    login, group = person(), unique("group")
    client.create_group(group)
    key = client.create_global_api_key(unique("key")).id_
    sent = {
        "blueprintId": INITIATIVE,
        "roleAssignmentsRules": {
            "ro.reader": [
                {
                    "criteria": [
                        {"type": "blueprintVersion", "blueprintVersionId": {"blueprintId": INITIATIVE, "versionId": "bv.system.default"}},
                        {"type": "field", "fieldId": "risk_rating", "conditionType": "EQUALS", "condition": "High"},
                        {"type": "workflow", "stepId": "ideation"},
                        {"type": "artifactExisting"},
                    ],
                    "userContainers": [
                        {"type": "user", "login": login},
                        {"type": "group", "groupName": group},
                        {"type": "global-api-key", "globalAPIKeyId": key, "later": 1},
                    ],
                    "fieldIds": ["business_sponsors"],
                    "unknown": {"kept": True},
                },
                {"criteria": [{"type": "artifactDeleted"}], "userContainers": [], "fieldIds": []},
            ]
        },
        "inheritArtifactFieldId": ["govern_project"],
        "unknown": [None],
    }
    made = handler.create_role_assignments(sent)
    definition = made.get_definition()
    assert definition.get_raw() == sent
    definition.save()
    assert handler.get_role_assignments(INITIATIVE).get_definition().get_raw() == sent
    first, second, inherited = native.get(f"/role-assignments/{INITIATIVE}")["assignments"]
    assert [criterion["type"] for criterion in first["criteria"]] == ["version", "field", "step", "exists"]
    assert first["to"] == [{"type": "user", "id": login}, {"type": "group", "id": group}, {"type": "key", "id": key}]
    assert first["fields"] == ["business_sponsors"] and second["criteria"] == [{"type": "deleted"}]
    assert (inherited["role"], inherited["inheritedThrough"]) == ("*", "govern_project")
    item = next(one for one in handler.list_role_assignments() if one.get_raw()["blueprintId"] == INITIATIVE)
    assert item.to_blueprint_role_assignments().get_definition().get_raw() == sent
    assert login not in "".join(line for line in client.get_log("audit.log").split("\n") if "AssignmentsSet" in line)


def test_rules_set_by_others_are_shown_in_the_clients_words(handler, without_rules, person, native):
    login = person()
    rule = {
        "role": "ro.reader",
        "criteria": [{"type": "step", "step": "ideation"}],
        "to": [{"type": "user", "id": login}],
        "inheritedFrom": "bp.system.govern_project",
    }
    native.call("PUT", f"/role-assignments/{INITIATIVE}", {"assignments": [rule]})
    definition = handler.get_role_assignments(INITIATIVE).get_definition()
    [seen] = definition.get_raw()["roleAssignmentsRules"]["ro.reader"]
    assert seen["criteria"] == [{"type": "workflow", "stepId": "ideation"}]
    assert seen["userContainers"] == [{"type": "user", "login": login}]
    before = native.get(f"/role-assignments/{INITIATIVE}")["assignments"]
    definition.save()
    assert native.get(f"/role-assignments/{INITIATIVE}")["assignments"] == before


def test_rules_give_their_roles(client, handler, without_rules, person, native_as, unique):
    login = person()
    sent = {"blueprintId": INITIATIVE, "roleAssignmentsRules": {}}
    definition = handler.create_role_assignments(sent).get_definition()
    before = native_as(login).session.post(native_as(login).root + "/items", json={"blueprintId": INITIATIVE, "name": "No"})
    assert before.status_code == 403
    rule = {"criteria": [], "userContainers": [{"type": "user", "login": login}], "fieldIds": []}
    definition.get_raw()["roleAssignmentsRules"]["ro.project_manager"] = [rule]
    definition.save()
    assert native_as(login).call("POST", "/items", {"blueprintId": INITIATIVE, "name": unique("initiative")})["item"]


def test_rules_that_mean_nothing_are_refused_and_change_nothing(handler, without_rules, refused):
    def wrong(rule, **more):
        return {"blueprintId": INITIATIVE, "roleAssignmentsRules": {"ro.reader": [rule]}, **more}

    for body, words in [
        (wrong({"userContainers": [{"type": "USER", "login": "ana"}]}), 'unknown type "USER"'),
        (wrong({"userContainers": [{"type": "user", "login": "nobody-here"}]}), "nobody-here"),
        (wrong({"userContainers": [{"type": "group", "groupName": "no-such"}]}), "no-such"),
        (wrong({"userContainers": [{"type": "role", "roleId": "ro.reader"}]}), "ro.reader"),
        (wrong({"criteria": [{"type": "moon"}]}), 'unknown type "moon"'),
        (wrong({"criteria": [{"type": "field", "fieldId": "a", "conditionType": "CONTAINS", "condition": "b"}]}), "EQUALS"),
        ({"blueprintId": INITIATIVE, "roleAssignmentsRules": {"ro.no_such": [{}]}}, "ro.no_such"),
        ({"blueprintId": "bp.no_such", "roleAssignmentsRules": {}}, "bp.no_such"),
        ({"roleAssignmentsRules": {}}, "blueprintId"),
    ]:
        with refused(words):
            handler.create_role_assignments(body)
    with refused("NotFoundException"):
        handler.get_role_assignments(INITIATIVE).get_definition()
    handler.create_role_assignments({"blueprintId": INITIATIVE})


def test_permissions_of_a_blueprint_count_until_they_are_deleted(
    client, handler, native, person, native_as, blueprint_permissions, unique
):
    sent = {
        "blueprintId": INITIATIVE,
        "everyonePermissions": {
            "artifactRead": False,
            "artifactCreate": True,
            "defaultFieldPermission": {"read": True, "write": False},
            "later": "kept",
        },
        "rolePermissions": {
            "ro.reader": {"artifactRead": True, "fieldPermissions": {"cost_rating": {"read": False, "write": False}}}
        },
        "unknown": {"kept": [None]},
    }
    made = handler.create_blueprint_permissions(sent)
    definition = made.get_definition()
    assert definition.get_raw() == sent
    seen = native.get(f"/permissions/{INITIATIVE}")["permissions"]
    assert seen["everyone"] == {"read": False, "write": False, "create": True, "delete": False, "admin": False}
    assert [rule["role"] for rule in seen["roles"]] == ["ro.reader"]
    assert {(rule["role"], rule["field"], rule["read"]) for rule in seen["fields"]} == {
        (None, None, True),
        ("ro.reader", "cost_rating", False),
    }
    item = next(one for one in handler.list_blueprint_permissions() if one.get_raw()["blueprintId"] == INITIATIVE)
    assert item.to_blueprint_permissions().get_definition().get_raw() == sent
    login = person()
    created = native_as(login).call("POST", "/items", {"blueprintId": INITIATIVE, "name": unique("initiative")})
    assert not created.get("item"), "create does not imply read"
    definition.get_raw()["everyonePermissions"]["artifactRead"] = True
    definition.save()
    native_as(login).get(f"/items/{created['id']}")
    made.delete()
    with pytest.raises(DataikuException):
        made.get_definition()
    # Deleting again is no fault: the default permissions count already.
    made.delete()


def test_permissions_may_come_wrapped_and_are_created_once(handler, native, blueprint_permissions, refused):
    sent = {"blueprintId": INITIATIVE, "permissions": {"everyonePermissions": {"artifactRead": True}}}
    assert handler.create_blueprint_permissions(sent).get_definition().get_raw() == sent
    assert native.get(f"/permissions/{INITIATIVE}")["permissions"]["everyone"]["read"] is True
    with refused("already"):
        handler.create_blueprint_permissions(sent)
    with refused("ro.no_such"):
        handler.create_blueprint_permissions({"blueprintId": INITIATIVE, "rolePermissions": {"ro.no_such": {}}})


def test_default_permissions_are_shown_and_saved_and_make_no_exceptions(handler, native, refused):
    before = native.get("/permissions/default")["permissions"]
    definition = handler.get_default_permissions_definition()
    assert "blueprintId" not in definition.get_raw()
    assert definition.get_raw()["everyonePermissions"]["artifactRead"] is True
    definition.save()
    assert native.get("/permissions/default")["permissions"] == before
    raw = handler.get_default_permissions_definition().get_raw()
    raw["everyonePermissions"]["fieldPermissions"] = {"cost_rating": {"read": True}}
    wrong = handler.get_default_permissions_definition()
    wrong.definition = raw
    with refused("single field"):
        wrong.save()


def test_only_architects_and_administrators_see_and_change_them(client, connect, key, unique, refused):
    group = unique("architects")
    client.create_group(group)
    client.get_group(group).set_definition({"isGovernArchitect": True})
    assert connect(key(group)).get_roles_permissions_handler().list_role_assignments() is not None
    other = connect(key()).get_roles_permissions_handler()
    for forbidden in [
        lambda: other.list_roles(),
        lambda: other.create_role(unique("role"), {"label": "Mine"}),
        lambda: other.get_role("ro.reader").get_definition(),
        lambda: other.get_role("ro.reader").delete(),
        lambda: other.list_role_assignments(),
        lambda: other.create_role_assignments({"blueprintId": INITIATIVE}),
        lambda: other.list_blueprint_permissions(),
        lambda: other.get_default_permissions_definition(),
        lambda: other.create_blueprint_permissions({"blueprintId": INITIATIVE}),
    ]:
        with refused("ForbiddenException"):
            forbidden()
