"""What the client does by itself, before anything is asked."""

import dataikuapi
import pytest


def test_a_client_without_a_key_is_refused_by_itself(url):
    with pytest.raises(ValueError, match="API Key is required"):
        dataikuapi.GovernClient(url)


def test_the_service_under_test_answers_the_administrator(native):
    assert native.get("/me")["admin"] is True
