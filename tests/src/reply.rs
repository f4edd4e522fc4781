//! An answer, and what a test expects of one.

use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// What was asked, for messages.
    pub request: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body's text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The position that came with it.
    pub fn position(&self) -> Option<u64> {
        self.header("tidings-position").and_then(|text| text.parse().ok())
    }

    /// Whether it is the answer to a repeat.
    pub fn is_replay(&self) -> bool {
        self.header("idempotency-replayed") == Some("true")
    }

    /// Expects this status and gives the body.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.request, self.text());
        self.json()
    }

    /// Expects one of these statuses and gives the body.
    #[track_caller]
    pub fn any(&self, statuses: &[u16]) -> Value {
        assert!(statuses.contains(&self.status), "{}: {} {}", self.request, self.status, self.text());
        self.json()
    }

    /// Expects a problem in the documented shape and gives it.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.any_problem();
        let got = (self.status, problem["code"].as_str().unwrap_or_default());
        assert_eq!(got, (status, code), "{}: {}", self.request, self.text());
        problem
    }

    /// Expects a problem of any code in the documented shape and gives it.
    #[track_caller]
    pub fn any_problem(&self) -> Value {
        let context = format!("{} {}: {}", self.request, self.status, self.text());
        assert!(self.status >= 400, "no problem: {context}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{context}");
        let problem = self.json();
        let code = problem["code"].as_str().unwrap_or_else(|| panic!("no code: {context}"));
        assert!(code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'), "{context}");
        let kind = problem["type"].as_str().unwrap_or_default();
        assert!(kind.ends_with(&format!("/problems/{code}")), "{context}");
        assert_eq!(problem["status"], self.status, "{context}");
        for field in ["title", "detail", "request_id"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "no {field}: {context}");
        }
        assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"), "{context}");
        problem
    }

    /// Expects 422 with this pointer among its errors.
    #[track_caller]
    pub fn invalid(&self, pointer: &str) -> Value {
        let problem = self.problem(422, "VALIDATION_FAILED");
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        let error = errors.iter().find(|error| error["pointer"] == pointer);
        error.unwrap_or_else(|| panic!("{}: no error at {pointer}: {}", self.request, self.text())).clone()
    }
}
