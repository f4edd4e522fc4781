//! `DELETE /v1/conversations/{id}/members/{account_id}`: somebody leaves a group or is removed from it.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::{Endpoint, NoBody};
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use commands::conversation::remove_member;
use commands::execute::Done;
use domain::stream::StreamName;

/// The route.
pub fn route() -> Route {
    Route::command::<RemoveMember>(Method::Delete, "/v1/conversations/{id}/members/{account_id}")
        .summary("Removes somebody from a group; with one's own id: leaves it.")
        .answers_empty(204, "They are no member.")
        .description(
            "One removes roles below one's own. Removing somebody once more changes nothing; who never was a member is \
             not found.",
        )
        .refuses(&[
            Code::NotFound,
            Code::NotPermitted,
            Code::OwnerMustHandOver,
            Code::DirectMembersFixed,
            Code::ConversationClosed,
            Code::PreconditionFailed,
        ])
}

/// The command at the edge.
pub struct RemoveMember;

impl Endpoint for RemoveMember {
    const NAME: &'static str = "RemoveMember";
    const PATH: &'static [&'static str] = &["id", "account_id"];
    type Body = NoBody;
    type Command = remove_member::RemoveMember;

    fn command(_caller: &Caller, path: &Path, _body: &NoBody) -> Result<remove_member::RemoveMember, Problem> {
        Ok(remove_member::RemoveMember { conversation: path.id("id")?, account: path.id("account_id")? })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }

    fn resource(_caller: &Caller, path: &Path) -> Option<StreamName> {
        path.id("id").ok().map(StreamName::conversation)
    }
}
