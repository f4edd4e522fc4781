//! Which stories are due: their time is over and their end is not recorded yet.

use crate::database::bulk::Bulk;
use crate::database::migrations::{self, Change};
use crate::projection::{self, ApplyFault, Projection, Step};
use crate::reader::{Access, At, ReadFault};
use crate::state_hash::{Kind, Table};
use crate::story::stories::{Shelf, fold};
use domain::clock::Time;
use domain::ids::StoryId;
use domain::recorded::Recorded;
use std::sync::Arc;

/// The projection.
#[derive(Debug)]
pub struct StoryExpiry;

static INSERT: Bulk = Bulk::new("INSERT INTO due (story, expires_at)", 2, "");
static DELETE: Bulk = Bulk::new("WITH v (story) AS (", 1, ") DELETE FROM due WHERE story IN (SELECT v.story FROM v)");

impl Projection for StoryExpiry {
    const NAME: &'static str = projection::STORY_EXPIRY;
    const VERSION: u32 = 1;
    const CHANGES: &'static [Change] = &[migrations::STORY_EXPIRY];
    const TABLES: &'static [Table] = &[Table {
        name: "due",
        select: "SELECT story, expires_at FROM due ORDER BY story",
        columns: &[Kind::Uuid, Kind::Time],
    }];

    async fn apply(batch: &[Arc<Recorded>], step: &mut Step<'_>) -> Result<(), ApplyFault> {
        let Shelf { posted, ended, .. } = fold(batch)?;
        if posted.is_empty() && ended.is_empty() {
            return Ok(());
        }
        let tx = step.tx().await?;
        let new = posted.values().flat_map(|(_, e)| [e.story.into(), e.expires_at.into()]).collect();
        INSERT.execute(tx, new).await?;
        DELETE.execute(tx, ended.into_iter().map(Into::into).collect()).await?;
        Ok(())
    }
}

/// Answers which stories are due.
#[derive(Clone)]
pub struct Reader(Access);

impl Reader {
    pub(crate) fn new(access: Access) -> Self {
        Self(access)
    }

    /// Up to `limit` stories whose time was over at `now`, the longest over first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn due(&self, now: Time, limit: usize) -> Result<At<Vec<StoryId>>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let rows = tx
            .fetch_all(
                "SELECT story FROM due WHERE expires_at <= $1 ORDER BY expires_at, story LIMIT $2",
                [now.into(), (limit as u64).into()],
            )
            .await?;
        tx.commit().await?;
        let value = rows.iter().map(|row| row.columns().story()).collect::<Result<_, _>>()?;
        Ok(At { position, value })
    }
}
