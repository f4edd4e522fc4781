//! What every question has in common at the edge: who asks, where, with which parameters, knowing of what.

use crate::app::App;
use crate::auth::caller::{self, Caller};
use crate::auth::lasting::lasting;
use crate::auth::token::unauthenticated;
use crate::http::cursor::Cursors;
use crate::http::headers::{self, MinPosition};
use crate::http::path::Path;
use crate::http::query_string::QueryString;
use crate::problem::Problem;
use axum::extract::FromRequestParts;
use domain::clock::Time;
use domain::ids::Position;
use http::request::Parts;
use std::sync::Arc;

/// A question of somebody who is signed in.
pub struct Question {
    /// Who asks.
    pub caller: Caller,
    /// When.
    pub now: Time,
    /// The parameters of the path.
    pub path: Path,
    /// The parameters of the query.
    pub query: QueryString,
    /// What the answer must know of.
    pub min_position: Option<MinPosition>,
}

impl FromRequestParts<Arc<App>> for Question {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let caller = caller::of_request(app, &parts.extensions, &parts.headers)?;
        let path = Path::of(parts).await?;
        let min_position = headers::min_position(&parts.headers, app.log_id, app.log.head())?;
        let query = QueryString::of(&parts.uri)?;
        Ok(Self { caller, now: app.clock.now(), path, query, min_position })
    }
}

impl Question {
    /// Waits until the projection knows of what the answer must know of.
    ///
    /// # Errors
    /// [`crate::problem::Code::ProjectionBehind`] when it does not come that far in time, and those of
    /// [`Question::lasting`].
    pub async fn wait(&self, app: &App, projection: &str) -> Result<(), Problem> {
        let Some(MinPosition { position, wait }) = self.min_position else { return Ok(()) };
        self.lasting(app, app.projections.wait(projection, position, wait)).await
    }

    /// Waits for something while the caller's session lasts.
    ///
    /// # Errors
    /// Those of what is waited for, and [`crate::problem::Code::Unauthenticated`] when the session is over.
    pub async fn lasting<E>(&self, app: &App, waiting: impl Future<Output = Result<Position, E>>) -> Result<(), Problem>
    where
        Problem: From<E>,
    {
        tokio::select! {
            biased;
            waited = waiting => { waited?; }
            _over = lasting(app, self.caller) => return Err(unauthenticated().detail("the session is over")),
        }
        caller::goes_on(app, &self.caller)
    }

    /// Cursors of this caller's list. `list` names it and its filters.
    pub fn cursors<'a>(&self, app: &'a App, list: &'a str) -> Cursors<'a> {
        Cursors { words: &*app.words, log: app.log_id, reader: self.caller.account, list }
    }
}
