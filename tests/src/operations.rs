//! Every operation of the served OpenAPI document, so that tests reach routes that they have never heard of.

use crate::http::Http;
use serde_json::Value;

/// Routes that anybody may use.
pub const OPEN: &[(&str, &str)] = &[
    ("POST", "/v1/accounts"),
    ("POST", "/v1/sessions"),
    ("POST", "/v1/sessions/refresh"),
    ("GET", "/v1/feed"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/docs/style.css"),
    ("GET", "/problems/{code}"),
];

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Such as `POST`.
    pub method: String,
    /// With its parameters in braces.
    pub template: String,
    /// Its name.
    pub id: String,
    /// An example of its body; none when it has none.
    pub body: Option<Value>,
    /// All that the document says of it.
    pub json: Value,
}

impl Operation {
    /// Whether it needs no token.
    pub fn is_open(&self) -> bool {
        OPEN.contains(&(self.method.as_str(), self.template.as_str()))
    }

    /// Whether it changes something: what only tells of the server itself stands at no place in the log.
    pub fn is_command(&self) -> bool {
        let answers = self.json["responses"].as_object().expect("answers");
        self.method != "GET" && answers.values().any(|answer| !answer["headers"]["Tidings-Position"].is_null())
    }

    /// The path with every parameter replaced by what `value` says for its name.
    pub fn path(&self, value: impl Fn(&str) -> String) -> String {
        let mut path = String::new();
        let mut rest = self.template.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').expect("a closed brace");
            path.push_str(before);
            path.push_str(&value(name));
            rest = after;
        }
        path + rest
    }

    /// The names of its path's parameters.
    pub fn parameters(&self) -> Vec<String> {
        self.template
            .split('{')
            .skip(1)
            .filter_map(|part| part.split_once('}'))
            .map(|(name, _)| name.to_owned())
            .collect()
    }
}

/// All of them.
pub async fn operations(http: &Http) -> Vec<Operation> {
    let document = http.ask("GET", "/openapi.json").send().await.ok(200);
    let mut found = Vec::new();
    for (template, methods) in document["paths"].as_object().expect("paths") {
        for (method, json) in methods.as_object().expect("methods") {
            let schema = &json["requestBody"]["content"]["application/json"]["schema"];
            found.push(Operation {
                method: method.to_uppercase(),
                template: template.clone(),
                id: json["operationId"].as_str().unwrap_or_default().to_owned(),
                body: (!schema.is_null()).then(|| example(&document, schema)),
                json: json.clone(),
            });
        }
    }
    assert!(found.len() >= 25, "only {} operations", found.len());
    found
}

/// A value that a schema describes: its example, or something of its type.
fn example(document: &Value, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().expect("a name");
        return example(document, &document["components"]["schemas"][name]);
    }
    if !schema["example"].is_null() {
        return schema["example"].clone();
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        if let Some(first) = schema[choice].get(0) {
            return example(document, first);
        }
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("object");
    match kind {
        "string" if schema["format"] == "uuid" => "00000000-0000-7000-8000-000000000000".into(),
        "string" => "example".into(),
        "integer" | "number" => 1.into(),
        "boolean" => true.into(),
        "array" => Value::Array(Vec::new()),
        _ => {
            let properties = schema["properties"].as_object().cloned().unwrap_or_default();
            properties.iter().map(|(name, schema)| (name.clone(), example(document, schema))).collect()
        }
    }
}
