//! `ChangeMembership`: a member mutes a conversation, keeps it at the top, puts it away.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use domain::clock::Time;
use domain::conversation::event::MembershipChanged;
use domain::conversation::values::{MembershipSettings, Mute, Notify};
use domain::ids::ConversationId;
use domain::stream::StreamName;

/// Changes how the actor keeps a conversation. What is none stays as it is. Its stream may grow without a bound, for its
/// newest event alone is its state: nobody ever loads more of it.
#[derive(Clone, Debug)]
pub struct ChangeMembership {
    /// Which.
    pub conversation: ConversationId,
    /// Whether it is muted.
    pub muted: Option<bool>,
    /// Until when; the inner none for a mute without an end. A time alone mutes, too.
    pub mute_until: Option<Option<Time>>,
    /// Whether it is kept at the top.
    pub pinned: Option<bool>,
    /// Whether it is put away.
    pub archived: Option<bool>,
    /// What the actor wants to be notified of.
    pub notify: Option<Notify>,
}

impl ChangeMembership {
    fn mute(&self, current: Mute, now: Time) -> Result<Mute, Refusal> {
        match (self.muted, self.mute_until) {
            (None, None) => Ok(current),
            (Some(false), Some(Some(_))) => {
                Err(Refusal::invalid("/mute_until", "WITHOUT_MUTE", "is the end of a mute, and muted is false"))
            }
            (Some(false), None | Some(None)) => Ok(Mute::Off),
            (None | Some(true), Some(Some(end))) if end <= now => {
                Err(Refusal::invalid("/mute_until", "OUT_OF_RANGE", "must be in the future"))
            }
            (None | Some(true), Some(Some(end))) => Ok(Mute::Until(end)),
            (Some(true), Some(None)) => Ok(Mute::Always),
            (Some(true), None) if current.holds(now) => Ok(current),
            (Some(true), None) => Ok(Mute::Always),
            (None, Some(None)) if current.holds(now) => Ok(Mute::Always),
            (None, Some(None)) => Ok(current),
        }
    }
}

impl Command for ChangeMembership {
    fn name(&self) -> &'static str {
        "ChangeMembership"
    }

    fn stream(&self, names: &Names<'_>) -> StreamName {
        StreamName::membership(self.conversation, names.actor_or_nil())
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        vec![Read::Check(StreamName::conversation(self.conversation))]
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let actor = context.actor()?;
        // A closed conversation, too, can be put away.
        if states.conversation().member(actor).is_none() {
            return Err(Refusal::NotFound(Missing::Conversation));
        }
        let current = states.membership().settings;
        let settings = MembershipSettings {
            mute: self.mute(current.mute, context.now)?,
            pinned: self.pinned.unwrap_or(current.pinned),
            archived: self.archived.unwrap_or(current.archived),
            notify: self.notify.unwrap_or(current.notify),
        };
        if settings == current {
            return Ok(vec![]);
        }
        Ok(vec![(states.primary(), MembershipChanged { settings }.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{CAROL, DAVE, Happened, LONG_AGO, ROOM, closed, given, group};

    const NOTHING: ChangeMembership = ChangeMembership {
        conversation: ROOM,
        muted: None,
        mute_until: None,
        pinned: None,
        archived: None,
        notify: None,
    };
    const SOON: Time = LONG_AGO.plus_seconds(60);

    fn kept(settings: MembershipSettings) -> Happened {
        (StreamName::membership(ROOM, CAROL), MembershipChanged { settings }.into())
    }

    fn muted(mute: Mute) -> Happened {
        kept(MembershipSettings { mute, ..MembershipSettings::default() })
    }

    #[test]
    fn a_member_changes_only_what_they_name() {
        let pins = ChangeMembership { pinned: Some(true), ..NOTHING };
        let settings = MembershipSettings { pinned: true, ..MembershipSettings::default() };
        given(group()).by(CAROL).when(pins.clone()).then([kept(settings)]);
        let pinned = || group().into_iter().chain([kept(settings)]);
        given(pinned()).by(CAROL).when(pins).then_it_is_already_so();
        let rest = ChangeMembership { archived: Some(true), notify: Some(Notify::None), ..NOTHING };
        let both = MembershipSettings { archived: true, notify: Notify::None, ..settings };
        given(pinned()).by(CAROL).when(rest).then([kept(both)]);
    }

    #[test]
    fn a_mute_has_an_end_or_none() {
        let change = |muted, mute_until| ChangeMembership { muted, mute_until, ..NOTHING };
        let cases = [
            (Mute::Off, change(Some(true), None), Mute::Always),
            (Mute::Off, change(Some(true), Some(None)), Mute::Always),
            (Mute::Off, change(Some(true), Some(Some(SOON))), Mute::Until(SOON)),
            (Mute::Off, change(None, Some(Some(SOON))), Mute::Until(SOON)),
            (Mute::Off, change(Some(false), None), Mute::Off),
            (Mute::Off, change(None, Some(None)), Mute::Off),
            (Mute::Always, change(Some(true), None), Mute::Always),
            (Mute::Always, change(None, Some(Some(SOON))), Mute::Until(SOON)),
            (Mute::Until(SOON), change(Some(true), None), Mute::Until(SOON)),
            (Mute::Until(SOON), change(None, Some(None)), Mute::Always),
            (Mute::Until(SOON), change(Some(false), Some(None)), Mute::Off),
            // A mute that is over is none.
            (Mute::Until(LONG_AGO), change(Some(true), None), Mute::Always),
        ];
        for (before, command, after) in cases {
            let events = group().into_iter().chain([muted(before)]);
            let outcome = given(events).by(CAROL).when(command);
            if before == after { outcome.then_it_is_already_so() } else { outcome.then([muted(after)]) }
        }
    }

    #[test]
    fn an_end_that_cannot_be_meant_is_refused() {
        let past = ChangeMembership { mute_until: Some(Some(LONG_AGO)), ..NOTHING };
        given(group()).by(CAROL).when(past).invalid(&[("/mute_until", "OUT_OF_RANGE")]);
        let off = ChangeMembership { muted: Some(false), mute_until: Some(Some(SOON)), ..NOTHING };
        given(group()).by(CAROL).when(off).invalid(&[("/mute_until", "WITHOUT_MUTE")]);
    }

    #[test]
    fn a_closed_conversation_is_put_away_and_strangers_learn_nothing() {
        let away = ChangeMembership { archived: Some(true), ..NOTHING };
        let settings = MembershipSettings { archived: true, ..MembershipSettings::default() };
        given(closed()).by(CAROL).when(away.clone()).then([kept(settings)]);
        given(group()).by(DAVE).when(away).refused(Refusal::NotFound(Missing::Conversation));
        given(group()).by(DAVE).when(NOTHING).refused(Refusal::NotFound(Missing::Conversation));
    }
}
