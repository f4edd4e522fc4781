//! Every route, every role, every relation to what it is about: what is asked for, and the table of what is answered.

use domain::account::values::Role;
use serde_json::{Value, json};
use tests::feed::Feed;
use tests::operations::Operation;
use tests::person::{PASSWORD, Person};
use tests::reply::Reply;
use tests::room::{Room, Said};
use tests::world::World;

/// The columns: who asks. The first has no token; the last four have a role of the deployment and no other relation.
pub const CALLERS: [&str; 10] =
    ["nobody", "stranger", "member", "author", "admin", "owner", "moderator", "analyst", "auditor", "operator"];

/// A row a route: what each caller is answered. The group's message and the story are the author's, and so is the session;
/// `{account_id}` is the member. Everybody sends the header `Tidings-Reason`. A feed is asked for without an upgrade, a
/// refresh with a token that is none, a password with a wrong current one: who comes that far was let in.
const TABLE: &str = "
                                                    nobody stranger member author admin owner moderator analyst auditor operator
GET    /docs                                           200      200    200    200   200   200       200     200     200      200
GET    /docs/style.css                                 200      200    200    200   200   200       200     200     200      200
GET    /healthz                                        200      200    200    200   200   200       200     200     200      200
GET    /metrics                                        200      200    200    200   200   200       200     200     200      200
GET    /openapi.json                                   200      200    200    200   200   200       200     200     200      200
GET    /problems/{code}                                200      200    200    200   200   200       200     200     200      200
GET    /readyz                                         200      200    200    200   200   200       200     200     200      200
GET    /v1/accounts                                    401      200    200    200   200   200       200     200     200      200
POST   /v1/accounts                                    201      201    201    201   201   201       201     201     201      201
GET    /v1/accounts/{id}                               401      200    200    200   200   200       200     200     200      200
PUT    /v1/accounts/{id}/block                         401      204    204    204   204   204       204     204     204      204
DELETE /v1/accounts/{id}/block                         401      204    204    204   204   204       204     204     204      204
PUT    /v1/accounts/{id}/story-hide                    401      204    204    204   204   204       204     204     204      204
DELETE /v1/accounts/{id}/story-hide                    401      204    204    204   204   204       204     204     204      204
PUT    /v1/accounts/{id}/story-mute                    401      204    204    204   204   204       204     204     204      204
DELETE /v1/accounts/{id}/story-mute                    401      204    204    204   204   204       204     204     204      204
GET    /v1/accounts/{id}/close-friends                 401      403    403    200   403   403       403     403     403      403
DELETE /v1/accounts/{id}/close-friends/{friend_id}     401      403    403    204   403   403       403     403     403      403
POST   /v1/accounts/{id}/close-friends/{friend_id}     401      403    403    204   403   403       403     403     403      403
DELETE /v1/accounts/{id}/follow                        401      204    204    204   204   204       204     204     204      204
PUT    /v1/accounts/{id}/follow                        401      204    204    204   204   204       204     204     204      204
GET    /v1/accounts/{id}/followers                     401      200    200    200   200   200       200     200     200      200
GET    /v1/accounts/{id}/following                     401      200    200    200   200   200       200     200     200      200
GET    /v1/accounts/{id}/keys                          401      200    200    200   200   200       200     200     200      200
GET    /v1/accounts/{id}/stories                       401      200    200    200   200   200       200     200     200      200
POST   /v1/admin/accounts/{id}/erasure                 401      403    403    403   403   403       403     403     403      202
PUT    /v1/admin/accounts/{id}/role                    401      403    403    403   403   403       403     403     403      204
GET    /v1/admin/jobs/{id}                             401      403    403    403   403   403       403     403     403      404
POST   /v1/admin/projections/{name}/rebuild            401      403    403    403   403   403       403     403     403      202
GET    /v1/conversations                               401      200    200    200   200   200       200     200     200      200
POST   /v1/conversations                               401      201    201    201   201   201       201     201     201      201
DELETE /v1/conversations/{id}                          401      404    403    403   403   204       404     404     404      404
GET    /v1/conversations/{id}                          401      404    200    200   200   200       404     404     404      404
PUT    /v1/conversations/{id}                          401      404    403    403   200   200       404     404     404      404
GET    /v1/conversations/{id}/analytics                401      404    200    200   200   200       404     404     404      404
GET    /v1/conversations/{id}/analytics/members        401      404    200    200   200   200       404     404     404      404
GET    /v1/conversations/{id}/members                  401      404    200    200   200   200       404     404     404      404
POST   /v1/conversations/{id}/members                  401      404    403    403   201   201       404     404     404      404
DELETE /v1/conversations/{id}/members/{account_id}     401      404    204    403   204   204       404     404     404      404
PUT    /v1/conversations/{id}/members/{account_id}     401      404    403    403   403   200       404     404     404      404
GET    /v1/conversations/{id}/messages                 401      404    200    200   200   200       404     404     404      404
POST   /v1/conversations/{id}/messages                 401      404    201    201   201   201       404     404     404      404
GET    /v1/conversations/{id}/metadata                 401      404    200    200   200   200       404     404     404      404
GET    /v1/conversations/{id}/pins                     401      404    200    200   200   200       404     404     404      404
DELETE /v1/conversations/{id}/pins/{seq}               401      404    403    403   204   204       404     404     404      404
POST   /v1/conversations/{id}/pins/{seq}               401      404    403    403   204   204       404     404     404      404
PUT    /v1/conversations/{id}/read                     401      404    204    204   204   204       404     404     404      404
GET    /v1/conversations/{id}/retention                401      404    200    200   200   200       404     404     404      200
PUT    /v1/conversations/{id}/retention                401      404    403    403   403   200       404     404     404      200
PUT    /v1/conversations/{id}/settings                 401      404    200    200   200   200       404     404     404      404
GET    /v1/feed                                        400      400    400    400   400   400       400     400     400      400
GET    /v1/feed/events                                 401      200    200    200   200   200       200     200     200      200
POST   /v1/feed/tickets                                401      201    201    201   201   201       201     201     201      201
GET    /v1/log                                         401      403    403    403   403   403       403     200     200      403
GET    /v1/log/streams/{stream}                        401      403    403    403   403   403       403     200     200      403
DELETE /v1/me                                          401      202    202    202   202   202       202     202     202      202
GET    /v1/me                                          401      200    200    200   200   200       200     200     200      200
PUT    /v1/me                                          401      200    200    200   200   200       200     200     200      200
DELETE /v1/me/devices/{device_id}/key                  401      204    204    204   204   204       204     204     204      204
PUT    /v1/me/devices/{device_id}/key                  401      200    200    200   200   200       200     200     200      200
GET    /v1/me/blocks                                   401      200    200    200   200   200       200     200     200      200
POST   /v1/me/erasure/cancel                           401      204    204    204   204   204       204     204     204      204
PUT    /v1/me/password                                 401      403    403    403   403   403       403     403     403      403
GET    /v1/me/settings                                 401      200    200    200   200   200       200     200     200      200
PUT    /v1/me/settings                                 401      200    200    200   200   200       200     200     200      200
DELETE /v1/messages/{id}                               401      404    403    204   204   204       204     404     404      404
GET    /v1/messages/{id}                               401      404    200    200   200   200       200     404     404      404
PUT    /v1/messages/{id}                               401      404    403    200   403   403       404     404     404      404
GET    /v1/messages/{id}/history                       401      404    200    200   200   200       404     404     200      404
GET    /v1/messages/{id}/reactions                     401      404    200    200   200   200       404     404     404      404
POST   /v1/messages/{id}/reactions                     401      404    201    201   201   201       404     404     404      404
DELETE /v1/messages/{id}/reactions/{emoji}             401      404    204    204   204   204       404     404     404      404
GET    /v1/messages/{id}/thread                        401      404    200    200   200   200       404     404     404      404
POST   /v1/messages/sync                               401      200    200    200   200   200       200     200     200      200
GET    /v1/notifications                               401      200    200    200   200   200       200     200     200      200
GET    /v1/notifications/count                         401      200    200    200   200   200       200     200     200      200
PUT    /v1/notifications/read                          401      204    204    204   204   204       204     204     204      204
GET    /v1/search/messages                             401      200    200    200   200   200       200     200     200      200
GET    /v1/sessions                                    401      200    200    200   200   200       200     200     200      200
POST   /v1/sessions                                    201      201    201    201   201   201       201     201     201      201
DELETE /v1/sessions/current                            401      204    204    204   204   204       204     204     204      204
POST   /v1/sessions/refresh                            401      401    401    401   401   401       401     401     401      401
DELETE /v1/sessions/{id}                               401      404    404    204   404   404       404     404     404      404
POST   /v1/stories                                     401      201    201    201   201   201       201     201     201      201
GET    /v1/stories/feed                                401      200    200    200   200   200       200     200     200      200
DELETE /v1/stories/{id}                               401      403    403    204   403   403       204     403     403      403
GET    /v1/stories/{id}                                401      200    200    200   200   200       200     200     200      200
PUT    /v1/stories/{id}/privacy                        401      403    403    204   403   403       403     403     403      403
GET    /v1/stories/{id}/views                          401      403    403    200   403   403       403     403     403      403
POST   /v1/stories/{id}/views                          401      204    204    204   204   204       204     204     204      204
";

/// What everything is about.
pub struct Scene {
    pub room: Room,
    said: Said,
    story: String,
}

pub struct People {
    all: Vec<Person>,
    target: Person,
}

impl People {
    /// Everybody comes, and who has a role of the deployment gets it.
    pub async fn come(world: &World) -> Self {
        let mut all = Vec::new();
        for name in CALLERS {
            all.push(world.registers(&format!("{name}_1")).await);
        }
        let roles = [("moderator", Role::Moderator), ("analyst", Role::Analyst), ("auditor", Role::Auditor)];
        let people = Self { all, target: world.registers("target").await };
        for (name, role) in roles.into_iter().chain([("operator", Role::Admin)]) {
            world.grants(people.named(name), role).await;
        }
        people
    }

    pub fn named(&self, name: &str) -> &Person {
        let at = CALLERS.iter().position(|caller| *caller == name).expect("a caller");
        &self.all[at]
    }

    /// A group of owner, admin, author and member, a message and a story of the author's.
    pub async fn scene(&self) -> Scene {
        let [owner, admin, author, member] = ["owner", "admin", "author", "member"].map(|name| self.named(name));
        let room = owner.founds("Garden", &[admin, author, member]).await;
        let path = room.path(&format!("/members/{}", admin.id));
        owner.put(&path, json!({"role": "admin"})).await.any(&[200, 204]);
        let said = author.sends("what this is about", &room).await;
        let story = author.posts_story("what this is about").await["id"].as_str().expect("an id").to_owned();
        Scene { room, said, story }
    }
}

/// A row of the table.
pub struct Row<'a> {
    pub method: &'a str,
    pub template: &'a str,
    pub expected: [u16; CALLERS.len()],
}

/// The table.
pub fn rows() -> Vec<Row<'static>> {
    let mut lines = TABLE.lines().filter(|line| !line.trim().is_empty());
    let head: Vec<&str> = lines.next().expect("a head").split_whitespace().collect();
    assert_eq!(head, CALLERS);
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let (method, template) = (words.next().expect("a method"), words.next().expect("a template"));
            let expected: Vec<u16> = words.map(|word| word.parse().expect("a status")).collect();
            Row { method, template, expected: expected.try_into().unwrap_or_else(|_| panic!("{line}")) }
        })
        .collect()
}

/// What a caller is answered over HTTP.
pub async fn ask(world: &World, people: &People, scene: &Scene, row: &Row<'_>, caller: &str) -> Reply {
    let person = people.named(caller);
    // What ends a session gets one of its own.
    let spends = row.template.starts_with("/v1/sessions");
    let own = if spends && caller != "nobody" { person.signs_in().await } else { person.clone() };
    let path = path(people, scene, row, &own).await;
    let mut ask = world.http.ask(row.method, &path).header("tidings-reason", "a test of rights");
    if caller != "nobody" {
        ask = ask.token(&own.token);
    }
    if let Some(body) = body(people, scene, row, person) {
        ask = ask.json(&body);
    }
    let reply = ask.send().await;
    stays(row, reply.status, &own).await;
    reply
}

/// What a caller is answered to the same command over a feed: its status, and the whole frame. A refusal to listen at all
/// counts as 401.
pub async fn ask_over_feed(
    world: &World,
    people: &People,
    scene: &Scene,
    row: &Row<'_>,
    operation: &Operation,
    caller: &str,
) -> (u16, Value) {
    let mut fields = body(people, scene, row, people.named(caller)).unwrap_or_else(|| json!({}));
    for (name, value) in values(people, scene, row).await {
        if row.template.contains(name) {
            fields[name.trim_matches(['{', '}'])] = json!(value);
        }
    }
    let takes_a_reason = operation.json["parameters"]
        .as_array()
        .is_some_and(|parameters| parameters.iter().any(|parameter| parameter["name"] == "Tidings-Reason"));
    if takes_a_reason {
        fields["reason"] = json!("a test of rights");
    }
    if caller == "nobody" {
        let mut feed = Feed::connects_to(&world.http, None).await;
        feed.send(&json!({"op": "command", "ref": "r1", "name": operation.id, "body": fields})).await;
        loop {
            match feed.next_or_close().await {
                Ok(frame) if frame["op"] == "bye" => {}
                Ok(frame) => return (0, frame),
                Err((code, reason)) => {
                    // Without a token, and before it is said who asks.
                    let status = if matches!(code, 3500 | 3501) { 401 } else { 0 };
                    return (status, json!([code, reason]));
                }
            }
        }
    }
    let person = people.named(caller);
    let mut feed = person.feed().await;
    let frame = feed.command(&operation.id, None, fields).await;
    feed.closes().await;
    let status = if frame["op"] == "ack" { &frame["status"] } else { &frame["problem"]["status"] };
    let status = status.as_u64().and_then(|status| status.try_into().ok()).unwrap_or_default();
    stays(row, status, person).await;
    (status, frame)
}

/// Who wanted to be erased stays for the next row.
async fn stays(row: &Row<'_>, status: u16, person: &Person) {
    if (row.method, row.template, status) == ("DELETE", "/v1/me", 202) {
        person.post("/v1/me/erasure/cancel", json!({})).await.any(&[200, 204]);
    }
}

async fn path(people: &People, scene: &Scene, row: &Row<'_>, caller: &Person) -> String {
    let values = values(people, scene, row).await;
    let path = values.into_iter().fold(row.template.to_owned(), |path, (name, value)| path.replace(name, &value));
    match row.template {
        "/v1/accounts" if row.method == "GET" => format!("{path}?username={}", caller.username),
        "/v1/search/messages" => format!("{path}?q=about"),
        _ => path,
    }
}

/// The parameters of the path, in braces, and their values.
async fn values(people: &People, scene: &Scene, row: &Row<'_>) -> [(&'static str, String); 9] {
    let template = row.template;
    let author = people.named("author");
    let session = match template {
        "/v1/sessions/{id}" => {
            // Of the author; only the author may end it.
            let other = author.signs_in().await;
            let sessions = other.get("/v1/sessions").await.ok(200);
            let items = sessions["items"].as_array().expect("sessions").clone();
            let current = items.iter().find(|item| item["current"] == true).expect("the current one");
            current["id"].as_str().expect("an id").to_owned()
        }
        _ => String::new(),
    };
    let id = || {
        if template.starts_with("/v1/conversations") {
            scene.room.id.clone()
        } else if template.starts_with("/v1/messages") {
            scene.said.id.clone()
        } else if template.starts_with("/v1/stories") {
            scene.story.clone()
        } else if template.starts_with("/v1/sessions") {
            session.clone()
        } else if template.contains("close-friends") {
            author.id.clone()
        } else if template.starts_with("/v1/admin/jobs") {
            "00000000-0000-7000-8000-000000000000".to_owned()
        } else {
            people.target.id.clone()
        }
    };
    [
        ("{id}", id()),
        ("{account_id}", people.named("member").id.clone()),
        ("{friend_id}", people.target.id.clone()),
        ("{device_id}", "00000000-0000-7000-8000-00000000000d".to_owned()),
        ("{emoji}", ":wave:".to_owned()),
        ("{seq}", "1".to_owned()),
        ("{name}", "messaging".to_owned()),
        ("{stream}", format!("timeline-{}", scene.room.id)),
        ("{code}", "NOT_FOUND".to_owned()),
    ]
}

fn body(people: &People, scene: &Scene, row: &Row<'_>, caller: &Person) -> Option<Value> {
    Some(match (row.method, row.template) {
        ("POST", "/v1/accounts") => {
            let name: String = uuid::Uuid::new_v4().simple().to_string().chars().take(12).collect();
            json!({"username": name, "password": PASSWORD})
        }
        ("POST", "/v1/sessions") => json!({"username": caller.username, "password": PASSWORD}),
        ("POST", "/v1/sessions/refresh") => json!({"refresh_token": "not one"}),
        ("PUT", "/v1/me") => json!({"display_name": "Somebody"}),
        ("PUT", "/v1/me/password") => json!({"current_password": "not the password", "new_password": PASSWORD}),
        ("PUT", "/v1/me/settings") => json!({"presence": true}),
        ("PUT", "/v1/me/devices/{device_id}/key") => json!({"algorithm": "x25519", "public_key": "AAAA"}),
        ("POST", "/v1/conversations") => json!({"type": "direct", "participant_id": people.target.id}),
        ("PUT", "/v1/conversations/{id}") => json!({"name": "Orchard"}),
        ("PUT", "/v1/conversations/{id}/retention") => json!({"days": 30}),
        ("PUT", "/v1/conversations/{id}/settings") => json!({"muted": true}),
        ("POST", "/v1/conversations/{id}/members") => json!({"account_id": people.target.id}),
        ("PUT", "/v1/conversations/{id}/members/{account_id}") => json!({"role": "admin"}),
        ("PUT", "/v1/notifications/read") => json!({"up_to": "1"}),
        ("PUT", "/v1/conversations/{id}/read") => json!({"seq": scene.said.seq}),
        ("POST", "/v1/conversations/{id}/messages") => json!({"text": "hello"}),
        ("POST", "/v1/messages/sync") => json!({"messages": []}),
        ("PUT", "/v1/messages/{id}") => json!({"text": "changed"}),
        ("POST", "/v1/messages/{id}/reactions" | "/v1/stories/{id}/reactions") => json!({"emoji": ":wave:"}),
        ("POST", "/v1/stories") => json!({"text": "a story", "privacy": "public"}),
        ("PUT", "/v1/stories/{id}/privacy") => json!({"privacy": "followers"}),
        ("POST", "/v1/stories/{id}/views") => json!({}),
        ("PUT", "/v1/admin/accounts/{id}/role") => json!({"role": "user", "reason": "a test of rights"}),
        ("POST", "/v1/admin/accounts/{id}/erasure" | "/v1/admin/projections/{name}/rebuild") => {
            json!({"reason": "a test of rights"})
        }
        ("POST", _) => json!({}),
        _ => return None,
    })
}
