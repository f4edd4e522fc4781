//! Stories in the feed: whom each of their events reaches and as what, and its frame.

use crate::live::circles::{Circle, Circles};
use crate::live::data::{StoryEnded, StoryPosted, StoryPrivacyChanged};
use crate::live::frame::raw;
use crate::live::render::{RenderFault, Renderer, When, misplaced};
use domain::clock::Time;
use domain::event::Event;
use domain::ids::{AccountId, Position, StoryId};
use domain::limits::{PRIVACY_CHANGES_PER_STORY_MAX, STORY_LIFE_SECONDS};
use domain::proto::story::v1::StoryWords;
use domain::recorded::Recorded;
use domain::source::{Direction, EventSource, SourceFault};
use domain::story::event;
use domain::story::state::Story;
use domain::story::values::{StoryPrivacy, Ties};
use domain::stream::StreamName;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::sync::Arc;

/// Every event that a story can have: posted, its changes, its end.
const STORY_PAGE_EVENTS: usize = PRIVACY_CHANGES_PER_STORY_MAX as usize + 2;

/// A story as it was before an event; one that is posted, as it is then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryBefore {
    /// Whose.
    pub author: AccountId,
    /// Who could see it.
    pub privacy: StoryPrivacy,
    /// Who was near the author or kept out at that moment; nobody where it was not looked up.
    pub circle: Circle,
}

impl StoryBefore {
    /// What an account was to the author.
    pub fn ties(&self, account: AccountId, follows: bool) -> Ties {
        let (is_author, is_close_friend) = (account == self.author, self.circle.friends.contains(&account));
        // Where one blocks the other, nothing ties the two that could bring a story.
        Ties { is_author, follows, is_close_friend, is_kept_out: self.circle.hidden_from.contains(&account) }
    }
}

/// What some events do not tell themselves of their stories: how those were before, by the event's position.
pub type Stories = HashMap<Position, StoryBefore>;

/// Looks up the stories of these events in their own streams.
///
/// # Errors
/// When the log does not answer.
pub async fn stories_before(source: &dyn EventSource, events: &[Arc<Recorded>]) -> Result<Stories, SourceFault> {
    let mut stories = Stories::new();
    for event in events {
        let before = match &event.event {
            Event::StoryPosted(e) => Some((e.author, e.privacy)),
            Event::StoryDeleted(_) | Event::StoryExpired(_) | Event::StoryPrivacyChanged(_) => {
                story_before(source, event).await?
            }
            _ => None,
        };
        if let Some((author, privacy)) = before {
            stories.insert(event.position, StoryBefore { author, privacy, circle: Circle::default() });
        }
    }
    Ok(stories)
}

/// The same, and who was near their authors or kept out.
///
/// # Errors
/// When the log does not answer.
pub async fn stories_and_friends_before(
    source: &dyn EventSource,
    events: &[Arc<Recorded>],
    circles: &mut Circles,
) -> Result<Stories, SourceFault> {
    let mut stories = stories_before(source, events).await?;
    for event in events {
        if let Some(story) = stories.get_mut(&event.position) {
            story.circle = circles.before(source, story.author, event.position).await?;
        }
    }
    Ok(stories)
}

async fn story_before(
    source: &dyn EventSource,
    event: &Recorded,
) -> Result<Option<(AccountId, StoryPrivacy)>, SourceFault> {
    // A story's stream is within one page: its privacy changes a limited number of times.
    let slice = source.read_stream(&event.stream, 0, Direction::Forward, STORY_PAGE_EVENTS).await?;
    let mut story = Story::Unknown;
    for earlier in slice.events.iter().filter(|earlier| earlier.revision < event.revision) {
        story.evolve(&earlier.event);
    }
    Ok(match story {
        Story::Posted { author, privacy, .. } => Some((author, privacy)),
        Story::Unknown | Story::Expired | Story::Deleted => None,
    })
}

/// A story's event as it is shown to somebody with these ties to the author at that moment; none when it does not reach
/// them. Who loses sight of a story is shown a deletion: whether it was one, or is no longer for them, is not told.
pub fn shown_to(event: &Arc<Recorded>, stories: &Stories, ties: Ties) -> Option<Arc<Recorded>> {
    let as_it_is = || Some(Arc::clone(event));
    match &event.event {
        Event::StoryPosted(e) if e.privacy.reaches(ties) => as_it_is(),
        Event::StoryPrivacyChanged(e) if e.privacy.reaches(ties) => as_it_is(),
        Event::StoryPrivacyChanged(e) if e.previous.reaches(ties) => {
            let deleted = event::StoryDeleted { deleted_by: stories.get(&event.position)?.author, reason: None };
            Some(Arc::new(Recorded { event: deleted.into(), ..Recorded::clone(event) }))
        }
        Event::StoryDeleted(_) | Event::StoryExpired(_) if stories.get(&event.position)?.privacy.reaches(ties) => {
            as_it_is()
        }
        _ => None,
    }
}

impl Renderer {
    /// The data of `story.posted`. Afterwards a story that is over has no words.
    pub(in crate::live) async fn story_posted(
        &self,
        recorded: &Recorded,
        posted: &event::StoryPosted,
        words: Option<StoryWords>,
        when: When,
    ) -> Result<Box<RawValue>, RenderFault> {
        let is_over = when != When::Live && self.is_over(&recorded.stream, posted.expires_at).await?;
        let words = words.filter(|_| !is_over);
        let (text, caption) = words.map_or((None, None), |words| (Some(words.text), words.caption));
        Ok(raw(&StoryPosted {
            id: posted.story,
            author_id: posted.author,
            content_type: "text",
            media: None,
            text,
            caption,
            privacy: posted.privacy,
            posted_at: posted.expires_at.plus_seconds(-STORY_LIFE_SECONDS),
            expires_at: posted.expires_at,
        }))
    }

    /// The data of `story.expired` and `story.deleted`.
    pub(in crate::live) async fn story_ended(&self, recorded: &Recorded) -> Result<Box<RawValue>, RenderFault> {
        let (id, author_id) = self.story_of(recorded).await?;
        Ok(raw(&StoryEnded { id, author_id }))
    }

    /// The data of `story.privacy_changed`.
    pub(in crate::live) async fn story_changed(
        &self,
        recorded: &Recorded,
        privacy: StoryPrivacy,
    ) -> Result<Box<RawValue>, RenderFault> {
        let (id, author_id) = self.story_of(recorded).await?;
        Ok(raw(&StoryPrivacyChanged { id, author_id, privacy }))
    }

    /// Which story an event is of, and who posted it.
    async fn story_of(&self, recorded: &Recorded) -> Result<(StoryId, AccountId), SourceFault> {
        let slice = self.source.read_stream(&recorded.stream, 0, Direction::Forward, 1).await?;
        match slice.events.first().map(|first| &first.event) {
            Some(Event::StoryPosted(posted)) => Ok((posted.story, posted.author)),
            _ => Err(misplaced(recorded)),
        }
    }

    /// Whether a story was deleted, or its time is over: its words are nobody's any more.
    async fn is_over(&self, story: &StreamName, expires_at: Time) -> Result<bool, SourceFault> {
        if self.clock.now() >= expires_at {
            return Ok(true);
        }
        let newest = self.source.read_stream(story, u64::MAX, Direction::Backward, 1).await?;
        Ok(newest.events.iter().any(|event| matches!(event.event, Event::StoryDeleted(_) | Event::StoryExpired(_))))
    }
}
