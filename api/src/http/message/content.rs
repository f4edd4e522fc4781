//! What a message says, as bodies bring it: a text, or ciphertext with what belongs to it.

use crate::problem::{Code, Problem};
use crate::wire::opaque::decode;
use bytes::Bytes;
use domain::ids::{AccountId, DeviceKeyId};
use domain::limits::MENTIONS_PER_MESSAGE_MAX;
use domain::message::values::{Ciphertext, MessageContent};
use domain::values::{Invalid, MessageText};
use uuid::Uuid;

/// The fields of a body that say something.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    /// A text.
    pub text: Option<&'a str>,
    /// Or this, in base64, and what follows.
    pub ciphertext: Option<&'a str>,
    /// In base64.
    pub nonce: Option<&'a str>,
    /// A name.
    pub scheme: Option<&'a str>,
    /// A key's id.
    pub sender_key_id: Option<&'a str>,
    /// In a form of the clients' own.
    pub recipients: Option<&'a str>,
    /// Accounts.
    pub mentions: Option<&'a [String]>,
}

/// What they say, and whom they mention.
///
/// # Errors
/// Names every field that is missing, not valid, or does not belong to the others.
pub fn parse(fields: Fields<'_>) -> Result<(MessageContent, Vec<AccountId>), Problem> {
    if fields.is_ciphertext() { fields.ciphertext() } else { fields.text().map(|text| (text.into(), Vec::new())) }
}

impl Fields<'_> {
    fn is_ciphertext(&self) -> bool {
        self.of_ciphertext().iter().any(|(_, is_there)| *is_there)
    }

    fn of_ciphertext(&self) -> [(&'static str, bool); 6] {
        [
            ("ciphertext", self.ciphertext.is_some()),
            ("nonce", self.nonce.is_some()),
            ("scheme", self.scheme.is_some()),
            ("sender_key_id", self.sender_key_id.is_some()),
            ("recipients", self.recipients.is_some()),
            ("mentions", self.mentions.is_some()),
        ]
    }

    fn text(&self) -> Result<MessageText, Problem> {
        let text = self.text.ok_or_else(|| Problem::field("/text", "REQUIRED", "is missing"))?;
        MessageText::parse(text).map_err(|invalid| Problem::invalid("/text", invalid))
    }

    fn ciphertext(&self) -> Result<(MessageContent, Vec<AccountId>), Problem> {
        let mut wrong = Wrong::default();
        if self.text.is_some() {
            wrong.add(
                "/text",
                Invalid { code: "NOT_WITH_CIPHERTEXT", detail: "must not stand beside ciphertext".into() },
            );
        }
        let bytes = wrong.bytes("/ciphertext", self.ciphertext);
        let nonce = wrong.bytes("/nonce", self.nonce);
        let scheme = wrong.required("/scheme", self.scheme);
        let sender_key = wrong.required("/sender_key_id", self.sender_key_id).parse().unwrap_or_else(|_| {
            if self.sender_key_id.is_some() {
                wrong.add("/sender_key_id", Invalid::format("must be the id of a key"));
            }
            DeviceKeyId::new(Uuid::nil())
        });
        let mentions = self.mentioned(&mut wrong);
        let parsed = Ciphertext::parse(bytes, nonce, scheme, sender_key, self.recipients);
        match (parsed, wrong.0) {
            (Ok(ciphertext), None) => Ok((MessageContent::Ciphertext(ciphertext), mentions)),
            (Ok(_), Some(problem)) => Err(problem),
            (Err(limits), problem) => {
                let mut wrong = Wrong(problem);
                for (field, invalid) in limits {
                    wrong.add(&format!("/{field}"), invalid);
                }
                Err(wrong.0.unwrap_or_else(|| Problem::new(Code::ValidationFailed)))
            }
        }
    }

    fn mentioned(&self, wrong: &mut Wrong) -> Vec<AccountId> {
        let mentions = self.mentions.unwrap_or_default();
        if mentions.len() > MENTIONS_PER_MESSAGE_MAX {
            let detail = format!("must mention at most {MENTIONS_PER_MESSAGE_MAX}");
            wrong.add("/mentions", Invalid { code: "TOO_MANY", detail });
            return Vec::new();
        }
        let mut accounts = Vec::with_capacity(mentions.len());
        for (index, text) in mentions.iter().enumerate() {
            match text.parse() {
                Ok(account) => accounts.push(account),
                Err(_) => wrong.add(&format!("/mentions/{index}"), Invalid::format("must be the id of an account")),
            }
        }
        accounts
    }
}

/// What is wrong so far, each field once.
#[derive(Default)]
struct Wrong(Option<Problem>);

impl Wrong {
    fn add(&mut self, pointer: &str, invalid: Invalid) {
        let problem = self.0.take().unwrap_or_else(|| Problem::new(Code::ValidationFailed));
        let is_known = problem.errors().iter().any(|error| error.pointer == pointer);
        self.0 = Some(if is_known { problem } else { problem.and_field(pointer, invalid.code, invalid.detail) });
    }

    fn required<'a>(&mut self, pointer: &str, field: Option<&'a str>) -> &'a str {
        if field.is_none() {
            self.add(pointer, Invalid { code: "REQUIRED", detail: "is missing".into() });
        }
        field.unwrap_or_default()
    }

    fn bytes(&mut self, pointer: &str, field: Option<&str>) -> Bytes {
        let text = self.required(pointer, field);
        decode(text).unwrap_or_else(|invalid| {
            self.add(pointer, invalid);
            Bytes::new()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: Fields<'_> = Fields {
        text: None,
        ciphertext: None,
        nonce: None,
        scheme: None,
        sender_key_id: None,
        recipients: None,
        mentions: None,
    };
    const KEY: &str = "00000000-0000-7000-8000-000000000001";

    fn wrong(fields: Fields<'_>) -> Vec<(String, String)> {
        let problem = parse(fields).map(drop).unwrap_err();
        problem.errors().iter().map(|error| (error.pointer.clone(), error.code.to_string())).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned())).collect()
    }

    #[test]
    fn a_text_or_all_of_ciphertext() {
        assert!(matches!(parse(Fields { text: Some("hi"), ..EMPTY }), Ok((MessageContent::Text(_), _))));
        let (nonce, scheme, sender_key_id) = (Some("AAAA"), Some("mls"), Some(KEY));
        let whole = Fields { ciphertext: Some("AQID"), nonce, scheme, sender_key_id, ..EMPTY };
        assert!(matches!(parse(whole), Ok((MessageContent::Ciphertext(_), _))));
        assert_eq!(wrong(Fields { text: Some("hi"), ..whole }), pairs(&[("/text", "NOT_WITH_CIPHERTEXT")]));
        assert_eq!(wrong(EMPTY), pairs(&[("/text", "REQUIRED")]));
        let some = Fields { ciphertext: Some("!"), ..EMPTY };
        let missing = [("/ciphertext", "BAD_FORMAT"), ("/nonce", "REQUIRED"), ("/scheme", "REQUIRED")];
        assert_eq!(wrong(some), pairs(&[&missing[..], &[("/sender_key_id", "REQUIRED")]].concat()));
        let bad = Fields { scheme: Some(""), sender_key_id: Some("x"), ..whole };
        assert_eq!(wrong(bad), pairs(&[("/sender_key_id", "BAD_FORMAT"), ("/scheme", "TOO_SHORT")]));
    }

    #[test]
    fn mentions_are_accounts_and_bounded() {
        let whole = Fields {
            ciphertext: Some("AQID"),
            nonce: Some("AAAA"),
            scheme: Some("mls"),
            sender_key_id: Some(KEY),
            ..EMPTY
        };
        let some = [KEY.to_owned(), "x".to_owned()];
        assert_eq!(wrong(Fields { mentions: Some(&some), ..whole }), pairs(&[("/mentions/1", "BAD_FORMAT")]));
        let many = vec![KEY.to_owned(); MENTIONS_PER_MESSAGE_MAX + 1];
        assert_eq!(wrong(Fields { mentions: Some(&many), ..whole }), pairs(&[("/mentions", "TOO_MANY")]));
    }
}
