//! Reading JSON bodies: each way in which one can be wrong has its own answer.

use crate::problem::{Code, Problem};
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_path_to_error::Segment;
use std::time::Duration;

/// Bytes of a command's body, at most. The longest text takes a third of it, escapes and all.
pub const BODY_MAX_BYTES: usize = 256 << 10;
/// Bytes of a body that is too large which are taken nevertheless, so that its sender gets to read the answer.
const DISCARDED_MAX_BYTES: usize = 8 << 20;
/// How long a body may take to arrive.
const ARRIVAL_LIMIT: Duration = Duration::from_secs(15);

/// Reads a body.
///
/// # Errors
/// When it is too large or does not arrive.
pub async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    read_up_to(BODY_MAX_BYTES, headers, body).await
}

/// Reads a body of at most so many bytes.
///
/// # Errors
/// When it is larger or does not arrive.
pub async fn read_up_to(max_bytes: usize, headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let asks_first = headers.contains_key(header::EXPECT);
    if announced.is_some_and(|length| length > DISCARDED_MAX_BYTES || (asks_first && length > max_bytes)) {
        return Err(too_large(max_bytes));
    }
    match tokio::time::timeout(ARRIVAL_LIMIT, collect(max_bytes, body)).await {
        Ok(read) => read,
        Err(_elapsed) => Err(Problem::new(Code::RequestTimeout)),
    }
}

/// Reads a body of JSON.
///
/// # Errors
/// When it is too large, does not arrive, or is no JSON of this shape.
pub async fn read_json<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Problem> {
    let body = read(headers, body).await?;
    check_media_type(headers)?;
    parse(&body)
}

fn too_large(max_bytes: usize) -> Problem {
    Problem::new(Code::TooLarge).detail(format!("the body must have at most {max_bytes} bytes"))
}

async fn collect(max_bytes: usize, mut body: Body) -> Result<Bytes, Problem> {
    let (mut whole, mut length) = (Bytes::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::new(Code::MalformedJson).detail("the body broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length > DISCARDED_MAX_BYTES {
            break;
        }
        whole = if length > max_bytes { Bytes::new() } else { joined(whole, data) };
    }
    if length > max_bytes { Err(too_large(max_bytes)) } else { Ok(whole) }
}

fn joined(first: Bytes, second: Bytes) -> Bytes {
    if first.is_empty() {
        return second;
    }
    let mut both = BytesMut::from(first);
    both.extend_from_slice(&second);
    both.freeze()
}

/// Checks that a body is announced as JSON.
///
/// # Errors
/// [`Code::UnsupportedMediaType`] when it is not.
pub fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Problem::new(Code::UnsupportedMediaType))
    }
}

/// Parses a JSON object.
///
/// # Errors
/// [`Code::MalformedJson`] when it is not JSON, [`Code::ValidationFailed`] with a pointer when it is other JSON.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // A list would be taken for the fields in their order.
    let is_object = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    if is_object && let Ok(parsed) = serde_json::from_slice(body) {
        return Ok(parsed);
    }
    Err(explain::<T>(body))
}

/// Reads again, slowly, to say what is wrong.
fn explain<T: DeserializeOwned>(body: &[u8]) -> Problem {
    let malformed = |detail: String| Problem::new(Code::MalformedJson).detail(detail);
    if body.is_empty() {
        return malformed("the body is empty".into());
    }
    if std::str::from_utf8(body).is_err() {
        return malformed("the body is not UTF-8".into());
    }
    if let Err(fault) = serde_json::from_slice::<serde_json::Value>(body) {
        return malformed(format!("not JSON: {fault}"));
    }
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Problem::field("", "WRONG_TYPE", "must be an object");
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Ok(_) => malformed("something follows the object".into()),
        Err(fault) if fault.inner().classify() == Category::Data => describe(&fault),
        Err(fault) => malformed(format!("not JSON: {}", fault.inner())),
    }
}

/// For a field that may be null and may be missing: `#[serde(default, deserialize_with = "sent")]` on an
/// `Option<Option<T>>` tells the two apart.
///
/// # Errors
/// What `T` refuses.
pub fn sent<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// For a field that may be null and may not be missing: `#[serde(deserialize_with = "nullable")]` on an `Option<T>`.
///
/// # Errors
/// What `T` refuses.
pub fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// Makes a value of the expected type.
///
/// # Errors
/// [`Code::ValidationFailed`] with a pointer.
pub fn from_value<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|fault| describe(&fault))
}

fn describe(fault: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let message = fault.inner().to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    let quoted = message.split('`').nth(1).unwrap_or_default().to_owned();
    let mut pointer = pointer(fault.path());
    let code = if message.starts_with("unknown field") {
        "UNKNOWN_FIELD"
    } else if message.starts_with("missing field") {
        "REQUIRED"
    } else if message.starts_with("duplicate field") {
        "DUPLICATE_FIELD"
    } else {
        return Problem::field(pointer, "WRONG_TYPE", message.to_owned());
    };
    let last = escape(&quoted);
    if !pointer.ends_with(&format!("/{last}")) {
        pointer.push('/');
        pointer.push_str(&last);
    }
    Problem::field(pointer, code, message.to_owned())
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        let text = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => escape(key),
            Segment::Enum { .. } | Segment::Unknown => continue,
        };
        pointer.push('/');
        pointer.push_str(&text);
    }
    pointer
}

/// RFC 6901, section 3.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        text: String,
        #[serde(default)]
        ids: Vec<String>,
    }

    fn refused(body: &[u8]) -> (Code, Vec<(String, String)>) {
        let problem = parse::<Sample>(body).map(|sample| format!("{sample:?}")).unwrap_err();
        let errors = problem.errors().iter().map(|error| (error.pointer.clone(), error.code.to_string()));
        (problem.code(), errors.collect())
    }

    #[test]
    fn what_is_not_json_is_malformed() {
        let cases: [&[u8]; 10] = [
            b"",
            b"{",
            b"{\"text\":}",
            b"\xff",
            b"{\"text\":\"\xff\"}",
            b"{\"text\":\"a\"} x",
            b"{\"text\":\"\\ud800\"}",
            b"{\"extra\":\"\\ud800\"}",
            b"{\"text\":5,",
            b"nothing",
        ];
        for body in cases {
            assert_eq!(refused(body).0, Code::MalformedJson, "{}", String::from_utf8_lossy(body));
        }
        let deep = format!("{{\"text\":{}", "[".repeat(100_000));
        assert_eq!(refused(deep.as_bytes()).0, Code::MalformedJson);
    }

    #[test]
    fn other_json_is_not_valid_by_pointer() {
        let cases = [
            ("[\"a\"]", "", "WRONG_TYPE"),
            ("null", "", "WRONG_TYPE"),
            ("{}", "/text", "REQUIRED"),
            ("{\"text\":5}", "/text", "WRONG_TYPE"),
            ("{\"text\":\"a\",\"extra\":1}", "/extra", "UNKNOWN_FIELD"),
            ("{\"text\":\"a\",\"a/b~\":1}", "/a~1b~0", "UNKNOWN_FIELD"),
            ("{\"text\":\"a\",\"text\":\"b\"}", "/text", "DUPLICATE_FIELD"),
            ("{\"text\":\"a\",\"ids\":[\"x\",7]}", "/ids/1", "WRONG_TYPE"),
        ];
        for (body, pointer, code) in cases {
            let expected = (Code::ValidationFailed, vec![(pointer.to_owned(), code.to_owned())]);
            assert_eq!(refused(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn a_good_body_is_parsed() {
        let sample: Sample = parse(b" {\"text\":\"a\",\"ids\":[\"x\"]} ").unwrap();
        assert_eq!((sample.text.as_str(), sample.ids.len()), ("a", 1));
    }

    #[test]
    fn only_json_is_a_media_type_of_a_body() {
        let check = |value: &str| {
            check_media_type(&HeaderMap::from_iter([(header::CONTENT_TYPE, value.parse().unwrap())])).is_ok()
        };
        assert!(check("application/json") && check("Application/JSON; charset=utf-8"));
        assert!(!check("text/plain") && !check("application/jsonp") && !check(""));
        assert!(check_media_type(&HeaderMap::new()).is_err());
    }

    #[tokio::test]
    async fn a_large_body_is_refused_whether_announced_or_not() {
        let large = vec![b' '; BODY_MAX_BYTES + 1];
        let refused = read(&HeaderMap::new(), Body::from(large)).await.unwrap_err();
        assert_eq!(refused.code(), Code::TooLarge);
        let announced = HeaderMap::from_iter([(header::CONTENT_LENGTH, "99999999".parse().unwrap())]);
        assert_eq!(read(&announced, Body::empty()).await.unwrap_err().code(), Code::TooLarge);
    }
}
