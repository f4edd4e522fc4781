//! Every problem that an answer can carry: the one table of codes, and the document of RFC 9457 that shows one.
//!
//! A handler returns a [`Problem`]; the outermost layer ([`crate::http::edge`]) adds the request's id and renders it.
//! A code never changes its meaning. Each has a page under `docs/problems`, served at `/problems/<CODE>`.

pub mod refusal;

use axum::response::{IntoResponse, Response};
use domain::ids::Position;
use domain::values::Invalid;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use std::borrow::Cow;

macro_rules! codes {
    ($($name:ident = $text:literal, $status:literal, $title:literal;)*) => {
        /// What is wrong, stably. Documented on its page.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each has a title and a page")]
        pub enum Code { $($name,)* }

        impl Code {
            /// Every code.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// As it stands in documents and addresses.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }

            /// The HTTP status that it comes with.
            pub const fn status(self) -> u16 {
                match self { $(Code::$name => $status,)* }
            }

            /// A few words for a person.
            pub const fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }

            /// Its page, in Markdown.
            pub const fn page(self) -> &'static str {
                match self { $(Code::$name => include_str!(concat!("../../docs/problems/", $text, ".md")),)* }
            }

            /// The reverse of [`Code::as_str`].
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Code::$name),)* _ => None }
            }
        }
    };
}

codes! {
    BadCursor = "BAD_CURSOR", 400, "The cursor is not one of this list";
    BadHeader = "BAD_HEADER", 400, "A header has no valid value";
    BlockLimitReached = "BLOCK_LIMIT_REACHED", 409, "The account blocks too many";
    CiphertextRequired = "CIPHERTEXT_REQUIRED", 409, "The conversation takes ciphertext only";
    CloseFriendsFull = "CLOSE_FRIENDS_FULL", 409, "The list of close friends is full";
    Contended = "CONTENDED", 503, "Too many changes at once";
    ConversationClosed = "CONVERSATION_CLOSED", 409, "The conversation is closed";
    ConversationLimitReached = "CONVERSATION_LIMIT_REACHED", 409, "Somebody is in too many conversations";
    DeviceKeyLimitReached = "DEVICE_KEY_LIMIT_REACHED", 409, "The account has too many devices with a key";
    DirectMembersFixed = "DIRECT_MEMBERS_FIXED", 409, "The members of a direct conversation do not change";
    EditWindowClosed = "EDIT_WINDOW_CLOSED", 409, "The time for changing the message is over";
    EmojiLimitReached = "EMOJI_LIMIT_REACHED", 409, "Too many different emoji on the message";
    ErasureBegun = "ERASURE_BEGUN", 409, "The account's erasure has begun";
    ErasureNotDue = "ERASURE_NOT_DUE", 409, "The erasure is not due";
    FeedTooFar = "FEED_TOO_FAR", 409, "Too much was missed";
    FollowLimitReached = "FOLLOW_LIMIT_REACHED", 409, "The account follows too many";
    GroupFull = "GROUP_FULL", 409, "The group is full";
    GroupOnly = "GROUP_ONLY", 409, "Only groups can do this";
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED", 422, "The idempotency key belongs to another request";
    Internal = "INTERNAL", 500, "Something went wrong here";
    InvalidCredentials = "INVALID_CREDENTIALS", 401, "User name or password is wrong";
    InvalidRefreshToken = "INVALID_REFRESH_TOKEN", 401, "The refresh token does not work";
    LastAdmin = "LAST_ADMIN", 409, "Nobody else is an administrator";
    LogChanged = "LOG_CHANGED", 409, "The position belongs to another log";
    LogFull = "LOG_FULL", 503, "The server has no space left";
    MalformedJson = "MALFORMED_JSON", 400, "The body is not JSON";
    MessageDeleted = "MESSAGE_DELETED", 409, "The message was deleted";
    MessagesNotDue = "MESSAGES_NOT_DUE", 409, "The messages are not over their time";
    MessagingNotAllowed = "MESSAGING_NOT_ALLOWED", 403, "The two do not message each other";
    MethodNotAllowed = "METHOD_NOT_ALLOWED", 405, "The address does not know this method";
    NotFound = "NOT_FOUND", 404, "Not found";
    NotPermitted = "NOT_PERMITTED", 403, "Not permitted";
    Overloaded = "OVERLOADED", 503, "Too much to do";
    OwnerMustHandOver = "OWNER_MUST_HAND_OVER", 409, "The last owner must hand over first";
    PinLimitReached = "PIN_LIMIT_REACHED", 409, "The conversation has too many pins";
    PreconditionFailed = "PRECONDITION_FAILED", 412, "It has changed meanwhile";
    PrivacyChangeLimitReached = "PRIVACY_CHANGE_LIMIT_REACHED", 409, "The story's privacy was changed too often";
    PrivacyModeDiffers = "PRIVACY_MODE_DIFFERS", 409, "The conversation exists in another privacy mode";
    ProjectionBehind = "PROJECTION_BEHIND", 503, "The answer is not up to date yet";
    RateLimited = "RATE_LIMITED", 429, "Too many requests";
    ReasonRequired = "REASON_REQUIRED", 422, "A reason is needed";
    RequestTimeout = "REQUEST_TIMEOUT", 408, "The request took too long to arrive";
    RoleRequired = "ROLE_REQUIRED", 403, "Another role is needed";
    StoryListFull = "STORY_LIST_FULL", 409, "The list of accounts is full";
    StoryNotDue = "STORY_NOT_DUE", 409, "The story's time is not over";
    TextRequired = "TEXT_REQUIRED", 409, "The conversation takes texts only";
    TooLarge = "TOO_LARGE", 413, "The body is too large";
    Unauthenticated = "UNAUTHENTICATED", 401, "A valid access token is needed";
    Unavailable = "UNAVAILABLE", 503, "Not available at the moment";
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE", 415, "The body must be JSON";
    UsernameTaken = "USERNAME_TAKEN", 409, "The user name is taken";
    ValidationFailed = "VALIDATION_FAILED", 422, "Some fields are not valid";
    WrongPassword = "WRONG_PASSWORD", 403, "The current password is another one";
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// A JSON pointer into the body; for a query parameter, `/` and its name.
    pub pointer: String,
    /// Stable: `REQUIRED`, `UNKNOWN_FIELD`, `WRONG_TYPE`, `TOO_SHORT`, `TOO_LONG`, `BAD_FORMAT`, `RESERVED` …
    pub code: Cow<'static, str>,
    /// A sentence for a person.
    pub detail: Cow<'static, str>,
}

#[derive(Clone, Debug)]
struct Inner {
    code: Code,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
    position: Option<Position>,
}

/// A problem on its way to the client.
#[derive(Clone, Debug)]
pub struct Problem(Box<Inner>);

/// The document that the client gets.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct Document<'a> {
    /// The address of the page that explains the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// A few words for a person; the same for every problem of the code.
    pub title: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong this time.
    pub detail: &'a str,
    /// Stable, for programs.
    pub code: &'a str,
    /// The request's id, as in the header `X-Request-Id`.
    pub request_id: &'a str,
    /// The fields that are not valid.
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    pub errors: &'a [FieldError],
}

impl Problem {
    /// A problem with the code's title as its detail.
    pub fn new(code: Code) -> Self {
        let detail = Cow::Borrowed(code.title());
        Self(Box::new(Inner { code, detail, errors: Vec::new(), headers: Vec::new(), position: None }))
    }

    /// A validation problem of one field.
    pub fn field(
        pointer: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(Code::ValidationFailed).and_field(pointer, code, detail)
    }

    /// A validation problem of a text that did not parse.
    pub fn invalid(pointer: impl Into<String>, invalid: Invalid) -> Self {
        Self::field(pointer, invalid.code, invalid.detail)
    }

    /// An unexpected failure. The cause is logged here, once; the client learns nothing of it.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::new(Code::Internal)
    }

    /// Says what is wrong this time.
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// Names one more field.
    pub fn and_field(
        mut self,
        pointer: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.0.errors.push(FieldError { pointer: pointer.into(), code: code.into(), detail: detail.into() });
        self
    }

    /// Says on which head of the log it was decided.
    pub fn at(mut self, position: Position) -> Self {
        self.0.position = Some(position);
        self
    }

    /// Sends a header with it.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Says after how many seconds it is worth trying again.
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header(http::header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Its fields.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Headers that go with it.
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.0.headers
    }

    /// The head of the log that it was decided on; none when it was refused before.
    pub fn position(&self) -> Option<Position> {
        self.0.position
    }

    /// The document of RFC 9457.
    pub fn document<'a>(&'a self, request_id: &'a str) -> Document<'a> {
        let code = self.0.code;
        Document {
            kind: format!("/problems/{}", code.as_str()),
            title: code.title(),
            status: code.status(),
            detail: &self.0.detail,
            code: code.as_str(),
            request_id,
            errors: &self.0.errors,
        }
    }
}

impl IntoResponse for Problem {
    /// Only the status and the problem itself: the outermost layer renders it.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_that_starts_with_it() {
        for code in Code::ALL {
            assert!(code.page().starts_with(&format!("# {}\n", code.as_str())), "{}", code.as_str());
            assert_eq!(Code::parse(code.as_str()), Some(*code));
        }
    }

    #[test]
    fn no_page_is_left_without_its_code() {
        let pages = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/problems")).unwrap();
        for page in pages {
            let name = page.unwrap().file_name().into_string().unwrap();
            let code = name.strip_suffix(".md").expect("a Markdown file");
            assert!(Code::parse(code).is_some(), "{name} has no code");
        }
    }

    #[test]
    fn a_document_names_the_fields() {
        let problem = Problem::field("/text", "TOO_LONG", "must have at most 3 characters");
        let document = serde_json::to_value(problem.document("r-1")).unwrap();
        assert_eq!(document["type"], "/problems/VALIDATION_FAILED");
        assert_eq!((document["status"].as_u64(), document["request_id"].as_str()), (Some(422), Some("r-1")));
        assert_eq!(document["errors"][0]["pointer"], "/text");
    }
}
