"""Roles and what they allow, as seen by those who have them."""

import conftest
import dataikuapi
import pytest

PROJECT = "bp.system.govern_project"
INITIATIVE = "bp.system.business_initiative"
SECRET = "correct horse battery"
READER = {"everyonePermissions": {}, "rolePermissions": {"ro.reader": {"artifactRead": True}}}


class Place:
    """A service of its own, since permissions are everybody's."""

    def __init__(self, url):
        self.client = dataikuapi.GovernClient(url, conftest.ADMIN_KEY)
        self.native = conftest.Native(url)
        self.url = url
        self.handler = self.client.get_roles_permissions_handler()
        self.people = 0

    def person(self, *groups):
        self.people += 1
        login = f"person-{self.people}"
        self.client.create_user(login, SECRET, groups=list(groups))
        return login

    def item_of(self, login):
        return self.native.get(f"/users/{login}")["item"]

    def project(self, blueprint=PROJECT, **fields):
        version = {"blueprintId": blueprint, "versionId": "bv.system.default"}
        return self.client.create_artifact({"blueprintVersionId": version, "name": "A thing", "fields": fields})

    def permit(self, permissions, blueprint=PROJECT):
        self.handler.get_blueprint_permissions(blueprint).delete()
        self.handler.create_blueprint_permissions({"blueprintId": blueprint, **permissions})

    def assign(self, *rules, blueprint=PROJECT, role="ro.reader", **more):
        self.handler.get_role_assignments(blueprint).delete()
        body = {"blueprintId": blueprint, "roleAssignmentsRules": {role: list(rules)}, **more}
        self.handler.create_role_assignments(body)

    def reads(self, reader, artifact):
        """A login, or a client with a key."""
        acting = self.client.get_user(reader).get_client_as() if isinstance(reader, str) else reader
        try:
            acting.get_artifact(artifact.artifact_id).get_definition()
            return True
        except dataikuapi.utils.DataikuException as error:
            assert "NotFoundException" in str(error), "what may not be read does not exist"
            return False


@pytest.fixture
def place(tmp_path):
    service = conftest.Service(tmp_path)
    yield Place(service.url)
    service.stop()


def rule(*containers, criteria=(), fields=()):
    return {"criteria": list(criteria), "userContainers": list(containers), "fieldIds": list(fields)}


def user(login):
    return {"type": "user", "login": login}


def test_people_groups_keys_and_fields_give_roles(place):
    place.client.create_group("readers")
    named, member, listed, stranger = place.person(), place.person("readers"), place.person(), place.person()
    key = place.client.create_global_api_key("reader")
    by_key = dataikuapi.GovernClient(place.url, key.key)
    artifact = place.project(business_reviewers=[place.item_of(listed)])
    place.permit(READER)
    everybody = [named, member, by_key, listed, stranger]
    place.assign()
    assert [place.reads(one, artifact) for one in everybody] == [False] * 5
    group = {"type": "group", "groupName": "readers"}
    by_id = {"type": "global-api-key", "globalAPIKeyId": key.id_}
    place.assign(rule(user(named)), rule(group, by_id), rule(fields=["business_reviewers"]))
    assert [place.reads(one, artifact) for one in everybody] == [True, True, True, True, False]


def test_criteria_restrict_a_rule_and_only_add_up_with_others(place):
    login = place.person()
    high, low = place.project(qualification_risk_rating="High"), place.project(qualification_risk_rating="Low")
    both = [high, low]
    place.permit(READER)

    def read_with(*criteria):
        place.assign(rule(user(login), criteria=criteria))
        return [place.reads(login, artifact) for artifact in both]

    field = {"type": "field", "fieldId": "qualification_risk_rating", "conditionType": "EQUALS", "condition": "High"}
    assert read_with() == [True, True]
    assert read_with(field) == [True, False]
    assert read_with({**field, "negateCondition": True}) == [False, True]
    assert read_with({"type": "artifactExisting"}) == [True, True]
    assert read_with({"type": "artifactDeleted"}) == [False, False]
    assert read_with({"type": "blueprintVersion", "versionId": "bv.other"}) == [False, False]
    version = {"blueprintId": PROJECT, "versionId": "bv.system.default"}
    assert read_with({"type": "blueprintVersion", "blueprintVersionId": version}) == [True, True]
    step = {"type": "workflow", "stepId": "exploration"}
    assert read_with(step) == [False, False]
    place.native.call("POST", f"/items/{low.artifact_id}/steps/exploration/start", {})
    assert read_with(step) == [False, True]
    assert read_with(step, field) == [False, False], "all criteria of a rule have to hold"
    place.assign(rule(user(login), criteria=[step]), rule(user(login), criteria=[field]))
    assert [place.reads(login, artifact) for artifact in both] == [True, True], "any rule is enough"


def test_roles_are_inherited_from_a_blueprint_without_criteria_and_from_an_artifact(place):
    plain, restricted = place.person(), place.person()
    initiative = place.project(INITIATIVE)
    inside = place.project(business_initiative=initiative.artifact_id)
    outside = place.project()
    place.permit(READER)
    existing = rule(user(restricted), criteria=[{"type": "artifactExisting"}])
    place.assign(rule(user(plain)), existing, blueprint=INITIATIVE)
    place.assign(inheritBlueprintId=INITIATIVE)
    assert [place.reads(one, outside) for one in (plain, restricted)] == [True, False]
    place.assign(inheritArtifactFieldId="business_initiative")
    assert [place.reads(one, inside) for one in (plain, restricted)] == [True, True]
    assert [place.reads(one, outside) for one in (plain, restricted)] == [False, False]


def test_write_and_delete_imply_read_and_create_does_not(place):
    login = place.person()
    artifact = place.project()
    for right, is_read in [("Read", True), ("Write", True), ("Delete", True), ("Admin", True), ("Create", False)]:
        place.permit({"everyonePermissions": {f"artifact{right}": True}})
        assert place.reads(login, artifact) is is_read, right


def test_exceptions_of_fields_count_before_what_counts_for_all_fields(place):
    login = place.person()
    artifact = place.project(description="Seen", qualification_risk_rating="High")
    acting = place.client.get_user(login).get_client_as().get_artifact(artifact.artifact_id)
    hidden = {"read": False, "write": False}
    place.permit({"everyonePermissions": {"artifactRead": True, "fieldPermissions": {"description": hidden}}})
    fields = acting.get_definition().get_raw()["fields"]
    assert "description" not in fields and fields["qualification_risk_rating"] == "High"
    shown = {"description": {"read": True, "write": False}}
    place.permit(
        {"everyonePermissions": {"artifactRead": True, "defaultFieldPermission": hidden, "fieldPermissions": shown}}
    )
    assert acting.get_definition().get_raw()["fields"] == {"description": "Seen"}
    place.handler.get_blueprint_permissions(PROJECT).delete()
    fields = acting.get_definition().get_raw()["fields"]
    assert fields["qualification_risk_rating"] == "High", "the default permissions count again"


def test_administrators_pass_all_of_it(place):
    artifact = place.project(description="Seen")
    hidden = {"read": False, "write": False}
    place.permit({"everyonePermissions": {"defaultFieldPermission": hidden}})
    place.assign()
    admin = place.person("administrators")
    acting = place.client.get_user(admin).get_client_as().get_artifact(artifact.artifact_id)
    assert acting.get_definition().get_raw()["fields"]["description"] == "Seen"
    assert not place.reads(place.person(), artifact)
