//! One who follows the feed without a socket: everything after a position, in the log's order, as far as the account may
//! see it. The same way as a socket's, only that frames are taken instead of written.

use crate::live::catch_up::CatchUp;
use crate::live::join::{JoinFault, Joined};
use crate::live::outbox::{Outbox, Standing};
use crate::live::router::Live;
use bytes::Bytes;
use domain::ids::{AccountId, Position, SessionId};
use std::sync::Arc;
use tokio::time::{Instant, sleep_until};

/// Follows the feed.
pub struct Follower {
    live: Arc<Live>,
    account: AccountId,
    outbox: Arc<Outbox>,
    missed: Option<CatchUp>,
    joined: Option<Joined>,
    /// Where the tail was joined: everything visible up to here was given.
    pub caught_up_to: Option<Position>,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// The texts of frames, in their order; perhaps none.
    Frames(Vec<Bytes>),
    /// The same of what is not kept one by one, as it stands after everything that was missed.
    Standing(Vec<Bytes>),
    /// Nothing until then.
    Nothing,
    /// It is over: the server stops or the session ended.
    End,
}

impl Follower {
    /// Everything after a position.
    pub fn new(live: &Arc<Live>, account: AccountId, session: SessionId, from: Position) -> Self {
        let outbox = Arc::new(Outbox::new(None, Arc::clone(&live.meters)));
        outbox.belongs_to(session);
        let missed = Some(CatchUp::new(account, from));
        Self { live: Arc::clone(live), account, outbox, missed, joined: None, caught_up_to: None }
    }

    /// What comes next, until a deadline.
    ///
    /// # Errors
    /// When the index, the log or the words do not answer, or the account has too many sockets.
    pub async fn next(&mut self, until: Instant) -> Result<Next, JoinFault> {
        loop {
            if self.live.closing.is_cancelled() {
                return Ok(Next::End);
            }
            if let Some(missed) = &mut self.missed {
                if let Some(page) = missed.next(&self.live, &self.outbox).await? {
                    let texts = page.frames.iter().flat_map(|frame| frame.texts()).collect();
                    return Ok(if page.is_standing { Next::Standing(texts) } else { Next::Frames(texts) });
                }
                self.joined = self.missed.take().and_then(CatchUp::into_joined);
                self.caught_up_to = self.joined.as_ref().map(|joined| joined.position);
                self.outbox.open();
                return Ok(Next::Frames(Vec::new()));
            }
            let mut waiting = Vec::new();
            self.outbox.take(&mut waiting);
            if !waiting.is_empty() {
                return Ok(Next::Frames(waiting.into_iter().flat_map(crate::live::wire::Texts).collect()));
            }
            match self.outbox.standing() {
                Standing::Lagging(from) => {
                    self.joined = None;
                    self.missed = Some(CatchUp::new(self.account, from));
                    continue;
                }
                Standing::Closing(_) | Standing::Broken => return Ok(Next::End),
                Standing::Idle | Standing::Waiting(_) => {}
            }
            tokio::select! {
                () = self.outbox.changed() => {}
                () = sleep_until(until) => return Ok(Next::Nothing),
                () = self.live.closing.cancelled() => return Ok(Next::End),
            }
        }
    }
}
