//! What tests look for in answers.

use serde_json::Value;

/// The texts of messages, in their order; none for a message without a text.
pub fn texts(messages: &[Value]) -> Vec<Option<&str>> {
    messages.iter().map(|message| message["text"].as_str()).collect()
}

/// One field of every item.
pub fn every<'a>(items: &'a [Value], field: &str) -> Vec<&'a Value> {
    items.iter().map(|item| &item[field]).collect()
}

/// The item with this id.
#[track_caller]
pub fn with_id<'a>(items: &'a [Value], id: &str) -> &'a Value {
    let found = items.iter().find(|item| item["id"] == id);
    found.unwrap_or_else(|| panic!("no {id} in {}", Value::from(items.to_vec())))
}

/// Fails unless the items' sequence numbers are 1, 2, 3, … without a gap.
#[track_caller]
pub fn assert_gapless(messages: &[Value]) {
    for (index, message) in messages.iter().enumerate() {
        assert_eq!(message["seq"], index + 1, "a gap or a repeat: {message}");
    }
}

/// Fails unless the text is RFC 3339 in UTC with milliseconds and `Z`.
#[track_caller]
pub fn assert_time(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("no time: {value}"));
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z", "{text}");
}
