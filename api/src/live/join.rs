//! How a socket joins the tail: what it sees is looked up in the index, brought forward to the tail's position
//! from the log, and from that position on everything comes to its outbox.

use crate::live::index::Seen;
use crate::live::membership::{CHANGING, Change};
use crate::live::outbox::Outbox;
use crate::live::render::RenderFault;
use crate::live::router::{Connection, Live, TooMany};
use domain::ids::{AccountId, Position};
use domain::source::{Direction, Filter, SourceFault};
use projections::reader::ReadFault;
use std::sync::Arc;

/// Changes read from the log at once.
const PAGE_EVENTS: usize = 1_024;

/// Why a socket could not join, or what it missed could not be read.
#[derive(Debug, thiserror::Error)]
pub enum JoinFault {
    /// The feed index did not answer.
    #[error("the feed index cannot be read")]
    Index(#[from] ReadFault),
    /// The log or the words did not answer.
    #[error("events cannot be shown")]
    Render(#[from] RenderFault),
    /// The account has too many sockets.
    #[error("too many sockets")]
    TooMany,
}

impl From<SourceFault> for JoinFault {
    fn from(fault: SourceFault) -> Self {
        RenderFault::from(fault).into()
    }
}

/// A socket's place among the connected ones. It leaves when this is dropped.
pub struct Joined {
    live: Arc<Live>,
    account: AccountId,
    outbox: Arc<Outbox>,
    /// Everything after this comes.
    pub position: Position,
}

impl Drop for Joined {
    fn drop(&mut self) {
        let gone_from = self.live.routes.lock().disconnect(self.account, &self.outbox);
        // A stream is no presence, but the last to know where the account was a member.
        if self.outbox.is_visible().is_some() || gone_from.is_some() {
            self.live.ephemerals.gone(self.account, gone_from.unwrap_or_default());
        }
        self.live.meters.sockets.decrement(1.0);
    }
}

impl Live {
    /// Connects a socket of an account. Its frames are held until the outbox is opened. Gives with its place what the
    /// account saw as of the index, at or before that position: needed to catch up, and too much to be kept by a socket.
    ///
    /// # Errors
    /// When the index or the log cannot be read, or the account has too many sockets.
    pub async fn join(self: &Arc<Self>, account: AccountId, outbox: &Arc<Outbox>) -> Result<(Joined, Seen), JoinFault> {
        let seen = self.index.seen_by(account).await?;
        // The index may be ahead of the tail: a node's projections and its feed read the log independently.
        self.reached(seen.position).await;
        let mut known = seen.clone();
        loop {
            let connection = self.routes.lock().connect(account, &known, outbox);
            match connection {
                Ok(Connection::At(position)) => {
                    self.meters.sockets.increment(1.0);
                    let joined = Joined { live: Arc::clone(self), account, outbox: Arc::clone(outbox), position };
                    return Ok((joined, seen));
                }
                Ok(Connection::Unknown(position)) => self.bring_forward(account, &mut known, position).await?,
                Err(TooMany) => return Err(JoinFault::TooMany),
            }
        }
    }

    async fn reached(&self, position: Position) {
        let mut progress = self.position.subscribe();
        // The sender lives as long as this does.
        if progress.wait_for(|reached| *reached >= position).await.is_err() {
            tracing::debug!("the live feed ended");
        }
    }

    /// Applies the changes of what the account sees in `(known, up_to]` from the log.
    async fn bring_forward(&self, account: AccountId, known: &mut Seen, up_to: Position) -> Result<(), SourceFault> {
        let (types, prefixes) = CHANGING;
        let filter = Filter { stream_prefixes: prefixes.map(Into::into).to_vec(), types: types.to_vec() };
        let mut from = known.position;
        while from < up_to {
            let slice = self.renderer.source.read_all(from, Direction::Forward, PAGE_EVENTS, &filter).await?;
            for change in slice.events.iter().filter_map(|event| Change::of(event)) {
                if change.position <= up_to && change.account == account {
                    change.apply(&mut known.sight);
                }
            }
            if slice.at_end || slice.next <= from {
                break;
            }
            from = slice.next;
        }
        known.position = up_to;
        Ok(())
    }
}
