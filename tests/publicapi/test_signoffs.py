"""Sign-offs: the whole life of one, who may do what, and what is refused."""

import pytest
import templates
from dataikuapi.govern.users_container import GovernUserUsersContainer

DOCUMENT = {
    "fieldDefinitions": {},
    "workflowDefinition": {"stepDefinitions": [{"id": "review", "name": "Review"}, {"id": "later", "name": "Later"}]},
}


@pytest.fixture
def people(native, unique):
    """Two people: the first approves, both review."""
    return templates.person(native, unique), templates.person(native, unique)


@pytest.fixture
def gate(client, unique, people):
    """A fresh artifact whose ongoing step has a sign-off."""
    blueprint = templates.blueprint(client, unique)
    templates.version(client, blueprint, document=DOCUMENT, review=templates.reviewers(*people))
    return started(client, blueprint)


def started(client, blueprint, step="review"):
    template = {"blueprintId": blueprint, "versionId": "bv.v1"}
    made = client.create_artifact({"blueprintVersionId": template, "name": "made", "status": {"stepId": step}})
    return made.get_signoff(step)


def raw(signoff):
    return signoff.get_definition().get_raw()


def as_(client, login, signoff):
    return templates.acting(client, login).get_artifact(signoff.artifact_id).get_signoff(signoff.step_id)


def test_the_signoff_of_a_step_is_there_with_the_artifact(client, gate, people):
    artifact = client.get_artifact(gate.artifact_id)
    [item] = artifact.list_signoffs()
    shown = raw(item.to_signoff())
    assert shown == item.get_raw() == raw(gate)
    assert shown["signoffId"] == {"artifactId": gate.artifact_id, "stepId": "review"}
    assert shown["status"] == "NOT_STARTED" and shown["feedbackResponses"] == []
    assert "approverResponse" not in shown and None not in shown.values()
    configuration = shown["configuration"]
    assert configuration["title"] == "Review gate" and configuration["mandatory"] is True
    assert configuration["approvers"] == [{"usersContainer": {"type": "user", "login": people[0]}}]
    assert configuration["feedbackUsersGroups"][0]["id"] == "business"


def test_details_name_the_people_of_groups_and_roles(client, gate, people, native, unique):
    shown = gate.get_details().get_raw()
    person = lambda login: {"type": "user", "login": login}
    assert shown["approvers"] == [person(people[0])]
    assert shown["feedbackGroups"][0]["title"] == "Business reviewers"
    assert sorted(user["login"] for user in shown["feedbackGroups"][0]["users"]) == sorted(people)
    group = unique("group")
    native.call("POST", "/groups", {"name": group})
    member = templates.person(native, unique, group)
    blueprint = templates.blueprint(client, unique)
    container = {"usersContainer": {"type": "group", "groupName": group}}
    configuration = {"title": "t", "approvers": [container]}
    templates.version(client, blueprint, document=DOCUMENT, review=configuration)
    assert started(client, blueprint).get_details().get_raw() == {"feedbackGroups": [], "approvers": [person(member)]}


def test_feedback_then_approval(client, gate, people, refused):
    ada, bo = (as_(client, login, gate) for login in people)
    with refused("NOT_STARTED"):
        bo.add_feedback("business", "APPROVED")
    gate.update_status("WAITING_FOR_FEEDBACK")
    first = bo.add_feedback("business", "MINOR_ISSUE", "see note 3 – é")
    second = bo.add_feedback("business", "APPROVED")
    assert first.feedback_id != second.feedback_id
    [one, two] = gate.list_feedbacks()
    assert one.to_feedback().get_definition().get_raw() == one.get_raw()
    assert one.get_raw()["id"] == first.feedback_id and one.get_raw()["user"] == people[1]
    assert one.get_raw()["comment"] == "see note 3 – é" and "comment" not in two.get_raw()
    gate.update_status("WAITING_FOR_APPROVAL")
    with pytest.raises(ValueError, match="approver response"):
        gate.get_approval().get_definition()
    approval = ada.add_approval("APPROVED", "ok").get_definition()
    assert approval.get_raw()["status"] == "APPROVED" and approval.get_raw()["user"] == people[0]
    assert raw(gate)["status"] == "APPROVED" and raw(gate)["approverResponse"] == approval.get_raw()
    with refused("APPROVED"):
        ada.add_approval("REJECTED")


def test_feedback_is_edited_and_deleted_by_its_author_once(client, gate, people, refused):
    gate.update_status("WAITING_FOR_FEEDBACK", users_to_notify=[])
    bo = as_(client, people[1], gate)
    feedback = bo.add_feedback("business", "MAJOR_ISSUE", "no")
    definition = feedback.get_definition()
    definition.get_raw().update(status="APPROVED", comment="yes")
    definition.save()
    assert (definition.get_raw()["status"], definition.get_raw()["comment"]) == ("APPROVED", "yes")
    assert raw(gate)["feedbackResponses"] == [definition.get_raw()]
    ada = as_(client, people[0], gate).get_feedback(feedback.feedback_id)
    with refused("author"):
        ada.delete()
    definition.get_raw()["status"] = "PERFECT"
    with refused("PERFECT"):
        definition.save()
    feedback.delete()
    assert gate.list_feedbacks() == []
    with refused("NotFoundException"):
        feedback.delete()
    with refused("NotFoundException", "nope"):
        gate.get_feedback("nope").delete()
    with pytest.raises(ValueError, match="nope"):
        gate.get_feedback("nope").get_definition()


def test_approval_is_edited_and_taken_back_by_its_author(client, gate, people, refused):
    gate.update_status("WAITING_FOR_APPROVAL")
    ada = as_(client, people[0], gate)
    definition = ada.add_approval("REJECTED", "not yet").get_definition()
    assert raw(gate)["status"] == "REJECTED"
    definition.get_raw().update(status="APPROVED", comment="now")
    definition.save()
    assert definition.get_raw()["comment"] == "now" and raw(gate)["status"] == "APPROVED"
    with refused("ForbiddenException"):
        as_(client, people[1], gate).get_approval().delete()
    ada.get_approval().delete()
    assert raw(gate)["status"] == "WAITING_FOR_APPROVAL" and "approverResponse" not in raw(gate)
    with pytest.raises(ValueError, match="approver response"):
        gate.get_approval().get_definition()


def test_an_approver_abandons_and_the_cancelling_leads_back(client, gate, people, refused):
    gate.update_status("WAITING_FOR_APPROVAL")
    ada = as_(client, people[0], gate)
    definition = ada.add_approval("ABANDONED", "not needed").get_definition()
    assert (definition.get_raw()["status"], definition.get_raw()["comment"]) == ("ABANDONED", "not needed")
    assert definition.get_raw()["user"] == people[0]
    assert raw(gate)["status"] == "ABANDONED"
    for edit in (lambda: ada.add_approval("APPROVED"), ada.get_approval().delete):
        with refused("abandoned"):
            edit()
    gate.update_status("WAITING_FOR_APPROVAL")
    assert "approverResponse" not in raw(gate)
    definition = ada.add_approval("APPROVED", "fine").get_definition()
    definition.get_raw()["status"] = "ABANDONED"
    definition.save()
    assert raw(gate)["status"] == "ABANDONED" and raw(gate)["approverResponse"] == definition.get_raw()
    assert definition.get_raw()["status"] == "ABANDONED"
    gate.update_status("APPROVED")
    assert (raw(gate)["status"], raw(gate)["approverResponse"]["status"]) == ("APPROVED", "APPROVED")


def test_a_signoff_abandoned_by_its_status_keeps_what_the_approver_said(client, gate, people, refused):
    gate.update_status("WAITING_FOR_APPROVAL")
    gate.update_status("ABANDONED")
    assert "approverResponse" not in raw(gate)
    with pytest.raises(ValueError, match="approver response"):
        gate.get_approval().get_definition()
    with refused("abandoned"):
        as_(client, people[0], gate).add_feedback("business", "APPROVED")
    gate.update_status("WAITING_FOR_APPROVAL")
    definition = as_(client, people[0], gate).add_approval("REJECTED", "not yet").get_definition()
    gate.update_status("ABANDONED")
    assert raw(gate)["approverResponse"] == definition.get_raw()
    gate.update_status("NOT_STARTED")
    assert raw(gate)["status"] == "NOT_STARTED" and "approverResponse" not in raw(gate)


def test_administrators_and_strangers_neither_review_nor_approve(client, gate, native, unique, refused):
    gate.update_status("WAITING_FOR_FEEDBACK")
    with refused("ForbiddenException", "not in the feedback group"):
        gate.add_feedback("business", "APPROVED")
    with refused("ValidationException", "nothing"):
        gate.add_feedback("nothing", "APPROVED")
    gate.update_status("WAITING_FOR_APPROVAL")
    with refused("ForbiddenException", "approver"):
        gate.add_approval("APPROVED")
    stranger = as_(client, templates.person(native, unique), gate)
    with refused("ForbiddenException"):
        stranger.add_approval("APPROVED")
    with refused("ABSTAINED"):
        gate.add_approval("ABSTAINED")


def test_statuses_move_as_documented_and_not_otherwise(client, gate, people, refused):
    for wrong in ("APPROVED", "REJECTED"):
        with refused(f"Unable to set the status to '{wrong}' when current status is 'NOT_STARTED'"):
            gate.update_status(wrong)
    with refused("Unable to set the status to 'ABANDONED' when current status is 'NOT_STARTED'"):
        gate.update_status("ABANDONED")
    with refused("SOMEWHERE"):
        gate.update_status("SOMEWHERE")
    gate.update_status("WAITING_FOR_FEEDBACK")
    with refused("Unable to set the status to 'NOT_STARTED' when current status is 'WAITING_FOR_FEEDBACK'"):
        gate.update_status("NOT_STARTED")
    gate.update_status("WAITING_FOR_APPROVAL")
    gate.update_status("WAITING_FOR_FEEDBACK")
    gate.update_status("ABANDONED")
    with refused("Unable to set the status to 'WAITING_FOR_APPROVAL' when current status is 'ABANDONED'"):
        gate.update_status("WAITING_FOR_APPROVAL")
    gate.update_status("WAITING_FOR_FEEDBACK")
    gate.update_status("ABANDONED")
    gate.update_status("NOT_STARTED")
    assert raw(gate)["status"] == "NOT_STARTED" and raw(gate)["cycle"] == 2


def test_those_who_are_to_be_told_are_named_with_a_group_for_feedback_only(client, gate, people, native, refused):
    with refused("groupId"):
        gate.update_status("WAITING_FOR_FEEDBACK", users_to_notify=[{"userLogin": people[0]}])
    named = [{"userLogin": people[0], "groupId": "business"}, {"userLogin": "nobody-knows", "groupId": "business"}]
    gate.update_status("WAITING_FOR_FEEDBACK", users_to_notify=named)
    with refused("groupId"):
        gate.update_status("WAITING_FOR_APPROVAL", users_to_notify=[{"userLogin": people[0], "groupId": "business"}])
    gate.update_status("WAITING_FOR_APPROVAL", users_to_notify=[{"userLogin": people[0]}])
    assert raw(gate)["status"] == "WAITING_FOR_APPROVAL"


def test_a_mandatory_signoff_holds_its_step_until_it_is_approved(client, gate, people, refused):
    definition = client.get_artifact(gate.artifact_id).get_definition()
    definition.get_raw()["status"]["stepId"] = "later"
    for status in (None, "WAITING_FOR_APPROVAL"):
        if status:
            gate.update_status(status)
        with refused("review"):
            definition.save()
    as_(client, people[0], gate).add_approval("REJECTED")
    with refused("REJECTED"):
        definition.save()
    as_(client, people[0], gate).get_approval().delete()
    as_(client, people[0], gate).add_approval("APPROVED")
    definition.save()
    assert definition.get_raw()["status"]["stepId"] == "later"


def test_a_right_is_delegated_to_one_person(client, gate, people, native, unique, refused):
    delegate = templates.person(native, unique)
    container = GovernUserUsersContainer(delegate).build()
    gate.update_status("WAITING_FOR_FEEDBACK")
    with refused("ForbiddenException"):
        as_(client, delegate, gate).add_feedback("business", "APPROVED")
    as_(client, people[1], gate).delegate_feedback("business", container)
    as_(client, delegate, gate).add_feedback("business", "APPROVED")
    gate.update_status("WAITING_FOR_APPROVAL")
    as_(client, people[0], gate).delegate_approval(container)
    as_(client, delegate, gate).add_approval("APPROVED")
    assert raw(gate)["approverResponse"]["user"] == delegate
    assert [given["usersContainer"] for given in raw(gate)["delegations"]] == [container, container]


def test_other_containers_and_unknown_people_are_no_delegates(client, gate, refused):
    gate.update_status("WAITING_FOR_APPROVAL")
    with refused("of the type user"):
        gate.delegate_approval({"type": "group", "groupName": "administrators"})
    with refused('unknown type "USER", possible values: role, global-api-key, user, group'):
        gate.delegate_approval({"type": "USER", "login": "x"})
    with refused("login"):
        gate.delegate_approval({"type": "user"})
    with refused("nobody-knows"):
        gate.delegate_approval({"type": "user", "login": "nobody-knows"})


def test_recurrence_is_nothing_until_it_is_set_and_reads_as_it_was_saved(client, gate, refused):
    recurrence = gate.get_recurrence_configuration()
    assert recurrence.get_raw() == {}
    every = {"activated": True, "days": 1, "weeks": 2, "months": 6, "years": 0, "reloadConf": True}
    recurrence.get_raw().update(every)
    recurrence.save()
    assert recurrence.get_raw() == every == gate.get_recurrence_configuration().get_raw()
    recurrence.get_raw().update(days=0, weeks=0, months=0)
    with refused("ValidationException", "add up to nothing"):
        recurrence.save()
    recurrence.get_raw().update(activated=False)
    recurrence.save()
    assert gate.get_recurrence_configuration().get_raw()["activated"] is False


def test_a_configuration_counts_for_a_running_signoff_only_after_a_reset_with_reload(client, unique, people, native):
    blueprint = templates.blueprint(client, unique)
    templates.version(client, blueprint, document=DOCUMENT, review=templates.reviewers(*people))
    gate = started(client, blueprint)
    designed = client.get_blueprint_designer().get_blueprint(blueprint).get_version("bv.v1")
    definition = designed.get_signoff_configuration("review").get_definition()
    definition.get_raw()["title"] = "Changed"
    definition.save()
    assert raw(gate)["configuration"]["title"] == "Review gate"
    gate.update_status("WAITING_FOR_APPROVAL")
    delegate = templates.person(native, unique)
    gate.delegate_approval(GovernUserUsersContainer(delegate).build())
    gate.update_status("ABANDONED")
    gate.update_status("NOT_STARTED")
    assert raw(gate)["configuration"]["title"] == "Review gate" and len(raw(gate)["delegations"]) == 1
    gate.update_status("WAITING_FOR_APPROVAL")
    gate.update_status("ABANDONED")
    gate.update_status("NOT_STARTED", reload_conf_for_reset=True)
    assert raw(gate)["configuration"]["title"] == "Changed" and raw(gate)["delegations"] == []


def test_a_signoff_whose_configuration_came_later_is_created_while_its_step_is_ongoing(client, unique, people, refused):
    blueprint = templates.blueprint(client, unique)
    templates.version(client, blueprint, document=DOCUMENT)
    template = {"blueprintId": blueprint, "versionId": "bv.v1"}
    artifact = client.create_artifact({"blueprintVersionId": template, "name": "x", "status": {"stepId": "review"}})
    assert artifact.list_signoffs() == []
    with refused("NotFoundException", "review"):
        artifact.get_signoff("review").get_definition()
    with refused("configures no sign-off"):
        artifact.create_signoff("review")
    designed = client.get_blueprint_designer().get_blueprint(blueprint).get_version("bv.v1")
    designed.create_signoff_configuration("review", templates.reviewers(*people))
    designed.create_signoff_configuration("later", templates.reviewers(*people))
    assert artifact.list_signoffs() == []
    with refused("not ongoing"):
        artifact.create_signoff("later")
    assert raw(artifact.create_signoff("review"))["status"] == "NOT_STARTED"
    with refused("already has a sign-off"):
        artifact.create_signoff("review")


def test_without_groups_the_final_approval_is_all_there_is(client, unique, people, refused):
    blueprint = templates.blueprint(client, unique)
    configuration = templates.reviewers(*people)
    configuration["feedbackUsersGroups"] = []
    templates.version(client, blueprint, document=DOCUMENT, review=configuration)
    gate = started(client, blueprint)
    with refused("no feedback groups"):
        gate.update_status("WAITING_FOR_FEEDBACK")
    gate.update_status("WAITING_FOR_APPROVAL")
    as_(client, people[0], gate).add_approval("APPROVED")
    assert raw(gate)["status"] == "APPROVED"
