//! The model of stories, of who follows whom and of who counts whom as a close friend, as plain lists; and what each
//! person sees of them.

use super::model::{Model, time};
use super::story_act::{Deed, Tier};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Microseconds for which a story is seen.
pub const STORY_LIFE: i64 = 24 * 60 * 60 * 1_000_000;

/// Somebody's first look at a story.
#[derive(Clone, Debug)]
pub struct View {
    pub who: usize,
    pub at: i64,
    /// For how long; several, where several looks at once may each have been the first.
    pub durations_ms: Vec<Option<u64>>,
}

#[derive(Clone, Debug)]
pub struct Story {
    pub id: String,
    pub author: usize,
    pub text: String,
    pub caption: Option<String>,
    pub tier: Tier,
    pub posted_at: i64,
    pub is_deleted: bool,
    /// The first first.
    pub views: Vec<View>,
}

/// That one follows the other, or counts them as a close friend.
#[derive(Clone, Copy, Debug)]
pub struct Tie {
    pub from: usize,
    pub to: usize,
    pub since: i64,
}

/// Stories and ties, by the number of their posting and the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Circle {
    pub stories: BTreeMap<usize, Story>,
    pub follows: Vec<Tie>,
    pub friends: Vec<Tie>,
}

/// A list of people.
#[derive(Clone, Copy, Debug)]
pub enum People {
    Followers,
    Following,
    CloseFriends,
}

pub fn is_tied(ties: &[Tie], from: usize, to: usize) -> bool {
    ties.iter().any(|tie| (tie.from, tie.to) == (from, to))
}

impl Story {
    /// Whether there is still something to be seen.
    pub fn is_live(&self, now: i64) -> bool {
        !self.is_deleted && now < self.posted_at + STORY_LIFE
    }

    pub fn is_viewed_by(&self, who: usize) -> bool {
        self.views.iter().any(|view| view.who == who)
    }
}

impl Circle {
    /// Whether somebody may see a story now.
    pub fn sees(&self, who: usize, story: &Story, now: i64) -> bool {
        let is_admitted = match story.tier {
            Tier::Public => true,
            Tier::Followers => is_tied(&self.follows, who, story.author),
            Tier::CloseFriends => is_tied(&self.friends, story.author, who),
        };
        story.is_live(now) && (who == story.author || is_admitted)
    }

    /// Whether an author's stories come to somebody by themselves.
    fn is_fed(&self, who: usize, author: usize) -> bool {
        who == author || is_tied(&self.follows, who, author) || is_tied(&self.friends, author, who)
    }

    /// What somebody sees of an author.
    pub fn shelf(&self, who: usize, author: usize, now: i64) -> Vec<&Story> {
        self.stories.values().filter(|story| story.author == author && self.sees(who, story, now)).collect()
    }

    /// The authors in somebody's story feed, with what they see of each.
    pub fn feed(&self, who: usize, people: usize, now: i64) -> Vec<(usize, Vec<&Story>)> {
        let fed = (0..people).filter(|author| self.is_fed(who, *author));
        fed.map(|author| (author, self.shelf(who, author, now))).filter(|(_, shelf)| !shelf.is_empty()).collect()
    }

    /// Whom a list shows, the newest first.
    pub fn listed(&self, list: People, of: usize) -> Vec<(usize, i64)> {
        let from = |ties: &[Tie]| -> Vec<(usize, i64)> {
            ties.iter().filter(|tie| tie.from == of).map(|tie| (tie.to, tie.since)).rev().collect()
        };
        match list {
            People::Following => from(&self.follows),
            People::CloseFriends => from(&self.friends),
            People::Followers => {
                self.follows.iter().filter(|tie| tie.to == of).map(|tie| (tie.from, tie.since)).rev().collect()
            }
        }
    }

    /// It is so already; where several look at once, maybe by the other.
    pub fn apply_same(&mut self, who: usize, deed: &Deed, now: i64) {
        if let Deed::See { story, duration_ms } = deed
            && let Some(story) = self.stories.get_mut(story)
            && let Some(view) = story.views.iter_mut().find(|view| view.who == who && view.at == now)
        {
            view.durations_ms.push(*duration_ms);
        }
    }

    /// It has happened.
    pub fn apply(&mut self, who: usize, deed: &Deed, body: &Value, now: i64) {
        let tie = |from, to| Tie { from, to, since: now };
        match deed {
            Deed::Post { story, text, caption, tier } => {
                let posted = Story {
                    id: body["id"].as_str().unwrap_or_default().to_owned(),
                    author: who,
                    text: text.clone(),
                    caption: caption.clone(),
                    tier: *tier,
                    posted_at: now,
                    is_deleted: false,
                    views: Vec::new(),
                };
                self.stories.insert(*story, posted);
            }
            Deed::See { story, duration_ms } => {
                if let Some(story) = self.stories.get_mut(story) {
                    story.views.push(View { who, at: now, durations_ms: vec![*duration_ms] });
                }
            }
            Deed::Withdraw { story } => {
                if let Some(story) = self.stories.get_mut(story) {
                    story.is_deleted = true;
                }
            }
            Deed::Retier { story, tier } => {
                if let Some(story) = self.stories.get_mut(story) {
                    story.tier = *tier;
                }
            }
            Deed::Follow { whom } => self.follows.push(tie(who, *whom)),
            Deed::Unfollow { whom } => self.follows.retain(|tie| (tie.from, tie.to) != (who, *whom)),
            Deed::Befriend { whom, .. } => self.friends.push(tie(who, *whom)),
            Deed::Unfriend { whom, .. } => self.friends.retain(|tie| (tie.from, tie.to) != (who, *whom)),
            Deed::Wrong { .. } => (),
        }
    }
}

impl Model {
    /// A story as somebody who may see it is shown it.
    pub fn story(&self, story: &Story, viewer: usize) -> Value {
        json!({
            "id": story.id, "author_id": self.account(story.author), "content_type": "text", "media": null,
            "text": story.text, "caption": story.caption, "privacy": story.tier.name(),
            "posted_at": time(story.posted_at), "expires_at": time(story.posted_at + STORY_LIFE),
            "view_count": (viewer == story.author).then_some(story.views.len()),
            "viewed": story.is_viewed_by(viewer), "reactions": [],
        })
    }

    /// Who saw a story, the newest first.
    pub fn viewers(&self, story: &Story, got: &[Value]) -> Vec<Value> {
        let shown = |(index, view): (usize, &View)| {
            // Where it cannot be known which it is, it is the one that is shown.
            let duration = view
                .durations_ms
                .iter()
                .find(|duration| got.get(index).is_some_and(|got| got["duration_ms"] == json!(duration)));
            let duration = duration.or(view.durations_ms.first());
            json!({"account_id": self.account(view.who), "viewed_at": time(view.at), "duration_ms": duration})
        };
        story.views.iter().rev().enumerate().map(shown).collect()
    }

    pub fn listed_people(&self, list: People, of: usize) -> Vec<Value> {
        let shown = |(whom, since): (usize, i64)| json!({"account_id": self.account(whom), "since": time(since)});
        self.circle.listed(list, of).into_iter().map(shown).collect()
    }
}
