//! Readable pages, made of the OpenAPI document and of the pages of problems. No script, nothing from elsewhere.

use crate::openapi;
use crate::problem::Code;
use serde_json::Value;
use std::fmt::Write;

/// The pages' style.
pub const fn style_sheet() -> &'static str {
    include_str!("documentation/style.css")
}

/// The page of a problem's code.
pub fn problem_page(code: Code) -> String {
    frame(code.as_str(), &markdown(code.page()))
}

/// The page of the whole document.
pub fn page() -> String {
    let document = serde_json::to_value(openapi::document()).unwrap_or_default();
    let mut body = String::from("<h1>Tidings</h1>");
    put(&mut body, format_args!("<p>{}</p>", inline(text(&document["info"]["description"]))));
    body.push_str("<p>For programs: <a href=\"/openapi.json\">openapi.json</a>.</p><nav><ul>");
    for (method, path, operation) in operations(&document) {
        let id = escape(text(&operation["operationId"]));
        put(&mut body, format_args!("<li><a href=\"#{id}\">{id}</a> <code>{method} {}</code></li>", escape(path)));
    }
    body.push_str("</ul></nav>");
    for (method, path, operation) in operations(&document) {
        put_operation(&mut body, &method, path, operation);
    }
    body.push_str("<h2 id=\"schemas\">Shapes</h2>");
    for (name, schema) in members(&document["components"]["schemas"]) {
        put(&mut body, format_args!("<h3 id=\"shape-{0}\">{0}</h3>", escape(name)));
        put_properties(&mut body, schema);
    }
    frame("Tidings API", &body)
}

fn operations(document: &Value) -> impl Iterator<Item = (String, &str, &Value)> {
    members(&document["paths"]).flat_map(|(path, item)| {
        members(item).map(move |(method, operation)| (method.to_ascii_uppercase(), path, operation))
    })
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

fn put_operation(body: &mut String, method: &str, path: &str, operation: &Value) {
    let id = escape(text(&operation["operationId"]));
    put(body, format_args!("<section><h2 id=\"{id}\">{id}</h2>"));
    put(body, format_args!("<p class=\"route\"><code>{method} {}</code></p>", escape(path)));
    put(body, format_args!("<p>{}</p>", inline(text(&operation["summary"]))));
    if let Some(description) = operation["description"].as_str() {
        put(body, format_args!("<p>{}</p>", inline(description)));
    }
    let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    if !parameters.is_empty() {
        body.push_str("<table><tr><th>parameter</th><th>in</th><th>meaning</th></tr>");
        for parameter in parameters {
            let (name, place) = (escape(text(&parameter["name"])), escape(text(&parameter["in"])));
            let meaning = inline(text(&parameter["description"]));
            put(body, format_args!("<tr><td><code>{name}</code></td><td>{place}</td><td>{meaning}</td></tr>"));
        }
        body.push_str("</table>");
    }
    for (media_type, content) in members(&operation["requestBody"]["content"]) {
        put(body, format_args!("<p>Body, {}: {}</p>", escape(media_type), shape(&content["schema"])));
    }
    body.push_str("<table><tr><th>answer</th><th>meaning</th><th>body</th></tr>");
    for (status, response) in members(&operation["responses"]) {
        let shapes: Vec<String> = members(&response["content"]).map(|(_, content)| shape(&content["schema"])).collect();
        let (meaning, shapes) = (inline(text(&response["description"])), shapes.join(", "));
        put(body, format_args!("<tr><td>{}</td><td>{meaning}</td><td>{shapes}</td></tr>", escape(status)));
    }
    body.push_str("</table></section>");
}

fn put_properties(body: &mut String, schema: &Value) {
    let parts = schema["allOf"].as_array().map_or(std::slice::from_ref(schema), Vec::as_slice);
    body.push_str("<table><tr><th>field</th><th>type</th><th>meaning</th></tr>");
    for part in parts {
        if part["$ref"].is_string() {
            put(body, format_args!("<tr><td>…</td><td>{}</td><td>all of its fields</td></tr>", shape(part)));
        }
        let required = part["required"].as_array();
        for (name, property) in members(&part["properties"]) {
            let is_required = required.is_some_and(|all| all.iter().any(|each| each.as_str() == Some(name)));
            let mark = if is_required { "" } else { " <small>optional</small>" };
            let meaning = inline(text(&property["description"]));
            let (name, shape) = (escape(name), shape(property));
            put(body, format_args!("<tr><td><code>{name}</code>{mark}</td><td>{shape}</td><td>{meaning}</td></tr>"));
        }
    }
    body.push_str("</table>");
}

/// A few words for a schema.
fn shape(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return format!("<a href=\"#shape-{0}\">{0}</a>", escape(name));
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        return choices.iter().map(shape).collect::<Vec<_>>().join(" or ");
    }
    if schema["items"].is_object() {
        return format!("list of {}", shape(&schema["items"]));
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" or "),
        kind => text(kind).to_owned(),
    };
    let format = schema["format"].as_str().map(|format| format!(" ({format})")).unwrap_or_default();
    escape(&format!("{kinds}{format}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The little Markdown that pages of problems use: one heading a line, paragraphs, code.
fn markdown(source: &str) -> String {
    let mut body = String::new();
    for block in source.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
        match block.split_once(' ') {
            Some(("#", heading)) => put(&mut body, format_args!("<h1>{}</h1>", inline(heading))),
            Some(("##", heading)) => put(&mut body, format_args!("<h2>{}</h2>", inline(heading))),
            _ => put(&mut body, format_args!("<p>{}</p>", inline(block))),
        }
    }
    body
}

/// Text with `code` in it.
fn inline(source: &str) -> String {
    let parts = source.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 0 { escape(part) } else { format!("<code>{}</code>", escape(part)) }).collect()
}

fn escape(source: &str) -> String {
    source.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn put(body: &mut String, text: std::fmt::Arguments<'_>) {
    let written = body.write_fmt(text);
    debug_assert!(written.is_ok(), "a string takes everything");
}

fn frame(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title>\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <link rel=\"stylesheet\" href=\"/docs/style.css\"></head><body>{body}</body></html>\n",
        escape(title)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_texts_is_shown_and_not_obeyed() {
        assert_eq!(inline("a <b> `c<d` \"e\""), "a &lt;b&gt; <code>c&lt;d</code> &quot;e&quot;");
    }

    #[test]
    fn the_page_names_every_operation_and_loads_nothing_from_elsewhere() {
        let page = page();
        for route in crate::http::routes::routes() {
            assert!(page.contains(&format!("id=\"{}\"", route.name)), "{}", route.name);
        }
        assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"));
    }

    #[test]
    fn a_problem_has_a_readable_page() {
        let page = problem_page(Code::GroupFull);
        assert!(page.contains("<h1>GROUP_FULL</h1>") && page.contains("<h2>What to do</h2>"));
    }
}
