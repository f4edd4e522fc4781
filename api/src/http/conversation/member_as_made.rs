//! A member as a command made them, for its answer: somebody else may have changed or removed them again at the same moment.

use crate::app::App;
use crate::problem::Problem;
use crate::wire::conversation::Member;
use commands::execute::Done;
use domain::conversation::values::MemberRole;
use domain::event::Event;
use domain::ids::AccountId;
use domain::source::newest_before;
use domain::state::State;
use domain::stream::StreamName;

/// From the events of the command; where nothing had to change, from what it was decided on. `stream` is the conversation's.
///
/// # Errors
/// When the log does not answer.
pub async fn as_made(app: &App, stream: &StreamName, account: AccountId, done: &Done) -> Result<Member, Problem> {
    let changed = done.events.iter().find_map(|recorded| match &recorded.event {
        Event::MemberRoleChanged(changed) if changed.account == account => Some((changed.role, recorded.revision)),
        _ => None,
    });
    let never = || Problem::internal(&"a member never joined");
    let (role, before) = changed.or_else(|| standing(account, done)).ok_or_else(never)?;
    let is_theirs = |event: &Event| matches!(event, Event::MemberJoined(joined) if joined.account == account);
    let joined = newest_before(&*app.log, stream, before, is_theirs).await?.ok_or_else(never)?;
    Ok(Member { account_id: account, role, joined_at: joined.occurred_at })
}

/// The role, and the revision before which they joined.
fn standing(account: AccountId, done: &Done) -> Option<(MemberRole, u64)> {
    match &*done.standing.as_ref()?.state {
        State::Conversation(conversation) => {
            conversation.member(account).map(|member| (member.role, member.joined_revision + 1))
        }
        _ => None,
    }
}
