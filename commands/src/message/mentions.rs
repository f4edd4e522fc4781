//! Whom a message mentions.

use crate::account::register_account::username_hash;
use crate::command::Read;
use crate::context::{Context, Names, States};
use crate::refusal::{InvalidField, Refusal};
use domain::account::values::Username;
use domain::conversation::state::Conversation;
use domain::conversation::values::{ConversationKind, MemberRole};
use domain::ids::AccountId;
use domain::limits::MENTION_ALL_MAX_MEMBERS;
use domain::message::mentions::Mentioned;
use domain::message::values::MessageContent;
use domain::relationship::state::are_apart;
use domain::stream::StreamName;
use domain::values::MessageText;
use std::collections::BTreeSet;

/// Who has the names that stand in a text. In an import they stay plain text.
pub(crate) fn reads(names: &Names<'_>, text: &MessageText) -> Vec<Read> {
    if names.is_import {
        return vec![];
    }
    let mentioned = Mentioned::of(text.as_str());
    mentioned.names.iter().filter_map(|name| Some(Read::Fact(username(names, name)?))).collect()
}

/// The stream of a user name. The names of everybody who is there are looked up, also those that are reserved now.
fn username(names: &Names<'_>, name: &str) -> Option<StreamName> {
    let name = Username::parse_any(name).ok()?;
    Some(StreamName::username(username_hash(names, &name)))
}

/// Whether mentions reach somebody rests on what the author and each of them are to each other. A direct conversation
/// rests on that anyway.
pub(crate) fn tie_reads(
    content: &MessageContent,
    listed: &[AccountId],
    names: &Names<'_>,
    states: &States,
    all_max_members: usize,
) -> Vec<Read> {
    let conversation = states.conversation();
    if names.is_import || matches!(conversation, Conversation::Open { kind: ConversationKind::Direct, .. }) {
        return vec![];
    }
    let author = names.actor_or_nil();
    let mut others: BTreeSet<AccountId> = match content {
        MessageContent::Text(text) => in_text(&Mentioned::of(text.as_str()), states, names, author, all_max_members),
        MessageContent::Ciphertext(_) => listed.to_vec(),
    }
    .into_iter()
    .filter(|account| conversation.member(*account).is_some())
    .collect();
    others.remove(&author);
    let author = (!others.is_empty()).then_some(author);
    author.into_iter().chain(others).map(|account| Read::Check(StreamName::relationship(account))).collect()
}

/// Who is mentioned, each once: by a list that comes with ciphertext, or by names in a text. Names that nobody here has
/// are plain text, and so is `@all` of somebody who is no admin, or among more than `all_max_members`. Where one of the
/// two blocks the other, the mention stays plain, too.
///
/// # Errors
/// Names everybody on the list who is no member.
pub(crate) fn of(
    content: &MessageContent,
    listed: &[AccountId],
    states: &States,
    context: &Context<'_>,
    all_max_members: usize,
) -> Result<Vec<AccountId>, Refusal> {
    let author = context.actor()?;
    let mut mentioned = match content {
        MessageContent::Text(text) if !context.is_import() => {
            in_text(&Mentioned::of(text.as_str()), states, &context.names(), author, all_max_members)
        }
        MessageContent::Text(_) | MessageContent::Ciphertext(_) => on_list(listed, states.conversation())?,
    };
    mentioned.retain(|account| context.is_import() || reaches(states, author, *account));
    Ok(mentioned)
}

fn in_text(
    mentioned: &Mentioned,
    states: &States,
    names: &Names<'_>,
    author: AccountId,
    all_max_members: usize,
) -> Vec<AccountId> {
    let Conversation::Open { members, .. } = states.conversation() else { return vec![] };
    let by_name = mentioned.names.iter().filter_map(|name| states.username_at(&username(names, name)?).holder);
    let by_name = by_name.filter(|account| members.contains_key(account));
    let is_admin = members.get(&author).is_some_and(|member| member.role >= MemberRole::Admin);
    let fits = members.len() <= all_max_members.min(MENTION_ALL_MAX_MEMBERS);
    let everybody = members.keys().copied().filter(|account| *account != author);
    let everybody = everybody.filter(|_| mentioned.all && is_admin && fits);
    let mut seen = BTreeSet::new();
    by_name.chain(everybody).filter(|account| seen.insert(*account)).collect()
}

/// Whether a mention by one account reaches another: not where one of the two blocks the other.
fn reaches(states: &States, author: AccountId, account: AccountId) -> bool {
    !are_apart((author, states.relationship(author)), (account, states.relationship(account)))
}

/// Those on the list, each once.
///
/// # Errors
/// Names everybody who is no member.
fn on_list(mentions: &[AccountId], conversation: &Conversation) -> Result<Vec<AccountId>, Refusal> {
    let mut seen = BTreeSet::new();
    let distinct = mentions.iter().copied().filter(|account| seen.insert(*account)).collect();
    let strangers = mentions.iter().enumerate().filter(|(_, account)| conversation.member(**account).is_none());
    let strangers: Vec<_> = strangers
        .map(|(index, _)| InvalidField {
            pointer: format!("/mentions/{index}"),
            code: "NOT_A_MEMBER",
            detail: "is not a member of the conversation",
        })
        .collect();
    if strangers.is_empty() { Ok(distinct) } else { Err(Refusal::Invalid(strangers)) }
}
