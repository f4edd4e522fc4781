//! What people do with stories and with whom they tie themselves to, in names that hold for any run.

use super::act::NOBODY;
use super::model::Model;
use super::system::Ask;
use serde_json::{Value, json};

/// A story that does not exist.
const NO_STORY: &str = "00000000-0000-7000-8000-00000000face";

/// Who may see a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    Public,
    Followers,
    CloseFriends,
}

impl Tier {
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Followers => "followers",
            Self::CloseFriends => "close_friends",
        }
    }
}

/// A wrong request about a story.
#[derive(Clone, Copy, Debug)]
pub enum WrongStory {
    EmptyText,
    LongText,
    LongCaption,
    OddTier,
    UnknownField,
    NoJson,
    NoMediaType,
    /// These go to a story.
    OddNewTier,
    LongLook,
    BackwardsLook,
}

/// What somebody wants; stories by the number of their posting.
#[derive(Clone, Debug)]
pub enum Deed {
    Post {
        story: usize,
        text: String,
        caption: Option<String>,
        tier: Tier,
    },
    See {
        story: usize,
        duration_ms: Option<u64>,
    },
    Withdraw {
        story: usize,
    },
    Retier {
        story: usize,
        tier: Tier,
    },
    Follow {
        whom: usize,
    },
    Unfollow {
        whom: usize,
    },
    /// On the list of `of`, which should be one's own.
    Befriend {
        of: usize,
        whom: usize,
    },
    Unfriend {
        of: usize,
        whom: usize,
    },
    Wrong {
        story: usize,
        wrong: WrongStory,
    },
}

impl Deed {
    /// The command's name, where a key is honoured.
    pub fn command(&self) -> &'static str {
        match self {
            Self::Post { .. } => "PostStory",
            Self::See { .. } => "ViewStory",
            Self::Befriend { .. } => "AddCloseFriend",
            Self::Withdraw { .. }
            | Self::Retier { .. }
            | Self::Follow { .. }
            | Self::Unfollow { .. }
            | Self::Unfriend { .. }
            | Self::Wrong { .. } => "",
        }
    }

    pub fn ask(&self, model: &Model) -> Ask {
        let account = |whom: &usize| model.people.get(*whom).map_or(NOBODY, |person| &person.id);
        let story_path = |number: &usize, rest: &str| {
            let id = model.circle.stories.get(number).map_or(NO_STORY, |story| &story.id);
            format!("/v1/stories/{id}{rest}")
        };
        let follow_path = |whom: &usize| format!("/v1/accounts/{}/follow", account(whom));
        let friend_path =
            |of: &usize, whom: &usize| format!("/v1/accounts/{}/close-friends/{}", account(of), account(whom));
        match self {
            Self::Post { text, caption, tier, .. } => {
                let mut body = json!({"text": text, "privacy": tier.name()});
                if let Some(caption) = caption {
                    body["caption"] = json!(caption);
                }
                Ask::of("POST", "/v1/stories").json(&body)
            }
            Self::See { story, duration_ms: None } => Ask::of("POST", story_path(story, "/views")),
            Self::See { story, duration_ms: Some(duration) } => {
                Ask::of("POST", story_path(story, "/views")).json(&json!({"duration_ms": duration}))
            }
            Self::Withdraw { story } => Ask::of("DELETE", story_path(story, "")),
            Self::Retier { story, tier } => {
                Ask::of("PUT", story_path(story, "/privacy")).json(&json!({"privacy": tier.name()}))
            }
            Self::Follow { whom } => Ask::of("PUT", follow_path(whom)),
            Self::Unfollow { whom } => Ask::of("DELETE", follow_path(whom)),
            Self::Befriend { of, whom } => Ask::of("POST", friend_path(of, whom)),
            Self::Unfriend { of, whom } => Ask::of("DELETE", friend_path(of, whom)),
            Self::Wrong { story, wrong } => wrong.ask(&story_path(story, "")),
        }
    }
}

impl WrongStory {
    fn ask(self, story: &str) -> Ask {
        let post = |body: Value| Ask::of("POST", "/v1/stories").json(&body);
        let look = |body: Value| Ask::of("POST", format!("{story}/views")).json(&body);
        let right = json!({"text": "well", "privacy": "public"});
        match self {
            Self::EmptyText => post(json!({"text": "", "privacy": "public"})),
            Self::LongText => post(json!({"text": "ö".repeat(10_001), "privacy": "public"})),
            Self::LongCaption => post(json!({"text": "a", "caption": "ö".repeat(501), "privacy": "public"})),
            Self::OddTier => post(json!({"text": "a", "privacy": "friends"})),
            Self::UnknownField => post(json!({"text": "a", "privacy": "public", "colour": "red"})),
            Self::NoJson => Ask { body: Some(b"{\"text\": ".to_vec()), ..post(right) },
            Self::NoMediaType => Ask { headers: Vec::new(), ..post(right) },
            Self::OddNewTier => Ask::of("PUT", format!("{story}/privacy")).json(&json!({"privacy": "me"})),
            Self::LongLook => look(json!({"duration_ms": 86_400_001})),
            Self::BackwardsLook => look(json!({"duration_ms": -1})),
        }
    }

    /// Whether it goes to a story, so that it matters whether there is one.
    pub fn is_about_a_story(self) -> bool {
        match self {
            Self::OddNewTier | Self::LongLook | Self::BackwardsLook => true,
            Self::EmptyText
            | Self::LongText
            | Self::LongCaption
            | Self::OddTier
            | Self::UnknownField
            | Self::NoJson
            | Self::NoMediaType => false,
        }
    }

    /// Status, code and, for a validation, the pointer.
    pub fn answer(self) -> (u16, &'static str, Option<&'static str>) {
        let invalid = |pointer| (422, "VALIDATION_FAILED", Some(pointer));
        match self {
            Self::EmptyText | Self::LongText => invalid("/text"),
            Self::LongCaption => invalid("/caption"),
            Self::OddTier | Self::OddNewTier => invalid("/privacy"),
            Self::UnknownField => invalid("/colour"),
            Self::LongLook | Self::BackwardsLook => invalid("/duration_ms"),
            Self::NoJson => (400, "MALFORMED_JSON", None),
            Self::NoMediaType => (415, "UNSUPPORTED_MEDIA_TYPE", None),
        }
    }
}
