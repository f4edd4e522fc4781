//! What a search asks for: what was typed, and the parameters beside it.

use crate::http::query_string::QueryString;
use chrono::{NaiveDate, NaiveTime};
use domain::clock::Time;
use domain::ids::{AccountId, ConversationId};
use domain::limits::SEARCH_QUERY_MAX_CHARS;
use projections::search::port::{Has, Sort};
use projections::search::query::{Needle, Operator, Restriction, Typed};

const DAY: &str = "must be a day such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z";

/// A search.
pub struct Asked {
    /// Everything below, in a form that differs when any of it does.
    pub text: String,
    /// What must, and must not, stand in the text.
    pub needles: Vec<Needle>,
    /// `from:` and `in:`, whose names are looked up.
    pub restrictions: Vec<Restriction>,
    /// Only there.
    pub conversation: Option<ConversationId>,
    /// Only by this account.
    pub sender: Option<AccountId>,
    /// Not sent before.
    pub from: Option<Time>,
    /// Sent before.
    pub until: Option<Time>,
    /// What messages have, or, where false, do not have.
    pub has: Vec<(Has, bool)>,
    /// In which order.
    pub sort: Sort,
    /// What was typed means nothing, so nothing is found.
    pub is_nothing: bool,
}

/// Takes the parameters; what is wrong with them stays with the query.
pub fn asked(query: &mut QueryString) -> Asked {
    let q = text(query);
    let parameters = ["conversation_id", "sender_id", "date_from", "date_to", "has", "sort"];
    let typed = Typed::parse(&q);
    let mut asked = Asked {
        text: format!("{q:?}"),
        is_nothing: typed.is_empty(),
        needles: typed.needles,
        restrictions: Vec::new(),
        conversation: None,
        sender: None,
        from: None,
        until: None,
        has: Vec::new(),
        sort: Sort::Relevance,
    };
    for name in parameters {
        let Some(value) = query.text(name) else { continue };
        asked.text.push_str(&format!(" {name}={value:?}"));
        if let Some((code, detail)) = asked.take(name, &value) {
            query.wrong(name, code, detail);
        }
    }
    for restriction in typed.restrictions {
        if let Some(detail) = asked.restrict(restriction) {
            query.wrong("q", "BAD_FORMAT", detail);
        }
    }
    asked
}

fn text(query: &mut QueryString) -> String {
    let text = query.text("q");
    match text.as_deref().map(|text| text.chars().count()) {
        None => query.wrong("q", "REQUIRED", "is missing"),
        Some(0) => query.wrong("q", "TOO_SHORT", "must not be empty"),
        Some(1..=SEARCH_QUERY_MAX_CHARS) => {}
        Some(_) => query.wrong("q", "TOO_LONG", format!("must have at most {SEARCH_QUERY_MAX_CHARS} characters")),
    }
    text.unwrap_or_default()
}

impl Asked {
    /// Says what is wrong.
    fn take(&mut self, name: &str, value: &str) -> Option<(&'static str, &'static str)> {
        let is_good = match name {
            "conversation_id" => value.parse().map(|id| self.conversation = Some(id)).is_ok(),
            "sender_id" => value.parse().map(|id| self.sender = Some(id)).is_ok(),
            "date_from" => start(value).map(|time| self.not_before(time)).is_some(),
            "date_to" => end(value).map(|time| self.before(time)).is_some(),
            "has" => value.split(',').all(|one| Has::parse(one).map(|has| self.has.push((has, true))).is_some()),
            _ => sort(value).map(|sort| self.sort = sort).is_some(),
        };
        let detail = match name {
            "conversation_id" | "sender_id" => "must be an id",
            "date_from" | "date_to" => DAY,
            "has" => "must be link, media, reaction or mention, or several of them with commas",
            _ => "must be relevance or recent",
        };
        (!is_good).then_some(("BAD_FORMAT", detail))
    }

    /// Says what is wrong.
    fn restrict(&mut self, restriction: Restriction) -> Option<&'static str> {
        let Restriction { operator, value, is_negated } = &restriction;
        match operator {
            Operator::From | Operator::In => self.restrictions.push(restriction),
            Operator::Has => match Has::parse(value) {
                Some(has) => self.has.push((has, !is_negated)),
                None => return Some("has: must be followed by link, media, reaction or mention"),
            },
            Operator::Before | Operator::After => {
                let times = start(value).zip(end(value)).filter(|_| !is_negated);
                let Some((first, after)) = times else {
                    return Some("before: and after: must be followed by a day such as 2026-01-31, and have no minus");
                };
                if *operator == Operator::Before { self.before(first) } else { self.not_before(after) }
            }
        }
        None
    }

    fn not_before(&mut self, time: Time) {
        self.from = self.from.max(Some(time));
    }

    fn before(&mut self, time: Time) {
        self.until = Some(self.until.map_or(time, |until| until.min(time)));
    }
}

fn sort(text: &str) -> Option<Sort> {
    match text {
        "relevance" => Some(Sort::Relevance),
        "recent" => Some(Sort::Recent),
        _ => None,
    }
}

/// A time, or where a day begins.
fn start(text: &str) -> Option<Time> {
    match text.parse::<NaiveDate>() {
        Ok(day) => Some(Time::from_utc(day.and_time(NaiveTime::MIN).and_utc())),
        Err(_) => Time::parse(text),
    }
}

/// A time, or where a day is over.
fn end(text: &str) -> Option<Time> {
    match text.parse::<NaiveDate>() {
        Ok(day) => Some(Time::from_utc(day.succ_opt()?.and_time(NaiveTime::MIN).and_utc())),
        Err(_) => Time::parse(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (Asked, bool) {
        let mut query = QueryString::of(&format!("/x?{text}").parse().unwrap()).unwrap();
        let asked = asked(&mut query);
        let is_good = query.done().is_ok();
        (asked, is_good)
    }

    #[test]
    fn operators_and_parameters_come_to_the_same() {
        let (typed, _) = of("q=x%20after:2026-01-01%20before:2026-02-01%20has:link%20-has:mention");
        let (sent, _) = of("q=x&date_from=2026-01-02&date_to=2026-01-31&has=link");
        assert_eq!((typed.from, typed.until), (sent.from, sent.until));
        assert_eq!((typed.has, sent.has), (vec![(Has::Link, true), (Has::Mention, false)], vec![(Has::Link, true)]));
        assert_ne!(of("q=x&sort=recent").0.text, of("q=x").0.text);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for good in
            ["q=x", "q=!!!", "q=in:%22a%20b%22", "q=x&has=link,mention&sort=recent", "q=after:2026-01-01T00:00:00Z"]
        {
            assert!(of(good).1, "{good}");
        }
        for bad in ["", "q=", "q=has:wings", "q=before:soon", "q=-after:2026-01-01", "q=x&has=", "q=x&sort=best"] {
            assert!(!of(bad).1, "{bad}");
        }
        for bad in ["date_from=x", "date_to=2026-02-30", "conversation_id=x", "sender_id=1"] {
            assert!(!of(&format!("q=x&{bad}")).1, "{bad}");
        }
        assert!(of(&format!("q={}", "x".repeat(512))).1 && !of(&format!("q={}", "x".repeat(513))).1);
    }
}
