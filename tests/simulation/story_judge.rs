//! What the model expects of a command about stories and ties.

use super::judge::Verdict::{self, Done, Refused, Same};
use super::judge::{INVALID, NOT_FOUND, NOT_PERMITTED, same_or, unless};
use super::model::Model;
use super::stories::{Story, is_tied};
use super::story_act::Deed;
use serde_json::Value;

impl Model {
    /// Every outcome that the contract admits now.
    pub fn judge_deed(&self, who: usize, deed: &Deed, now: i64) -> Vec<Verdict> {
        let circle = &self.circle;
        match deed {
            Deed::Post { .. } => vec![Done],
            Deed::See { story, .. } => match self.visible(who, *story, now) {
                None => vec![NOT_FOUND],
                Some(story) => vec![same_or(story.author == who || story.is_viewed_by(who))],
            },
            Deed::Withdraw { story } => {
                let mut verdicts = self.judge_own(who, *story, now, Done);
                // Of a story that is deleted already its author may be told so, or that there is none.
                if circle.stories.get(story).is_some_and(|story| story.author == who && story.is_deleted) {
                    verdicts.push(Same);
                }
                verdicts
            }
            Deed::Retier { story, tier } => {
                let is_same = circle.stories.get(story).is_some_and(|story| story.tier == *tier);
                self.judge_own(who, *story, now, same_or(is_same))
            }
            Deed::Follow { whom } => self.judge_tie(who, *whom, same_or(is_tied(&circle.follows, who, *whom))),
            Deed::Unfollow { whom } => self.judge_untie(who, *whom, is_tied(&circle.follows, who, *whom)),
            Deed::Befriend { of, whom } if *of == who => {
                self.judge_tie(who, *whom, same_or(is_tied(&circle.friends, who, *whom)))
            }
            Deed::Unfriend { of, whom } if *of == who => {
                self.judge_untie(who, *whom, is_tied(&circle.friends, who, *whom))
            }
            Deed::Befriend { of, whom } | Deed::Unfriend { of, whom } => {
                let is_unknown = |whom: usize| whom >= self.people.len();
                let mut verdicts = vec![NOT_PERMITTED];
                if is_unknown(*of) || is_unknown(*whom) {
                    verdicts.push(NOT_FOUND);
                }
                verdicts
            }
            Deed::Wrong { story, wrong } => {
                let (status, code, _) = wrong.answer();
                let mut verdicts = vec![Refused(status, code)];
                if wrong.is_about_a_story() {
                    verdicts.extend(self.judge_own(who, *story, now, Refused(status, code)));
                }
                verdicts
            }
        }
    }

    fn visible(&self, who: usize, story: usize, now: i64) -> Option<&Story> {
        self.circle.stories.get(&story).filter(|story| self.circle.sees(who, story, now))
    }

    /// What only its author may do to a story.
    fn judge_own(&self, who: usize, story: usize, now: i64, outcome: Verdict) -> Vec<Verdict> {
        match self.visible(who, story, now) {
            None => vec![NOT_FOUND],
            Some(story) => unless(&[(story.author != who, NOT_PERMITTED)], outcome),
        }
    }

    fn judge_tie(&self, who: usize, whom: usize, outcome: Verdict) -> Vec<Verdict> {
        unless(&[(whom == who, INVALID), (whom >= self.people.len(), NOT_FOUND)], outcome)
    }

    /// Whom one is not tied to, one is not tied to already; the contract does not say what of oneself or of nobody.
    fn judge_untie(&self, who: usize, whom: usize, is_tied: bool) -> Vec<Verdict> {
        let mut verdicts = vec![same_or(!is_tied)];
        if whom == who {
            verdicts.push(INVALID);
        }
        if whom >= self.people.len() {
            verdicts.push(NOT_FOUND);
        }
        verdicts
    }

    /// Status and body of the answer, after it has happened.
    pub fn answer_deed(&self, who: usize, deed: &Deed) -> (u16, Value) {
        match deed {
            Deed::Post { story, .. } => {
                let story = self.circle.stories.get(story).map(|story| self.story(story, who));
                (201, story.unwrap_or_default())
            }
            Deed::See { .. }
            | Deed::Withdraw { .. }
            | Deed::Retier { .. }
            | Deed::Follow { .. }
            | Deed::Unfollow { .. }
            | Deed::Befriend { .. }
            | Deed::Unfriend { .. }
            | Deed::Wrong { .. } => (204, Value::Null),
        }
    }
}
