//! `[limits]`: how often one may ask.

use serde::Deserialize;

/// On or off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// Applied.
    #[default]
    On,
    /// Lifted.
    Off,
}

/// Rates. The domain's own limits cannot be changed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Whether rates apply. Failed sign-ins are limited in any case.
    pub rates: Switch,
}
