"""Settings that are kept and shown; their secrets stay in the vault."""

import pytest
from dataikuapi.iam.settings import SSOProtocol

MASK = "**********"


@pytest.fixture
def kept(client):
    """All settings come back as they were."""
    before = client.get_general_settings().get_raw()
    yield
    client._perform_empty("PUT", "/admin/general-settings", body=before)


def test_general_settings_come_back_as_they_were_saved(client, kept):
    settings = client.get_general_settings()
    settings.get_raw()["studio"] = {"list": [1, 2.5, None, {"é": True}], "text": "ü"}
    settings.save()
    assert client.get_general_settings().get_raw() == settings.get_raw()


def test_secrets_of_settings_are_masked_and_stay_until_they_are_changed(client, service, kept):
    secret = "a-bind-password-nobody-sees"
    ldap = client.get_ldap_settings()
    ldap.set_bind_password(secret)
    ldap.set_enabled(True)
    ldap.save()
    again = client.get_ldap_settings()
    assert again.get_bind_password() == MASK and again.get_enabled() is True
    again.save()
    assert client.get_ldap_settings().get_bind_password() == MASK
    assert secret not in client.get_log("audit.log") and secret not in service.log.read_text()
    again.set_bind_password("")
    again.save()
    assert client.get_ldap_settings().get_bind_password() == ""


def test_single_sign_on_settings_are_kept(client):
    settings = client.get_sso_settings()
    assert settings.get_protocol() == SSOProtocol.OPENID
    settings.openid_params_instance.set_client_id("countersign").set_client_secret("shh").set_scope("openid")
    settings.set_protocol(SSOProtocol.SAML)
    settings.save()
    again = client.get_sso_settings()
    assert again.get_protocol() == SSOProtocol.SAML
    assert again.openid_params_instance.get_client_id() == "countersign"
    assert again.openid_params_instance.get_client_secret() == MASK


def test_azure_settings_are_kept(client):
    settings = client.get_azure_ad_settings()
    settings.set_enabled(False)
    settings.set_credentials_client_secret("shh")
    settings.save()
    assert client.get_azure_ad_settings().get_credentials_client_secret() == MASK


def test_what_is_no_document_is_refused(client, kept, refused):
    for body in [[], "text", 1, None]:
        with refused():
            client._perform_empty("PUT", "/admin/general-settings", body=body)
    with refused("at most"):
        client._perform_empty("PUT", "/admin/general-settings", body={"a": "x" * 70_000})
    with refused("mask"):
        client._perform_empty("PUT", "/admin/general-settings", body={"newPassword": MASK})
    with refused("not for documents"):
        client._perform_empty("PUT", "/admin/general-settings", body={"a": {"$secret": "x"}})
    deep = {}
    for _ in range(100):
        deep = {"a": deep}
    with refused("levels"):
        client._perform_empty("PUT", "/admin/general-settings", body=deep)


def test_only_administrators_see_and_change_settings(client, connect, key, refused):
    other = connect(key())
    for forbidden in [
        lambda: other.get_general_settings(),
        lambda: other.get_sso_settings(),
        lambda: other.get_ldap_settings(),
        lambda: other.get_azure_ad_settings(),
        lambda: other._perform_empty("PUT", "/admin/general-settings", body={}),
        lambda: other._perform_empty("PUT", "/admin//iam/sso-settings", body={}),
    ]:
        with refused("ForbiddenException"):
            forbidden()
