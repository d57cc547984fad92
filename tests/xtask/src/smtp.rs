//! A real SMTP server for tests: the `PyPI` package `aiosmtpd` and what it needs.

use anyhow::Result;

use crate::python::Packages;

const PACKAGES: Packages = Packages {
    folder: "aiosmtpd",
    pinned: &[("aiosmtpd", "1.4.6"), ("atpublic", "9.0.0"), ("attrs", "26.1.0")],
    import: "aiosmtpd.smtp",
};

/// Puts aiosmtpd into `.deps/aiosmtpd`, unless it is there.
pub(crate) fn fetch() -> Result<()> {
    PACKAGES.fetch().map(drop)
}
