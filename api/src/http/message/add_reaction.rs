//! `POST /v1/messages/{id}/reactions`: somebody reacts to a message.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::Endpoint;
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use crate::wire::message::Reaction;
use commands::execute::Done;
use commands::message::add_reaction;
use domain::ids::MessageId;
use domain::values::Emoji;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// With what.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AddReactionBody)]
pub struct Body {
    /// One Unicode emoji, or a short code such as `:parrot:`.
    #[schema(example = "👍")]
    emoji: String,
}

/// The route.
pub fn route() -> Route {
    Route::command::<AddReaction>(Method::Post, "/v1/messages/{id}/reactions")
        .summary("Reacts to a message.")
        .answers::<Reaction>(201, "The reaction.")
        .answers::<Reaction>(200, "The reaction, which was there already.")
        .refuses(&[
            Code::NotFound,
            Code::MessagingNotAllowed,
            Code::MessageDeleted,
            Code::EmojiLimitReached,
            Code::ConversationClosed,
        ])
}

/// The command at the edge.
pub struct AddReaction;

impl Endpoint for AddReaction {
    const NAME: &'static str = "AddReaction";
    const PATH: &'static [&'static str] = &["id"];
    type Body = Body;
    type Command = add_reaction::AddReaction;

    fn command(_caller: &Caller, path: &Path, body: &Body) -> Result<add_reaction::AddReaction, Problem> {
        Ok(add_reaction::AddReaction { message: path.id("id")?, emoji: emoji(body)? })
    }

    async fn respond(_app: &App, caller: &Caller, path: &Path, body: Body, done: &Done) -> Result<Answer, Problem> {
        let message_id: MessageId = path.id("id")?;
        let reaction = Reaction {
            message_id,
            conversation_id: message_id.conversation,
            emoji: emoji(&body)?.as_str().to_owned(),
            account_id: caller.account,
        };
        let status = if done.events.is_empty() { StatusCode::OK } else { StatusCode::CREATED };
        Answer::json(status, &reaction, done)
    }
}

fn emoji(body: &Body) -> Result<Emoji, Problem> {
    Emoji::parse(&body.emoji).map_err(|invalid| Problem::invalid("/emoji", invalid))
}
