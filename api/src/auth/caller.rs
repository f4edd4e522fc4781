//! Who sends a request.

use crate::app::App;
use crate::auth::token::unauthenticated;
use crate::problem::Problem;
use domain::clock::Time;
use domain::ids::{AccountId, SessionId};
use http::{Extensions, HeaderMap, header};

/// Who sends a request, by an access token that is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub account: AccountId,
    /// The session that the token was issued to.
    pub session: SessionId,
    /// When the token was issued, in whole seconds.
    pub issued_at: Time,
    /// When the token ends.
    pub expires_at: Time,
    /// The revision of the password that the session rests on.
    pub credential_revision: u64,
    /// How often keys of tokens had been replaced when the token was verified.
    pub ring: u64,
}

/// The caller of a request: as the gate found them, or by the header where nothing is counted.
///
/// # Errors
/// [`crate::problem::Code::Unauthenticated`] without a valid token.
pub fn of_request(app: &App, extensions: &Extensions, headers: &HeaderMap) -> Result<Caller, Problem> {
    match extensions.get::<Caller>() {
        Some(found) => Ok(*found),
        None => from_headers(app, headers),
    }
}

/// The caller by the header `Authorization: Bearer <access token>`.
///
/// # Errors
/// [`crate::problem::Code::Unauthenticated`] without a valid token.
pub fn from_headers(app: &App, headers: &HeaderMap) -> Result<Caller, Problem> {
    let value = headers.get(header::AUTHORIZATION).ok_or_else(unauthenticated)?;
    let token = value.to_str().ok().and_then(bearer).ok_or_else(unauthenticated)?;
    from_token(app, token)
}

/// The caller by an access token, whose session goes on.
///
/// # Errors
/// [`crate::problem::Code::Unauthenticated`] for any other.
pub fn from_token(app: &App, token: &str) -> Result<Caller, Problem> {
    let caller = app.tokens.verify(token, app.clock.now())?;
    app.revocations.check(&caller)?;
    Ok(caller)
}

/// Looks again, for whatever took its time since the caller was found: a body that came slowly, a read model that was waited
/// for.
///
/// # Errors
/// [`crate::problem::Code::Unauthenticated`] when the session, or every token of that time, has been ended meanwhile.
pub fn goes_on(app: &App, caller: &Caller) -> Result<(), Problem> {
    app.tokens.check_ring(caller)?;
    app.revocations.check(caller)
}

/// The token in the header's value. The scheme's name ignores case (RFC 9110, 11.1).
pub fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bearer_scheme_brings_a_token() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer  abc"), Some("abc"));
        for bad in ["", "Bearer", "Basic abc", "abc"] {
            assert_eq!(bearer(bad), None, "{bad}");
        }
    }
}
