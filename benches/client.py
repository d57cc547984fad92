"""How long the official client takes for an artifact and for a search, beside the same content over the native API.

`estate measure` runs this. Environment: COUNTERSIGN_URL, COUNTERSIGN_ADMIN_KEY.
"""

import os
import statistics
import time

import dataikuapi
import requests
from dataikuapi.govern import artifact_search as search

REQUESTS = 300
WARM_UP = 30
PAGE = 100
BLUEPRINT = "bp.system.govern_bundle"
WORD = "fraud"


def took(ask):
    """Median and p99 in milliseconds."""
    times = []
    for number in range(WARM_UP + REQUESTS):
        began = time.perf_counter()
        ask(number)
        times.append((time.perf_counter() - began) * 1e3)
    times = sorted(times[WARM_UP:])
    return statistics.median(times), times[len(times) * 99 // 100]


def main():
    url, key = os.environ["COUNTERSIGN_URL"], os.environ["COUNTERSIGN_ADMIN_KEY"]
    client = dataikuapi.GovernClient(url, key)
    native = requests.Session()
    native.headers["Authorization"] = f"Bearer {key}"

    def get(path, **params):
        answer = native.get(f"{url}/api/v1{path}", params=params)
        answer.raise_for_status()
        return answer.json()

    def batch(*filters, sort=None):
        filters = [search.GovernArtifactFilterBlueprints([BLUEPRINT]), *filters]
        query = search.GovernArtifactSearchQuery(artifact_filters=filters, artifact_search_sort=sort)
        hits = client.new_artifact_search_request(query).fetch_next_batch(PAGE).get_response_hits()
        assert hits, "nothing was found"

    ids = [item["id"] for item in get("/items", blueprint=BLUEPRINT, limit=REQUESTS)["items"]]
    named = search.GovernArtifactFilterFieldValue("CONTAINS", WORD)
    by_name = search.GovernArtifactSearchSortName("ASC")
    of_kind = {"blueprint": BLUEPRINT, "limit": PAGE}
    pairs = [
        (
            "get_artifact(…).get_definition()",
            lambda number: client.get_artifact(ids[number % len(ids)]).get_definition(),
            lambda number: get(f"/items/{ids[number % len(ids)]}"),
        ),
        (f"search, {PAGE} of a blueprint", lambda _: batch(), lambda _: get("/items", **of_kind)),
        ("the same by name", lambda _: batch(sort=by_name), lambda _: get("/items", sort="name", **of_kind)),
        (f"search by name, “{WORD}”", lambda _: batch(named), lambda _: get("/items", q=WORD, **of_kind)),
    ]
    print("| call of the client | client median / p99 ms | native API median / p99 ms | client / native |\n|---|---|---|---|")
    for name, of_client, of_native in pairs:
        (median, p99), (native_median, native_p99) = took(of_client), took(of_native)
        ratio = median / native_median
        print(f"| {name} | {median:.1f} / {p99:.1f} | {native_median:.1f} / {native_p99:.1f} | {ratio:.1f} |", flush=True)


main()
