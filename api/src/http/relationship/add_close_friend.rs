//! `POST` and `DELETE /v1/accounts/{id}/close-friends/{friend_id}`: somebody keeps their list of close friends.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::{Endpoint, NoBody};
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use commands::execute::Done;
use commands::relationship::add_close_friend;

/// The route of adding.
pub fn route() -> Route {
    Route::command::<AddCloseFriend>(Method::Post, "/v1/accounts/{id}/close-friends/{friend_id}")
        .summary("Puts somebody on the caller's list of close friends. They are not told.")
        .description("A list holds 100 at most.")
        .answers_empty(204, "They are on the list.")
        .refuses(&[Code::NotFound, Code::NotPermitted, Code::CloseFriendsFull])
}

/// The route of removing.
pub fn route_back() -> Route {
    Route::command::<RemoveCloseFriend>(Method::Delete, "/v1/accounts/{id}/close-friends/{friend_id}")
        .summary("Takes somebody off the caller's list of close friends. They are not told.")
        .answers_empty(204, "They are not on the list.")
        .refuses(&[Code::NotFound, Code::NotPermitted])
}

/// Adding at the edge.
pub struct AddCloseFriend;

impl Endpoint for AddCloseFriend {
    const NAME: &'static str = "AddCloseFriend";
    const PATH: &'static [&'static str] = &["id", "friend_id"];
    type Body = NoBody;
    type Command = add_close_friend::AddCloseFriend;

    fn command(_caller: &Caller, path: &Path, _body: &NoBody) -> Result<add_close_friend::AddCloseFriend, Problem> {
        Ok(add_close_friend::AddCloseFriend { owner: path.id("id")?, friend: path.id("friend_id")? })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }
}

/// Removing at the edge.
pub struct RemoveCloseFriend;

impl Endpoint for RemoveCloseFriend {
    const NAME: &'static str = "RemoveCloseFriend";
    const PATH: &'static [&'static str] = &["id", "friend_id"];
    type Body = NoBody;
    type Command = add_close_friend::RemoveCloseFriend;

    fn command(_caller: &Caller, path: &Path, _body: &NoBody) -> Result<add_close_friend::RemoveCloseFriend, Problem> {
        Ok(add_close_friend::RemoveCloseFriend { owner: path.id("id")?, friend: path.id("friend_id")? })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }
}
