//! Why sessions end.

use serde::Serialize;

/// Why a session was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReason {
    /// By itself.
    SignedOut,
    /// By another session of the account.
    EndedByOwner,
    /// A refresh token that was used before was used again: somebody has a copy.
    TokenReused,
}
