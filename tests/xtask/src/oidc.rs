//! A real identity provider for tests: the `PyPI` package `oidc-provider-mock` and what it needs.

use anyhow::Result;

use crate::python::Packages;

const PACKAGES: Packages = Packages {
    folder: "oidc-provider-mock",
    pinned: &[
        ("oidc_provider_mock", "0.3.4"),
        ("annotated_types", "0.8.0"),
        ("anyio", "4.16.0"),
        ("authlib", "1.9.9"),
        ("blinker", "1.9.0"),
        ("certifi", "2026.10.18"),
        ("cffi", "2.1.1"),
        ("click", "8.5.1"),
        ("cryptography", "50.0.2"),
        ("flask", "3.1.3"),
        ("h11", "0.16.0"),
        ("htpy", "26.5.1"),
        ("httpcore", "1.0.9"),
        ("httpx", "0.28.1"),
        ("idna", "3.20"),
        ("itsdangerous", "2.2.0"),
        ("jinja2", "3.1.6"),
        ("joserfc", "1.8.0"),
        ("markupsafe", "3.0.4"),
        ("pycparser", "3.12"),
        ("pydantic", "2.14.3"),
        ("pydantic_core", "2.50.4"),
        ("typing_extensions", "4.16.0"),
        ("typing_inspection", "0.4.5"),
        ("uvicorn", "0.54.0"),
        ("werkzeug", "3.1.9"),
    ],
    import: "oidc_provider_mock, uvicorn",
};

/// Puts it into `.deps/oidc-provider-mock`, unless it is there.
pub(crate) fn fetch() -> Result<()> {
    PACKAGES.fetch().map(drop)
}
