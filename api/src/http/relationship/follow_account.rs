//! `PUT` and `DELETE /v1/accounts/{id}/follow`: somebody follows another account, or no longer does.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::{Endpoint, NoBody};
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use commands::execute::Done;
use commands::relationship::follow_account;

/// The route of following.
pub fn route() -> Route {
    Route::command::<FollowAccount>(Method::Put, "/v1/accounts/{id}/follow")
        .summary("Follows an account. Its stories come to the caller's feeds from now on.")
        .description("An account follows 5,000 at most.")
        .answers_empty(204, "The caller follows it.")
        .refuses(&[Code::NotFound, Code::FollowLimitReached])
}

/// The route of following no longer.
pub fn route_back() -> Route {
    Route::command::<UnfollowAccount>(Method::Delete, "/v1/accounts/{id}/follow")
        .summary("Follows an account no longer.")
        .answers_empty(204, "The caller does not follow it.")
        .refuses(&[Code::NotFound])
}

/// Following at the edge.
pub struct FollowAccount;

impl Endpoint for FollowAccount {
    const NAME: &'static str = "FollowAccount";
    const PATH: &'static [&'static str] = &["id"];
    type Body = NoBody;
    type Command = follow_account::FollowAccount;

    fn command(_caller: &Caller, path: &Path, _body: &NoBody) -> Result<follow_account::FollowAccount, Problem> {
        Ok(follow_account::FollowAccount { account: path.id("id")? })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }
}

/// Following no longer, at the edge.
pub struct UnfollowAccount;

impl Endpoint for UnfollowAccount {
    const NAME: &'static str = "UnfollowAccount";
    const PATH: &'static [&'static str] = &["id"];
    type Body = NoBody;
    type Command = follow_account::UnfollowAccount;

    fn command(_caller: &Caller, path: &Path, _body: &NoBody) -> Result<follow_account::UnfollowAccount, Problem> {
        Ok(follow_account::UnfollowAccount { account: path.id("id")? })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }
}
