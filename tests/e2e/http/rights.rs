//! Who may do what: every route and every command of the feed, every role, every relation to what it is about. A route or a
//! command that is not in the table fails the test, and so does a row without a route.

use super::matrix::{CALLERS, People, ask, ask_over_feed, rows};
use api::http::commands_table::COMMANDS;
use std::collections::BTreeSet;
use tests::both_modes;
use tests::operations::{Operation, operations};

both_modes! {
    async fn every_route_answers_every_role_as_the_table_says(world: &mut World) {
        let people = People::come(world).await;
        let known: BTreeSet<(String, String)> =
            operations(&world.http).await.into_iter().map(|operation| (operation.method, operation.template)).collect();
        let rows = rows();
        let listed: BTreeSet<(String, String)> =
            rows.iter().map(|row| (row.method.to_owned(), row.template.to_owned())).collect();
        assert_eq!(known.difference(&listed).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "not in the table");
        assert_eq!(listed.difference(&known).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "no such route");
        let mut wrong = Vec::new();
        for row in &rows {
            let mut scene = people.scene().await;
            for (caller, expected) in CALLERS.into_iter().zip(row.expected) {
                let got = ask(world, &people, &scene, row, caller).await;
                if got.status != expected {
                    wrong.push(format!("{} {} {caller}: {} {}", row.method, row.template, got.status, got.text()));
                }
                if got.status < 400 && row.method != "GET" {
                    scene = people.scene().await;
                }
            }
        }
        assert!(wrong.is_empty(), "{} cells differ:\n{}", wrong.len(), wrong.join("\n"));
    }

    async fn every_command_of_the_feed_answers_every_role_as_the_table_says(world: &mut World) {
        let people = People::come(world).await;
        let (operations, rows) = (operations(&world.http).await, rows());
        let mut listed = Vec::new();
        for row in &rows {
            let of_row = |operation: &&Operation| operation.method == row.method && operation.template == row.template;
            let operation = operations.iter().find(of_row).expect("a route");
            if COMMANDS.iter().any(|entry| entry.name == operation.id) {
                listed.push((row, operation));
            }
        }
        let known: BTreeSet<&str> = COMMANDS.iter().map(|entry| entry.name).collect();
        let reached: BTreeSet<&str> = listed.iter().map(|(_, operation)| operation.id.as_str()).collect();
        assert_eq!(known.difference(&reached).collect::<Vec<_>>(), Vec::<&&str>::new(), "not in the table");
        let mut wrong = Vec::new();
        for (row, operation) in listed {
            let mut scene = people.scene().await;
            for (caller, expected) in CALLERS.into_iter().zip(row.expected) {
                let (status, frame) = ask_over_feed(world, &people, &scene, row, operation, caller).await;
                if status != expected {
                    wrong.push(format!("{} {caller}: {status} instead of {expected}: {frame}", operation.id));
                }
                if (200..400).contains(&status) {
                    scene = people.scene().await;
                }
            }
        }
        assert!(wrong.is_empty(), "{} cells differ:\n{}", wrong.len(), wrong.join("\n"));
    }
}
