//! `POST /v1/me/erasure/cancel`: an account is not to be erased after all.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::{Endpoint, NoBody};
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use commands::account::cancel_erasure;
use commands::execute::Done;

/// The route.
pub fn route() -> Route {
    Route::command::<CancelErasure>(Method::Post, "/v1/me/erasure/cancel")
        .summary("Takes back the request of the caller's erasure.")
        .description("What an administrator ordered stays.")
        .answers_empty(204, "The account stays.")
        .refuses(&[Code::NotPermitted, Code::ErasureBegun])
}

/// The command at the edge.
pub struct CancelErasure;

impl Endpoint for CancelErasure {
    const NAME: &'static str = "CancelErasure";
    const PATH: &'static [&'static str] = &[];
    type Body = NoBody;
    type Command = cancel_erasure::CancelErasure;

    fn command(_: &Caller, _: &Path, _: &NoBody) -> Result<cancel_erasure::CancelErasure, Problem> {
        Ok(cancel_erasure::CancelErasure)
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }
}
