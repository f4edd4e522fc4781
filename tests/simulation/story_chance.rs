//! What happens next among stories and ties.

use super::chance::{Chooser, MILLISECOND, SECOND, pick};
use super::model::Model;
use super::stories::STORY_LIFE;
use super::story_act::{Deed, Tier, WrongStory};
use rand::RngExt;

const TEXTS: [&str; 4] = ["Sunny today", "grüß dich 👋", "two\nlines", "new"];
const TIERS: [Tier; 3] = [Tier::Public, Tier::Followers, Tier::CloseFriends];

impl Chooser {
    /// What somebody does, and who would do it best. Around one story, where there is one in view.
    pub fn deed(&mut self, model: &Model, who: usize, story: Option<usize>, now: i64) -> (usize, Deed) {
        let story = story.unwrap_or_else(|| self.story(model, now));
        let author = model.circle.stories.get(&story).map(|story| story.author);
        // Authors do to their stories what only they may, and the others the rest, more often than not.
        let as_author = |it: &mut Self| author.filter(|_| it.chance.random_bool(0.75)).unwrap_or(who);
        let duration_ms = self.chance.random_bool(0.3).then(|| self.chance.random_range(0..90_000));
        let tier = pick(&mut self.chance, &TIERS);
        match self.chance.random_range(0..100) {
            0..=17 => (who, self.post(tier)),
            18..=46 => (who, Deed::See { story, duration_ms }),
            47..=51 => (as_author(self), Deed::Withdraw { story }),
            52..=62 => (as_author(self), Deed::Retier { story, tier }),
            63..=73 => (who, Deed::Follow { whom: self.whom(author) }),
            74..=79 => (who, Deed::Unfollow { whom: self.whom(author) }),
            80..=88 => (who, Deed::Befriend { of: self.list_of(who), whom: self.somebody() }),
            89..=93 => (who, Deed::Unfriend { of: self.list_of(who), whom: self.somebody() }),
            _ => (who, Deed::Wrong { story, wrong: self.wrong_story() }),
        }
    }

    fn post(&mut self, tier: Tier) -> Deed {
        self.stories_begun += 1;
        let text = pick(&mut self.chance, &TEXTS).to_owned();
        let caption = self.chance.random_bool(0.3).then(|| "at home".to_owned());
        Deed::Post { story: self.stories_begun - 1, text, caption, tier }
    }

    /// Rather one that can still be seen, and now and then one that there is not.
    pub fn story(&mut self, model: &Model, now: i64) -> usize {
        let all: Vec<usize> = model.circle.stories.keys().copied().collect();
        let live: Vec<usize> = all.iter().copied().filter(|number| model.circle.stories[number].is_live(now)).collect();
        match self.chance.random_range(0..20) {
            _ if all.is_empty() => usize::MAX,
            0 => usize::MAX,
            1..=3 => pick(&mut self.chance, &all),
            _ if live.is_empty() => pick(&mut self.chance, &all),
            _ => pick(&mut self.chance, &live),
        }
    }

    fn whom(&mut self, author: Option<usize>) -> usize {
        author.filter(|_| self.chance.random_bool(0.5)).unwrap_or_else(|| self.somebody())
    }

    /// One's own list, and now and then somebody else's.
    fn list_of(&mut self, who: usize) -> usize {
        if self.chance.random_bool(0.06) { self.somebody() } else { who }
    }

    /// How long until right before, at, or right after the end of a story, and which; if there is one ahead.
    pub fn wait_for_an_end(&mut self, model: &Model, now: i64) -> Option<(i64, usize)> {
        let aside = pick(&mut self.chance, &[-SECOND, -MILLISECOND, 0, 0, MILLISECOND, SECOND]);
        let ahead: Vec<(i64, usize)> = model
            .circle
            .stories
            .iter()
            .filter(|(_, story)| story.is_live(now))
            .map(|(number, story)| (story.posted_at + STORY_LIFE + aside - now, *number))
            .filter(|(wait, _)| *wait > 0)
            .collect();
        if ahead.is_empty() { None } else { Some(pick(&mut self.chance, &ahead)) }
    }

    fn wrong_story(&mut self) -> WrongStory {
        let all = [
            WrongStory::EmptyText,
            WrongStory::LongText,
            WrongStory::LongCaption,
            WrongStory::OddTier,
            WrongStory::UnknownField,
            WrongStory::NoJson,
            WrongStory::NoMediaType,
            WrongStory::OddNewTier,
            WrongStory::LongLook,
            WrongStory::BackwardsLook,
        ];
        pick(&mut self.chance, &all)
    }
}
