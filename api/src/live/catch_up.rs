//! Catching up: everything that an account may see after a position, page by page, up to where it joined the tail.
//! Resumes, sockets that lagged, polls and streams of events all take it from here.

use crate::live::index::Seen;
use crate::live::join::{JoinFault, Joined};
use crate::live::outbox::Outbox;
use crate::live::replay::{FromIndex, FromLog};
use crate::live::router::Live;
use crate::live::wire::Wire;
use domain::ids::{AccountId, Position};
use std::sync::Arc;

/// The tail is joined once no more than this is missed: what comes meanwhile must fit into the outbox.
const JOIN_MAX_MISSED: usize = 1_000;

/// What an account missed.
pub struct CatchUp {
    account: AccountId,
    /// Everything up to here was given.
    given_up_to: Position,
    stage: Stage,
    /// Frames given so far.
    pub replayed: u64,
}

/// Some of what an account missed; perhaps no frames.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// In the order of the log.
    pub frames: Vec<Wire>,
    /// Whether these are what is not kept one by one but sent once, after everything else, as it stands.
    pub is_standing: bool,
}

enum Stage {
    /// Most of it before joining, so that what comes meanwhile need not be held for long.
    Far(Option<FromIndex>),
    /// What the index knows of the rest.
    Near(FromIndex, Joined, Seen),
    /// What it does not.
    Fresh(FromLog, Joined),
    /// Nothing is left; the place is taken when it is asked for.
    Done(Option<Joined>),
}

impl CatchUp {
    /// Everything after a position.
    pub fn new(account: AccountId, from: Position) -> Self {
        Self { account, given_up_to: from, stage: Stage::Far(None), replayed: 0 }
    }

    /// The next frames; nothing at the end, where the outbox has joined the tail and holds what
    /// follows.
    ///
    /// # Errors
    /// When the index, the log or the words do not answer, or the account has too many sockets.
    pub async fn next(&mut self, live: &Arc<Live>, outbox: &Arc<Outbox>) -> Result<Option<Page>, JoinFault> {
        // Closed only with the process.
        let _permit = live.pages.acquire().await;
        let stage = std::mem::replace(&mut self.stage, Stage::Far(None));
        let mut is_standing = false;
        let (stage, frames) = match stage {
            Stage::Far(None) => (self.approach(live, outbox).await?, Vec::new()),
            Stage::Far(Some(mut missed)) => match missed.next(live).await? {
                Some(frames) => (Stage::Far(Some(missed)), frames),
                None => (Stage::Far(None), Vec::new()),
            },
            Stage::Near(mut missed, joined, seen) => match missed.next(live).await? {
                Some(frames) => (Stage::Near(missed, joined, seen), frames),
                None => {
                    let known = missed.up_to();
                    let rest = FromLog::new(self.account, self.given_up_to, known, seen.sight, joined.position);
                    (Stage::Fresh(rest, joined), Vec::new())
                }
            },
            Stage::Fresh(mut rest, joined) => match rest.next(live).await? {
                Some(frames) => (Stage::Fresh(rest, joined), frames),
                None => {
                    let conversations = rest.into_conversations();
                    is_standing = true;
                    let marks = live.read_marks(self.account, &conversations, joined.position).await?;
                    (Stage::Done(Some(joined)), marks)
                }
            },
            Stage::Done(joined) => {
                self.stage = Stage::Done(joined);
                return Ok(None);
            }
        };
        self.stage = stage;
        self.replayed += frames.len() as u64;
        Ok(Some(Page { frames, is_standing }))
    }

    /// The place in the tail, after the end.
    pub fn into_joined(self) -> Option<Joined> {
        match self.stage {
            Stage::Done(joined) => joined,
            Stage::Far(_) | Stage::Near(..) | Stage::Fresh(..) => None,
        }
    }

    async fn approach(&mut self, live: &Arc<Live>, outbox: &Arc<Outbox>) -> Result<Stage, JoinFault> {
        let known = live.start_of_unit(live.index.seen_by(self.account).await?.position).await?;
        let missed = live.index.missed_count(self.account, self.given_up_to, known, JOIN_MAX_MISSED + 1).await?;
        let from = self.given_up_to;
        if missed > JOIN_MAX_MISSED {
            self.given_up_to = known;
            return Ok(Stage::Far(Some(FromIndex::new(self.account, from, known))));
        }
        let (joined, seen) = live.join(self.account, outbox).await?;
        let known = live.start_of_unit(seen.position).await?;
        Ok(Stage::Near(FromIndex::new(self.account, from, known), joined, seen))
    }
}
