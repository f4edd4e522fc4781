//! `PUT` and `DELETE /v1/accounts/{id}/block`: somebody blocks another account, or no longer does.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::{Endpoint, NoBody};
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use commands::execute::Done;
use commands::relationship::block_account;

/// The route there.
pub fn route() -> Route {
    Route::command::<BlockAccount>(Method::Put, "/v1/accounts/{id}/block")
        .summary("Blocks an account. It is not told.")
        .description("Neither of the two writes to the other directly, mentions the other, sees the other's stories or is told of the other; \
             what the caller was told of it before goes. \
             Follows and close friendships between them end. In groups both still see what is said. 1,000 at most.")
        .answers_empty(204, "The caller blocks it.")
        .refuses(&[Code::NotFound, Code::BlockLimitReached])
}

/// The route back.
pub fn route_back() -> Route {
    Route::command::<UnblockAccount>(Method::Delete, "/v1/accounts/{id}/block")
        .summary("Blocks an account no longer. What ended with the block does not come back.")
        .answers_empty(204, "The caller does not block it.")
        .refuses(&[Code::NotFound])
}

/// There, at the edge.
pub struct BlockAccount;

impl Endpoint for BlockAccount {
    const NAME: &'static str = "BlockAccount";
    const PATH: &'static [&'static str] = &["id"];
    type Body = NoBody;
    type Command = block_account::BlockAccount;

    fn command(_caller: &Caller, path: &Path, _body: &NoBody) -> Result<block_account::BlockAccount, Problem> {
        Ok(block_account::BlockAccount { account: path.id("id")? })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }
}

/// And back.
pub struct UnblockAccount;

impl Endpoint for UnblockAccount {
    const NAME: &'static str = "UnblockAccount";
    const PATH: &'static [&'static str] = &["id"];
    type Body = NoBody;
    type Command = block_account::UnblockAccount;

    fn command(_caller: &Caller, path: &Path, _body: &NoBody) -> Result<block_account::UnblockAccount, Problem> {
        Ok(block_account::UnblockAccount { account: path.id("id")? })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }
}
