"""Search: filters, sorts, pages, and what is not found."""

import pytest
import templates
from dataikuapi.govern import artifact_search as search
from dataikuapi.govern.blueprint import GovernBlueprintVersionId


@pytest.fixture
def kind(client, unique):
    blueprint = templates.blueprint(client, unique)
    templates.version(client, blueprint)
    return blueprint


def batches(client, query, page_size=20):
    """Every batch until there is no next one, as lists of ids."""
    request, found = client.new_artifact_search_request(query), []
    while True:
        response = request.fetch_next_batch(page_size)
        found.append([hit.to_artifact().artifact_id for hit in response.get_response_hits()])
        if not response.get_raw()["hasNextPage"]:
            assert request.fetch_next_batch(page_size).get_response_hits() == []
            return found


def found(client, kind, *filters, sort=None, page_size=20):
    filters = [search.GovernArtifactFilterBlueprints([kind]), *filters]
    query = search.GovernArtifactSearchQuery(artifact_filters=filters, artifact_search_sort=sort)
    return [artifact for batch in batches(client, query, page_size) for artifact in batch]


def field(condition_type, condition=None, field_id=None, **more):
    return search.GovernArtifactFilterFieldValue(condition_type, condition, field_id, **more)


def test_batches_follow_each_other_whatever_their_size(client, kind):
    made = [templates.artifact(client, kind, name=f"n{number}").artifact_id for number in range(5)]
    query = search.GovernArtifactSearchQuery()
    query.set_artifact_search_source(search.GovernArtifactSearchSourceAll())
    query.add_artifact_filter(search.GovernArtifactFilterBlueprints([kind]))
    assert batches(client, query, 2) == [made[:2], made[2:4], made[4:]]
    assert batches(client, query, 5) == [made]
    assert batches(client, query, 1) == [[one] for one in made]
    request = client.new_artifact_search_request(query)
    sizes = [len(request.fetch_next_batch(size).get_response_hits()) for size in (1, 3, 20, 20)]
    assert sizes == [1, 3, 1, 0]
    query.clear_artifact_filters()
    query.add_artifact_filter(search.GovernArtifactFilterArtifacts(made[:1]))
    assert batches(client, query) == [made[:1]]


def test_what_is_found_can_be_deleted_batch_by_batch(client, kind):
    made = [templates.artifact(client, kind, name=f"n{number}") for number in range(6)]
    sort = search.GovernArtifactSearchSortName("DESC")
    query = search.GovernArtifactSearchQuery(None, [search.GovernArtifactFilterBlueprints([kind])], sort)
    request = client.new_artifact_search_request(query)
    gone = 0
    while hits := request.fetch_next_batch(2).get_response_hits():
        for hit in hits:
            hit.to_artifact().delete()
            gone += 1
    assert gone == len(made) and found(client, kind) == []


def test_a_hit_shows_the_artifact_with_what_belongs_to_it(client, kind):
    made = templates.artifact(client, kind, summary="s")
    query = search.GovernArtifactSearchQuery(artifact_filters=[search.GovernArtifactFilterArtifacts([made.artifact_id])])
    [hit] = client.new_artifact_search_request(query).fetch_next_batch().get_response_hits()
    shown = hit.get_raw()
    assert shown["artifact"] == made.get_definition().get_raw()
    assert shown["blueprint"]["name"] == "Vendor risk" and shown["signoffs"] == []
    assert shown["blueprintVersion"]["id"] == GovernBlueprintVersionId(kind, "bv.v1").build()
    assert "uiArtifactDetails" not in shown


def test_filters_by_kind_version_and_artifact(client, kind):
    templates.version(client, kind, "v2")
    one, two = templates.artifact(client, kind).artifact_id, templates.artifact(client, kind, "bv.v2").artifact_id
    version = search.GovernArtifactFilterBlueprintVersions([GovernBlueprintVersionId(kind, "bv.v2").build()])
    assert found(client, kind, version) == [two]
    assert found(client, kind, search.GovernArtifactFilterArtifacts([one, "ar.999999", "nothing"])) == [one]
    assert found(client, "bp.none") == []
    source = {"type": "blueprintVersions", "blueprintVersionIds": [{"blueprintId": kind, "versionId": "bv.v2"}]}
    answer = client._perform_json("POST", "/artifacts/search", body={"artifactSearchSource": source})
    assert [hit["artifact"]["id"] for hit in answer["uiArtifacts"]] == [two]


def test_names_are_found_by_four_conditions_in_any_case_unless_told_otherwise(client, kind):
    alpha = templates.artifact(client, kind, name="Alpha One").artifact_id
    beta = templates.artifact(client, kind, name="beta ONE").artifact_id
    assert found(client, kind, field("EQUALS", "alpha one")) == [alpha]
    assert found(client, kind, field("EQUALS", "alpha one", case_sensitive=True)) == []
    assert found(client, kind, field("CONTAINS", "one")) == [alpha, beta]
    assert found(client, kind, field("CONTAINS", "ONE", case_sensitive=True)) == [beta]
    assert found(client, kind, field("START_WITH", "ALPHA")) == [alpha]
    assert found(client, kind, field("END_WITH", "one", negate_condition=True)) == []
    assert found(client, kind, field("START_WITH", "a", negate_condition=True)) == [beta]


def test_fields_are_found_by_their_text_and_an_unset_one_is_not_what_is_asked_for(client, kind):
    yes = templates.artifact(client, kind, pii=True, score=80, regions=["EU", "US"]).artifact_id
    no = templates.artifact(client, kind, pii=False, due="2026-01-01T00:00:00Z").artifact_id
    unset = templates.artifact(client, kind).artifact_id
    assert found(client, kind, field("EQUALS", "true", "pii")) == [yes]
    assert found(client, kind, field("EQUALS", "true", "pii", negate_condition=True)) == [no, unset]
    assert found(client, kind, field("EQUALS", "80", "score")) == [yes]
    assert found(client, kind, field("EQUALS", "us", "regions")) == [yes]
    assert found(client, kind, field("START_WITH", "2026-01", "due")) == [no]
    assert found(client, kind, field("EQUALS", None, "pii")) == [unset]
    assert found(client, kind, field("EQUALS", "x", "no_such_field")) == []
    assert found(client, kind, field("EQUALS", "true", "pii"), field("EQUALS", "Low", "risk")) == [yes]


def test_archived_ones_are_left_out_only_when_that_is_asked(client, kind):
    kept = templates.artifact(client, kind).artifact_id
    definition = templates.artifact(client, kind).get_definition()
    definition.get_raw()["status"]["archived"] = True
    definition.save()
    both = [kept, definition.artifact_id]
    assert found(client, kind, search.GovernArtifactFilterArchivedStatus(True)) == both
    assert found(client, kind, search.GovernArtifactFilterArchivedStatus(False)) == [kept]
    assert found(client, kind) == both


@pytest.mark.parametrize("page_size", [1, 2, 20])
def test_sorts_are_stable_with_the_cursor_both_ways(client, kind, page_size):
    given = [("b", 3), ("A", None), ("c", 3), ("a", -1.5)]
    made = [
        templates.artifact(client, kind, name=name, **({} if score is None else {"summary": f"{score}"})).artifact_id
        for name, score in given
    ]
    b, first_a, c, a = made
    query = search.GovernArtifactSearchQuery()
    by_name = search.GovernArtifactSearchSortName("ASC")
    assert found(client, kind, sort=by_name, page_size=page_size) == [first_a, a, b, c]
    assert found(client, kind, sort=search.GovernArtifactSearchSortName("DESC"), page_size=page_size) == [c, b, a, first_a]
    fields = [search.GovernArtifactSearchSortFieldDefinition(kind, "summary").build()]
    by_field = search.GovernArtifactSearchSortField(fields, "ASC")
    assert found(client, kind, sort=by_field, page_size=page_size) == [first_a, a, b, c]
    query.set_artifact_search_sort(by_name)
    query.clear_artifact_search_sort()
    assert "artifactSearchSort" not in query.build()


def test_numbers_sort_as_numbers_and_the_workflow_by_its_steps(client, kind):
    scores = {templates.artifact(client, kind, score=score).artifact_id: score for score in (9, 80, 10)}
    fields = [search.GovernArtifactSearchSortFieldDefinition(kind, "score").build()]
    by_score = found(client, kind, sort=search.GovernArtifactSearchSortField(fields))
    assert [scores[artifact] for artifact in by_score] == [9, 10, 80]
    last = client.get_artifact(by_score[0]).get_definition()
    last.get_raw()["status"]["stepId"] = "done"
    last.save()
    by_workflow = found(client, kind, sort=search.GovernArtifactSearchSortWorkflow("DESC"))
    assert by_workflow[0] == last.artifact_id and len(by_workflow) == 3


def logins_found(client):
    query = search.GovernArtifactSearchQuery(artifact_filters=[search.GovernArtifactFilterBlueprints(["bp.system.user"])])
    request, logins = client.new_artifact_search_request(query), []
    while hits := request.fetch_next_batch(100).get_response_hits():
        logins += [hit.get_raw()["uiArtifactDetails"]["user"]["login"] for hit in hits]
    return logins


def test_people_are_found_with_their_logins_until_they_are_deleted(client, native, unique):
    login = templates.person(native, unique)
    logins = logins_found(client)
    assert logins.count(login) == 1 and len(logins) == len(set(logins))
    client.get_user(login).delete()
    assert login not in logins_found(client)


def test_only_what_may_be_read_is_found_and_only_by_fields_that_may_be_read(client, kind, native, unique):
    made = templates.artifact(client, kind, summary="secret").artifact_id
    person = templates.acting(client, templates.person(native, unique))
    native.call("PUT", f"/permissions/{kind}", {"everyone": {}})
    assert found(person, kind) == []
    hidden = [{"field": "summary", "read": False, "write": False}]
    native.call("PUT", f"/permissions/{kind}", {"everyone": {"read": True}, "fields": hidden})
    assert found(person, kind) == [made] == found(client, kind, field("EQUALS", "secret", "summary"))
    query = search.GovernArtifactSearchQuery(artifact_filters=[search.GovernArtifactFilterArtifacts([made])])
    seen = [who.new_artifact_search_request(query).fetch_next_batch().get_response_hits() for who in (client, person)]
    assert [[sorted(hit.get_raw()["artifact"]["fields"]) for hit in hits] for hits in seen] == [
        [["risk", "summary"]], [["risk"]]
    ]
    assert found(person, kind, field("EQUALS", "secret", "summary")) == []


@pytest.mark.parametrize(
    "body, word",
    [
        ({"artifactSearchPagination": {"pageSize": 0}}, "pageSize"),
        ({"artifactSearchPagination": {"pageSize": -1}}, "pageSize"),
        ({"artifactSearchPagination": {"pageSize": 1001}}, "pageSize"),
        ({"artifactSearchPagination": {"lastArtifactId": "x"}}, "lastArtifactId"),
        ({"artifactFilters": [{"type": "everything"}]}, "everything"),
        ({"artifactFilters": [{"type": "field", "conditionType": "SOUNDS_LIKE", "condition": "x"}]}, "SOUNDS_LIKE"),
        ({"artifactFilters": [{"type": "field", "conditionType": "CONTAINS"}]}, "condition"),
        ({"artifactFilters": [{"type": "artifacts", "artifactIds": []}] * 101}, "artifactFilters"),
        ({"artifactSearchSource": {"type": "somewhere"}}, "somewhere"),
        ({"artifactSearchSort": {"direction": "UP", "column": {"type": "name"}}}, "UP"),
        ({"artifactSearchSort": {"direction": "ASC", "column": {"type": "size"}}}, "size"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(client, refused, body, word):
    with refused("ValidationException", word):
        client._perform_json("POST", "/artifacts/search", body=body)
