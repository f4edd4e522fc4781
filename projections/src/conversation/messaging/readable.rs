//! What somebody may read of searchable conversations, and what those are called for them.

use super::views::GroupNames;
use crate::database::bulk::Bulk;
use crate::database::row::Row;
use crate::database::tx::Tx;
use crate::database::value::Value;
use crate::reader::{Access, Opening, ReadFault};
use crate::search::port::Readable;
use domain::conversation::values::PrivacyMode;
use domain::ids::{AccountId, ConversationId};
use domain::proto::conversation::v1::ConversationWords;
use domain::words::Content;
use std::collections::HashMap;

const READABLE: &str = "SELECT m.conversation, m.left_seq FROM memberships m \
    JOIN conversations c ON c.conversation = m.conversation \
    WHERE m.account = $1 AND c.privacy_mode = $2 ORDER BY m.conversation";

/// What a conversation is called; for who left, what it was called then.
macro_rules! names {
    ($from:literal) => {
        concat!(
            "SELECT c.conversation, CASE WHEN m.left_position IS NULL THEN c.words ELSE (SELECT n.words FROM names n \
               WHERE n.conversation = c.conversation AND n.position < m.left_position \
               ORDER BY n.position DESC LIMIT 1) END ",
            $from
        )
    };
}

const ALL_NAMES: &str = names!(
    "FROM memberships m JOIN conversations c ON c.conversation = m.conversation \
     WHERE m.account = $1 AND c.privacy_mode = $2"
);

/// Of conversations that the viewer, who stands in every row, is or was in.
static SOME_NAMES: Bulk = Bulk::new(
    "WITH v (account, conversation) AS (",
    2,
    concat!(
        ") ",
        names!(
            "FROM v JOIN memberships m ON m.account = v.account AND m.conversation = v.conversation \
             JOIN conversations c ON c.conversation = v.conversation"
        )
    ),
);

/// Searchable conversations that the viewer is or was in.
pub(super) async fn all(mut tx: Tx, viewer: AccountId) -> Result<Vec<Readable>, ReadFault> {
    let rows = tx.fetch_all(READABLE, [viewer.into(), PrivacyMode::Searchable.as_str().into()]).await?;
    tx.commit().await?;
    let mut readable = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut columns = row.columns();
        readable.push(Readable { conversation: columns.conversation()?, until_seq: columns.maybe_number()? });
    }
    Ok(readable)
}

/// The names of these conversations, or of all that are searchable; without those that have none.
pub(super) async fn names(
    access: &Access,
    mut tx: Tx,
    viewer: AccountId,
    of: Option<&[ConversationId]>,
) -> Result<HashMap<ConversationId, GroupNames>, ReadFault> {
    let rows = match of {
        Some(of) => {
            let asked = of.iter().flat_map(|conversation| [viewer.into(), Value::from(*conversation)]);
            SOME_NAMES.fetch(&mut tx, asked.collect()).await?
        }
        None => tx.fetch_all(ALL_NAMES, [viewer.into(), PrivacyMode::Searchable.as_str().into()]).await?,
    };
    tx.commit().await?;
    let mut opening = Opening::default();
    let mut slots = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut columns = Row::columns(row);
        let conversation = columns.conversation()?;
        slots.extend(columns.maybe_sealed()?.map(|field| (conversation, opening.add(field))));
    }
    let opened = opening.open(&*access.words).await?;
    let mut names = HashMap::with_capacity(slots.len());
    for (conversation, slot) in slots {
        if let Content::Present(words) = opened.words::<ConversationWords>(slot)? {
            names.insert(conversation, GroupNames { name: words.name, description: words.description });
        }
    }
    Ok(names)
}
