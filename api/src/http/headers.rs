//! Headers of this interface: idempotency keys, positions, entity tags.

use crate::problem::{Code, Problem};
use domain::ids::{LogId, Position};
use domain::limits::{IDEMPOTENCY_KEY_MAX_BYTES, WAIT_DEFAULT_MILLISECONDS, WAIT_MAX_MILLISECONDS};
use domain::values::Reason;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use std::time::Duration;

/// Makes a repeat of a command the same command.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that the answer is that of an earlier request.
pub const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Where in the log an answer stands.
pub const TIDINGS_POSITION: HeaderName = HeaderName::from_static("tidings-position");
/// Which log that is.
pub const TIDINGS_LOG: HeaderName = HeaderName::from_static("tidings-log");
/// What a query must know of.
pub const TIDINGS_MIN_POSITION: HeaderName = HeaderName::from_static("tidings-min-position");
/// Why somebody does what only their role allows.
pub const TIDINGS_REASON: HeaderName = HeaderName::from_static("tidings-reason");
/// How long it may wait for that.
pub const TIDINGS_WAIT_MS: HeaderName = HeaderName::from_static("tidings-wait-ms");

fn bad(name: &HeaderName, detail: &str) -> Problem {
    Problem::new(Code::BadHeader).detail(format!("{name}: {detail}"))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(bad(name, "must be sent once"));
    }
    value.to_str().map(Some).map_err(|_| bad(name, "must be visible ASCII"))
}

/// The idempotency key.
///
/// # Errors
/// [`Code::BadHeader`] when it is not 1 to 128 visible ASCII characters.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = text(headers, &IDEMPOTENCY_KEY)? else { return Ok(None) };
    check_idempotency_key(key).map_err(|detail| bad(&IDEMPOTENCY_KEY, detail))?;
    Ok(Some(key.to_owned()))
}

/// Whether a text can be an idempotency key.
///
/// # Errors
/// With what it must be.
pub fn check_idempotency_key(key: &str) -> Result<(), &'static str> {
    let good = (1..=IDEMPOTENCY_KEY_MAX_BYTES).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    if good { Ok(()) } else { Err("must be 1 to 128 visible ASCII characters") }
}

/// The reason for what only a role allows. Unlike other headers it may hold any characters, in UTF-8.
///
/// # Errors
/// [`Code::BadHeader`] when it is not 1 to 512 characters of UTF-8.
pub fn reason(headers: &HeaderMap) -> Result<Option<Reason>, Problem> {
    let mut values = headers.get_all(&TIDINGS_REASON).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(bad(&TIDINGS_REASON, "must be sent once"));
    }
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| bad(&TIDINGS_REASON, "must be UTF-8"))?;
    Reason::parse(text).map(Some).map_err(|_| bad(&TIDINGS_REASON, "must be 1 to 512 characters"))
}

/// What a query must know of before it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinPosition {
    /// The position.
    pub position: Position,
    /// How long to wait for it.
    pub wait: Duration,
}

/// The position that a query must know of, which must be one of this log.
///
/// # Errors
/// [`Code::BadHeader`], or [`Code::LogChanged`] for another log and for a position beyond its head.
pub fn min_position(headers: &HeaderMap, log: LogId, head: Position) -> Result<Option<MinPosition>, Problem> {
    let position = text(headers, &TIDINGS_MIN_POSITION)?
        .map(|text| text.parse::<Position>().map_err(|_| bad(&TIDINGS_MIN_POSITION, "must be a position")))
        .transpose()?;
    let wait = text(headers, &TIDINGS_WAIT_MS)?
        .map(|text| match text.parse::<u64>() {
            Ok(wait) if wait <= WAIT_MAX_MILLISECONDS => Ok(wait),
            _ => Err(bad(&TIDINGS_WAIT_MS, "must be from 0 to 5000")),
        })
        .transpose()?;
    let other_log = text(headers, &TIDINGS_LOG)?
        .map(|text| text.parse::<LogId>().map_err(|_| bad(&TIDINGS_LOG, "must be the id of a log")))
        .transpose()?
        .is_some_and(|sent| sent != log);
    if other_log || position.is_some_and(|position| position > head) {
        return Err(Problem::new(Code::LogChanged));
    }
    let Some(position) = position else { return Ok(None) };
    let wait = Duration::from_millis(wait.unwrap_or(WAIT_DEFAULT_MILLISECONDS));
    Ok(Some(MinPosition { position, wait }))
}

/// The entity tag of a resource whose stream has this newest revision.
pub fn etag(revision: Option<u64>) -> HeaderValue {
    let text = revision.map_or_else(|| "\"r-\"".to_owned(), |revision| format!("\"r{revision}\""));
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("\"r-\""))
}

/// What `If-Match` demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// Whatever is there.
    Any,
    /// One of these revisions; none stands for a stream without events.
    OneOf(Vec<Option<u64>>),
}

/// What `If-Match` demands, if it was sent.
///
/// # Errors
/// [`Code::BadHeader`] when it is not a list of entity tags.
pub fn if_match(headers: &HeaderMap) -> Result<Option<IfMatch>, Problem> {
    let Some(value) = text(headers, &header::IF_MATCH)? else { return Ok(None) };
    if value.trim() == "*" {
        return Ok(Some(IfMatch::Any));
    }
    let mut revisions = Vec::new();
    for tag in value.split(',').map(str::trim) {
        let quoted = tag.strip_prefix("W/").unwrap_or(tag);
        let opaque = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let opaque = opaque.ok_or_else(|| bad(&header::IF_MATCH, "must be an entity tag such as \"r17\""))?;
        // A tag that is none of ours, and a weak one, matches nothing.
        let revision = match opaque.strip_prefix('r') {
            _ if quoted.len() != tag.len() => continue,
            Some("-") => None,
            Some(digits) => match digits.parse() {
                Ok(revision) => Some(revision),
                Err(_) => continue,
            },
            None => continue,
        };
        revisions.push(revision);
    }
    Ok(Some(IfMatch::OneOf(revisions)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn an_idempotency_key_is_visible_ascii_of_at_most_128() {
        let key = |value: &str| idempotency_key(&headers(&[(IDEMPOTENCY_KEY, value)]));
        assert_eq!(key("a-1").unwrap().as_deref(), Some("a-1"));
        assert_eq!(idempotency_key(&HeaderMap::new()).unwrap(), None);
        for bad in ["", "a b", &"x".repeat(129)] {
            assert_eq!(key(bad).unwrap_err().code(), Code::BadHeader, "{bad:?}");
        }
    }

    #[test]
    fn a_reason_is_up_to_512_characters_of_any_kind() {
        let of = |bytes: &[u8]| {
            let value = HeaderValue::from_bytes(bytes).unwrap();
            reason(&HeaderMap::from_iter([(TIDINGS_REASON, value)]))
        };
        assert_eq!(reason(&HeaderMap::new()).unwrap(), None);
        let longest = "ü".repeat(512);
        for good in ["a complaint", &longest] {
            assert_eq!(of(good.as_bytes()).unwrap().unwrap().as_str(), good);
        }
        for bad in [b"".as_slice(), b"\xff", "ü".repeat(513).as_bytes()] {
            assert_eq!(of(bad).unwrap_err().code(), Code::BadHeader);
        }
    }

    #[test]
    fn a_position_must_be_one_of_this_log() {
        let (log, other) = (LogId::new(Uuid::from_u128(1)), LogId::new(Uuid::from_u128(2)).to_string());
        let ask = |pairs: &[(HeaderName, &str)]| min_position(&headers(pairs), log, Position(10));
        assert_eq!(ask(&[]).unwrap(), None);
        let asked = ask(&[(TIDINGS_MIN_POSITION, "10"), (TIDINGS_WAIT_MS, "7")]).unwrap().unwrap();
        assert_eq!((asked.position, asked.wait.as_millis()), (Position(10), 7));
        assert_eq!(ask(&[(TIDINGS_MIN_POSITION, "11")]).unwrap_err().code(), Code::LogChanged);
        let foreign = [(TIDINGS_MIN_POSITION, "1"), (TIDINGS_LOG, other.as_str())];
        assert_eq!(ask(&foreign).unwrap_err().code(), Code::LogChanged);
        for bad in [
            (TIDINGS_MIN_POSITION, "x"),
            (TIDINGS_MIN_POSITION, "-1"),
            (TIDINGS_WAIT_MS, "5001"),
            (TIDINGS_WAIT_MS, "1.5"),
            (TIDINGS_LOG, "x"),
        ] {
            assert_eq!(ask(std::slice::from_ref(&bad)).unwrap_err().code(), Code::BadHeader, "{bad:?}");
        }
    }

    #[test]
    fn entity_tags_are_read_back() {
        let demand = |value: &str| if_match(&headers(&[(header::IF_MATCH, value)]));
        let one = |revision| Some(IfMatch::OneOf(vec![revision]));
        assert_eq!(demand(etag(Some(17)).to_str().unwrap()).unwrap(), one(Some(17)));
        assert_eq!(demand(etag(None).to_str().unwrap()).unwrap(), one(None));
        assert_eq!(demand("*").unwrap(), Some(IfMatch::Any));
        assert_eq!(demand("\"other\", W/\"r1\", \"r2\"").unwrap(), one(Some(2)));
        assert_eq!(demand("r17").unwrap_err().code(), Code::BadHeader);
    }
}
