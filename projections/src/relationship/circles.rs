//! Followers, followed accounts, close friends, who is kept away: lists with counts, the newest first.

use crate::reader::{Access, At, ReadFault};
use domain::clock::Time;
use domain::ids::{AccountId, Position};

/// Somebody in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub account: AccountId,
    /// Since when.
    pub since: Time,
    /// Where that stands in the log; the list's order.
    pub position: Position,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct People {
    /// The newest first.
    pub people: Vec<Person>,
    /// Whether more follow.
    pub has_more: bool,
    /// How many there are in all.
    pub count: u64,
}

struct List {
    page: &'static str,
    count: &'static str,
}

const FOLLOWERS: List = List {
    page: "SELECT follower, since, position FROM follows WHERE author = $1 AND position < $2 \
           ORDER BY position DESC LIMIT $3",
    count: "SELECT followers FROM circles WHERE account = $1",
};
const FOLLOWING: List = List {
    page: "SELECT author, since, position FROM follows WHERE follower = $1 AND position < $2 \
           ORDER BY position DESC LIMIT $3",
    count: "SELECT following FROM circles WHERE account = $1",
};
// A hundred at most, so they are counted when asked.
const CLOSE_FRIENDS: List = List {
    page: "SELECT friend, since, position FROM close_friends WHERE owner = $1 AND position < $2 \
           ORDER BY position DESC LIMIT $3",
    count: "SELECT COUNT(*) FROM close_friends WHERE owner = $1",
};

const BLOCKS: List = List {
    page: "SELECT account, since, position FROM blocks WHERE owner = $1 AND position < $2 \
           ORDER BY position DESC LIMIT $3",
    count: "SELECT COUNT(*) FROM blocks WHERE owner = $1",
};
const STORY_MUTES: List = List {
    page: "SELECT account, since, position FROM story_mutes WHERE owner = $1 AND position < $2 \
           ORDER BY position DESC LIMIT $3",
    count: "SELECT COUNT(*) FROM story_mutes WHERE owner = $1",
};
const STORY_HIDES: List = List {
    page: "SELECT account, since, position FROM story_hides WHERE owner = $1 AND position < $2 \
           ORDER BY position DESC LIMIT $3",
    count: "SELECT COUNT(*) FROM story_hides WHERE owner = $1",
};

/// How somebody is kept away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Blocked.
    Blocked,
    /// Their stories are left out of the owner's story feed.
    StoryMuted,
    /// The owner's stories are hidden from them.
    StoryHidden,
}

/// Answers who follows whom, and who counts whom as a close friend.
#[derive(Clone)]
pub struct Reader(Access);

impl Reader {
    pub(crate) fn new(access: Access) -> Self {
        Self(access)
    }

    /// Who follows the account. `before` is the position of the page before's last.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn followers(
        &self,
        account: AccountId,
        before: Option<Position>,
        limit: usize,
    ) -> Result<At<People>, ReadFault> {
        self.list(&FOLLOWERS, account, before, limit).await
    }

    /// Whom the account follows.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn following(
        &self,
        account: AccountId,
        before: Option<Position>,
        limit: usize,
    ) -> Result<At<People>, ReadFault> {
        self.list(&FOLLOWING, account, before, limit).await
    }

    /// The account's close friends; for its owner only.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn close_friends(
        &self,
        owner: AccountId,
        before: Option<Position>,
        limit: usize,
    ) -> Result<At<People>, ReadFault> {
        self.list(&CLOSE_FRIENDS, owner, before, limit).await
    }

    /// Whom an account keeps away in this way; for its owner only.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn kept_away(
        &self,
        kept: Kept,
        owner: AccountId,
        before: Option<Position>,
        limit: usize,
    ) -> Result<At<People>, ReadFault> {
        let list = match kept {
            Kept::Blocked => &BLOCKS,
            Kept::StoryMuted => &STORY_MUTES,
            Kept::StoryHidden => &STORY_HIDES,
        };
        self.list(list, owner, before, limit).await
    }

    async fn list(
        &self,
        list: &List,
        account: AccountId,
        before: Option<Position>,
        limit: usize,
    ) -> Result<At<People>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let before = before.map_or(i64::MAX, |position| i64::try_from(position.0).unwrap_or(i64::MAX));
        let rows = tx.fetch_all(list.page, [account.into(), before.into(), (limit as u64 + 1).into()]).await?;
        let count = tx.fetch_optional(list.count, [account.into()]).await?;
        tx.commit().await?;
        let count = count.map(|row| row.columns().number()).transpose()?.unwrap_or(0);
        let mut people = Vec::with_capacity(rows.len());
        for row in rows.iter().take(limit) {
            let mut columns = row.columns();
            let (account, since, position) = (columns.account()?, columns.time()?, columns.position()?);
            people.push(Person { account, since, position });
        }
        Ok(At { position, value: People { people, has_more: rows.len() > limit, count } })
    }
}
