"""Blueprints for tests, made through the designer."""

import copy

ANSWERS = {
    "name": "Version 1",
    "instructions": "Do not remove the score fields",
    "iconMode": "INHERIT",
    "fieldDefinitions": {
        "summary": {"label": "Summary", "description": "", "fieldType": "TEXT", "sourceType": "STORE", "required": False},
        "score": {"fieldType": "NUMBER", "sourceType": "STORE", "required": False, "min": 0, "max": 100},
        "pii": {"fieldType": "BOOLEAN", "sourceType": "STORE", "required": False},
        "due": {"fieldType": "DATE", "sourceType": "STORE", "required": False},
        "risk": {"fieldType": "CATEGORY", "required": True, "categories": ["Low", "High"]},
        "regions": {"fieldType": "CATEGORY", "categories": ["EU", "US"], "listConfig": {"cardinalityMin": 0}},
        "initiative": {"fieldType": "REFERENCE", "allowedBlueprints": ["bp.system.business_initiative"]},
        "contract": {"fieldType": "UPLOADED_FILE", "sourceType": "STORE"},
        "drift": {"fieldType": "TIME_SERIES", "sourceType": "STORE"},
        "raw": {"fieldType": "JSON", "sourceType": "STORE"},
    },
    "workflowDefinition": {
        "stepDefinitions": [
            {"id": "draft", "name": "Draft", "displaySignoffAfterView": False},
            {
                "id": "review",
                "name": "Review",
                "visibilityCondition": {
                    "type": "field",
                    "conditionType": "EQUALS",
                    "fieldId": "pii",
                    "condition": "true",
                    "negateCondition": True,
                },
            },
            {"id": "done", "name": "Done"},
        ]
    },
    "logicalHookList": [],
    "uiDefinition": {
        "views": {"main": {"label": "Main", "viewComponent": {"type": "container", "layout": {"type": "sequential"}}}},
        "uiStepDefinitions": {"draft": {"viewId": ""}},
        "artifactPageViewId": "main",
    },
    "keptAsItIs": {"numbers": [1, 1.5, -0.25, 1e300], "nothing": None, "text": "é\u2028"},
}


def blueprint(client, unique):
    """A fresh blueprint's id."""
    handle = client.get_blueprint_designer().create_blueprint(unique("kind"), {"name": "Vendor risk", "icon": "science"})
    return handle.blueprint_id


def version(client, blueprint_id, name="v1", document=ANSWERS, status="ACTIVE", **configurations):
    """A version with this document and these sign-off configurations by step; gives its id."""
    handle = client.get_blueprint_designer().get_blueprint(blueprint_id).create_version(name, name="Version 1")
    definition = handle.get_definition()
    definition.get_raw().update(copy.deepcopy(document))
    definition.save()
    for step, configuration in configurations.items():
        handle.create_signoff_configuration(step, configuration)
    if status != "DRAFT":
        handle.get_trace().set_status(status)
    return handle.version_id


def artifact(client, blueprint_id, version_id="bv.v1", name="made", **fields):
    """A fresh artifact's handle."""
    given = fields if blueprint_id.startswith("bp.system.") else {"risk": "Low", **fields}
    template = {"blueprintId": blueprint_id, "versionId": version_id}
    return client.create_artifact({"blueprintVersionId": template, "name": name, "fields": given})


def reviewers(*logins, **more):
    """A sign-off configuration with one group of these people, the first of whom approves."""
    container = lambda login: {"usersContainer": {"type": "user", "login": login}}
    group = {"id": "business", "title": "Business reviewers", "users": [container(login) for login in logins]}
    approvers = [container(login) for login in logins[:1]]
    return {"title": "Review gate", "mandatory": True, "feedbackUsersGroups": [group], "approvers": approvers, **more}


def person(native, unique, *groups):
    """A fresh person's login."""
    login = unique("person")
    native.call("POST", "/users", {"login": login, "groups": list(groups)})
    return login


def acting(client, login):
    """The client as that person."""
    return client.get_user(login).get_client_as()
