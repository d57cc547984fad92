"""Groups of people."""


def group_of(native, name):
    return next(group for group in native.items("/groups") if group["name"] == name)


def test_a_group_is_made_changed_and_deleted(client, native, unique, refused):
    name = unique("a group")
    group = client.create_group(name, "Who reads")
    definition = group.get_definition()
    assert (definition["name"], definition["description"]) == (name, "Who reads")
    assert (definition["admin"], definition["sourceType"]) == (False, "LOCAL")
    definition["admin"] = True
    definition["ldapGroupNames"] = ["cn=readers", "cn=é"]
    definition["unknown"] = {"kept": None}
    group.set_definition(definition)
    assert client.get_group(name).get_definition() == definition
    assert group_of(native, name)["admin"] is True
    assert name in [one.name for one in client.list_groups_info()]
    assert name in [one["name"] for one in client.list_groups()]
    group.delete()
    with refused("NotFoundException", name):
        group.get_definition()


def test_a_group_without_words_is_a_group(client, unique):
    name = unique("plain")
    client.create_group(name)
    assert client.get_group(name).get_definition()["description"] == ""


def test_members_of_an_administrating_group_administrate(client, person, unique, refused):
    name = unique("admins")
    group = client.create_group(name)
    member = client.get_user(person(name)).get_client_as()
    with refused("ForbiddenException"):
        member.list_groups()
    definition = group.get_definition()
    group.set_definition({**definition, "admin": True})
    assert name in [one["name"] for one in member.list_groups()]
    group.set_definition({**definition, "admin": False, "isGovernArchitect": True})
    assert member.get_roles_permissions_handler().list_roles()
    with refused("ForbiddenException"):
        member.list_groups()


def test_names_that_no_path_could_hold_are_refused(client, unique, refused):
    for wrong in ["a/b", "a?b", "a#b", "..", "", "x" * 200]:
        with refused():
            client.create_group(wrong)
    odd = unique("é x+y&z ü")
    client.create_group(odd)
    assert client.get_group(odd).get_definition()["name"] == odd
    with refused("already exists"):
        client.create_group(odd)
    with refused("renamed"):
        client.get_group(odd).set_definition({"name": "another"})


def test_a_group_that_is_named_somewhere_stays(client, refused):
    with refused("project_managers", "is named in"):
        client.get_group("project_managers").delete()


def test_only_administrators_change_groups(client, connect, key, unique, refused):
    name, other = unique("group"), connect(key())
    client.create_group(name)
    assert name in [one.get_raw()["name"] for one in other.list_groups_info()]
    for forbidden in [
        lambda: other.list_groups(),
        lambda: other.create_group(unique("group")),
        lambda: other.get_group(name).get_definition(),
        lambda: other.get_group(name).set_definition({"admin": True}),
        lambda: other.get_group(name).delete(),
    ]:
        with refused("ForbiddenException"):
            forbidden()
