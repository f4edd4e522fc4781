//! People and conversations to load.

use crate::connection::Connection;
use anyhow::{Result, ensure};
use serde_json::json;
use std::net::SocketAddr;

pub struct Person {
    pub id: String,
    pub token: String,
}

/// About 200 bytes, as in the measured peers.
pub const TEXT: &str = "The quick brown fox jumps over the lazy dog while the band plays on, and everybody in the \
room writes about two hundred bytes of text, because that is how long a message of a talkative person is. Yes.";

/// Registers people, and signs them in.
pub async fn people(address: SocketAddr, count: usize) -> Result<Vec<Person>> {
    let mut connection = Connection::open(address).await?;
    let mut ids = Vec::with_capacity(count);
    for n in 0..count {
        let answer = connection.call("POST", "/v1/accounts", None, &account(n)).await?;
        ensure!(answer.status == 201, "registration: {} {}", answer.status, String::from_utf8_lossy(answer.body));
        ids.push(answer.json()?["id"].as_str().unwrap_or_default().to_owned());
    }
    signed_in(address, ids).await
}

/// Signs people in who were registered before, in the same order.
pub async fn signed_in(address: SocketAddr, ids: Vec<String>) -> Result<Vec<Person>> {
    let mut connection = Connection::open(address).await?;
    let mut people = Vec::with_capacity(ids.len());
    for (n, id) in ids.into_iter().enumerate() {
        let answer = connection.call("POST", "/v1/sessions", None, &account(n)).await?;
        ensure!(answer.status == 201, "sign-in: {} {}", answer.status, String::from_utf8_lossy(answer.body));
        let token = answer.json()?["access_token"].as_str().unwrap_or_default().to_owned();
        people.push(Person { id, token });
    }
    Ok(people)
}

fn account(n: usize) -> String {
    json!({"username": username(n), "password": "correct horse battery"}).to_string()
}

pub fn username(n: usize) -> String {
    format!("load_{n}")
}

pub async fn group(connection: &mut Connection, creator: &Person, others: &[&Person]) -> Result<String> {
    let members: Vec<_> = others.iter().map(|person| &person.id).collect();
    let body = json!({"type": "group", "name": "load", "member_ids": members}).to_string();
    let answer = connection.call("POST", "/v1/conversations", Some(&creator.token), &body).await?;
    ensure!(answer.status == 201, "group: {} {}", answer.status, String::from_utf8_lossy(answer.body));
    Ok(answer.json()?["id"].as_str().unwrap_or_default().to_owned())
}
