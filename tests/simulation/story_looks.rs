//! Somebody looks at stories and at lists of people, and the model says what they see.

use super::history::Run;
use super::looks::compare;
use super::stories::{People, Story};
use rand::RngExt;
use serde_json::{Value, json};

/// Stories of an author that the story feed shows at once.
const FEED_STORIES_MAX: usize = 20;

/// With every field that may be left out where it is null.
fn with_nulls(mut item: Value, names: &[&str]) -> Value {
    for name in names {
        if item.get(name).is_none() {
            item[*name] = Value::Null;
        }
    }
    item
}

fn whole(story: Value) -> Value {
    with_nulls(story, &["media", "text", "caption", "view_count"])
}

fn whole_view(view: Value) -> Value {
    with_nulls(view, &["duration_ms"])
}

/// The newest first. What was posted at the same time stands in any order.
fn in_order(mut items: Vec<Value>) -> Result<Vec<Value>, String> {
    let at = |item: &Value| item["posted_at"].as_str().unwrap_or_default().to_owned();
    if !items.is_sorted_by(|one, other| at(one) >= at(other)) {
        return Err(format!("not the newest first: {items:?}"));
    }
    items.sort_by_key(|item| (std::cmp::Reverse(at(item)), item["id"].to_string()));
    Ok(items)
}

impl Run<'_> {
    /// Everything that somebody can ask of stories.
    pub fn look_around(&mut self, who: usize) -> Result<(), String> {
        let people = self.model.people.len();
        self.feed(who)?;
        for author in 0..people {
            if self.now_and_then() {
                self.shelf(who, author)?;
            }
        }
        let stories: Vec<usize> = self.model.circle.stories.keys().copied().collect();
        for number in stories {
            if self.now_and_then() {
                self.one_story(who, number)?;
            }
        }
        for of in 0..people {
            if self.now_and_then() {
                self.people(who, of)?;
            }
        }
        Ok(())
    }

    /// Every item of a list, page by page.
    fn all(&mut self, who: usize, path: &str) -> Result<Vec<Value>, String> {
        let limit = if self.looking.random_bool(0.3) { self.looking.random_range(1..=2) } else { 100 };
        let path = format!("{path}?limit={limit}");
        let (mut items, mut next) = (Vec::new(), path.clone());
        loop {
            let page = self.found(who, &next)?;
            items.extend(page["items"].as_array().cloned().unwrap_or_default());
            if page["has_more"] != json!(page["next_cursor"].is_string()) {
                return Err(format!("person {who} GET {next}: has_more and next_cursor differ"));
            }
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("{path}&cursor={cursor}"),
                None => return Ok(items),
            }
        }
    }

    fn shown(&self, shelf: &[&Story], who: usize) -> Result<Vec<Value>, String> {
        in_order(shelf.iter().rev().map(|story| self.model.story(story, who)).collect())
    }

    /// Authors with something unseen first, then those with the newest story.
    fn feed(&mut self, who: usize) -> Result<(), String> {
        let got = self.all(who, "/v1/stories/feed")?;
        let (people, now) = (self.model.people.len(), self.system.now());
        let mut expected = Vec::new();
        for (author, shelf) in self.model.circle.feed(who, people, now) {
            let mut stories = self.shown(&shelf, who)?;
            let has_more = stories.len() > FEED_STORIES_MAX;
            stories.truncate(FEED_STORIES_MAX);
            expected.push(json!({"author_id": self.model.account(author), "stories": stories, "has_more": has_more}));
        }
        let mut groups = Vec::new();
        for group in got {
            let stories = in_order(group["stories"].as_array().into_iter().flatten().cloned().map(whole).collect())?;
            groups.push(json!({"author_id": group["author_id"], "stories": stories, "has_more": group["has_more"]}));
        }
        // One's own are nothing to be seen.
        let own = json!(self.model.account(who));
        let rank = |group: &Value| {
            let has_unseen = group["author_id"] != own
                && group["stories"].as_array().into_iter().flatten().any(|story| story["viewed"] == false);
            (has_unseen, group["stories"][0]["posted_at"].as_str().unwrap_or_default().to_owned())
        };
        let what = format!("person {who}: story feed");
        if !groups.is_sorted_by(|one, other| rank(one) >= rank(other)) {
            return Err(format!("{what}: not the unseen and newest first: {groups:?}"));
        }
        let by_author = |group: &Value| group["author_id"].to_string();
        groups.sort_by_key(by_author);
        expected.sort_by_key(by_author);
        compare(&what, groups.into(), &expected.into())
    }

    fn shelf(&mut self, who: usize, author: usize) -> Result<(), String> {
        let got = self.all(who, &format!("/v1/accounts/{}/stories", self.model.account(author)))?;
        let shelf = self.model.circle.shelf(who, author, self.system.now());
        let expected = self.shown(&shelf, who)?;
        let got = in_order(got.into_iter().map(whole).collect())?;
        compare(&format!("person {who}: stories of {author}"), got.into(), &expected.into())
    }

    fn one_story(&mut self, who: usize, number: usize) -> Result<(), String> {
        let story = self.model.circle.stories[&number].clone();
        let path = format!("/v1/stories/{}", story.id);
        if !self.model.circle.sees(who, &story, self.system.now()) {
            self.not_found(who, &path)?;
            return self.not_found(who, &format!("{path}/views"));
        }
        let got = whole(self.found(who, &path)?);
        compare(&format!("person {who}: story {number}"), got, &self.model.story(&story, who))?;
        let views = format!("{path}/views");
        if who != story.author {
            return self.not_permitted(who, &views);
        }
        let got: Vec<Value> = self.all(who, &views)?.into_iter().map(whole_view).collect();
        compare(
            &format!("person {who}: viewers of story {number}"),
            got.clone().into(),
            &self.model.viewers(&story, &got).into(),
        )
    }

    /// The lists of somebody.
    fn people(&mut self, who: usize, of: usize) -> Result<(), String> {
        let path = |rest: &str, of: &str| format!("/v1/accounts/{of}/{rest}");
        let id = self.model.account(of).to_owned();
        let lists = [(People::Followers, "followers"), (People::Following, "following")];
        for (list, name) in lists {
            let got = self.all(who, &path(name, &id))?;
            let expected = self.model.listed_people(list, of);
            let count = self.found(who, &path(name, &id))?["count"].clone();
            if count != json!(expected.len()) {
                return Err(format!("person {who}: {list:?} of {of}: expected {} in all, got {count}", expected.len()));
            }
            compare(&format!("person {who}: {list:?} of {of}"), got.into(), &expected.into())?;
        }
        if of != who {
            return self.not_permitted(who, &path("close-friends", &id));
        }
        let got = self.all(who, &path("close-friends", &id))?;
        let expected = self.model.listed_people(People::CloseFriends, of);
        compare(&format!("person {who}: close friends"), got.into(), &expected.into())
    }

    fn not_permitted(&mut self, who: usize, path: &str) -> Result<(), String> {
        let token = self.token(who);
        let reply = self.system.get(&token, path);
        let is_so = (reply.status, reply.json()["code"].as_str()) == (403, Some("NOT_PERMITTED"));
        let got = format!("{} {}", reply.status, reply.text());
        if is_so { Ok(()) } else { Err(format!("person {who} GET {path}: expected 403, got {got}")) }
    }
}
