//! The read models: the database that they are in, and what is in it.

use crate::cli::doctor::engines::in_time;
use crate::cli::doctor::finding::Finding;
use crate::config::Config;
use projections::database::examine::{self, CATALOGUE, Examined, ReadModel, Server, Standing};
use projections::database::url::DatabaseUrl;
use std::time::{Duration, Instant};

const DATABASE: &str = "database";
const READ_MODELS: &str = "read models";
/// A database that is further away slows every question.
const ROUND_TRIP_GOOD: Duration = Duration::from_millis(5);
/// For how long SQLite's files are looked through, all together: long ones not to their end.
const LOOK_LIMIT: Duration = Duration::from_secs(3);
/// Connections that Tidings takes.
const CONNECTIONS: i64 = 32;

/// Looks at all of it. Also gives what each read model said.
pub async fn examine(config: &Config) -> (Vec<Finding>, Vec<ReadModel>) {
    let url = match config.database.url(&config.data) {
        Ok(url) => url,
        Err(fault) => return (vec![Finding::bad(DATABASE, fault, "correct the configuration")], Vec::new()),
    };
    let until = Instant::now() + LOOK_LIMIT;
    let examined = match in_time(async { Ok(examine::examine(&url, until).await?) }).await {
        Ok(examined) => examined,
        Err(fault) => {
            let advice = "start it, and see that database.url leads there";
            return (vec![Finding::bad(DATABASE, fault, advice)], Vec::new());
        }
    };
    let mut findings = vec![database(&examined)];
    findings.extend(examined.read_models.iter().filter_map(|model| wrong(model, &url)));
    findings.push(there(&examined.read_models));
    (findings, examined.read_models)
}

fn database(examined: &Examined) -> Finding {
    let Some(version) = &examined.version else {
        return Finding::good(DATABASE, "no file of SQLite could be asked");
    };
    let took = examined.round_trip;
    let mut found = format!("{version} answers in {:.1} ms", took.as_secs_f64() * 1e3);
    let Some(Server { syncs, open, max }) = examined.server else { return Finding::good(DATABASE, found) };
    found.push_str(&format!("; {open} of {max} connections are open"));
    if !syncs {
        Finding::bad(DATABASE, format!("{found}; fsync is off"), "set fsync = on in postgresql.conf")
    } else if max - open < CONNECTIONS {
        Finding::warning(DATABASE, found, "raise max_connections: Tidings takes about 32")
    } else if took > ROUND_TRIP_GOOD {
        Finding::warning(DATABASE, found, "put the database nearer: each question takes several round trips")
    } else {
        Finding::good(DATABASE, found)
    }
}

/// What is wrong with one of them.
fn wrong(model: &ReadModel, url: &DatabaseUrl) -> Option<Finding> {
    let place = &model.place;
    match &model.standing {
        Standing::Missing | Standing::Sound { .. } => None,
        Standing::BrokenOff => {
            let found = format!("a crash broke off the last commit of {} at {place}", model.name);
            Some(Finding::warning(READ_MODELS, found, "the next start takes it back and goes on"))
        }
        Standing::Silent(why) => {
            let found = format!("{} cannot be asked at {place}: {why}", model.name);
            Some(Finding::bad(READ_MODELS, found, "let this user read it; if it is in use, ask again"))
        }
        Standing::Damaged(why) => {
            let found = format!("{} is damaged at {place}: {why}", model.name);
            let advice = match (url, model.name == CATALOGUE) {
                (DatabaseUrl::Sqlite { directory }, true) => {
                    format!("stop the server and move all of {} aside: {BUILT_AGAIN}", directory.display())
                }
                (DatabaseUrl::Sqlite { .. }, false) => {
                    format!("stop the server and move the file aside, with {place}-wal and {place}-shm: {BUILT_AGAIN}")
                }
                (DatabaseUrl::Postgres { .. }, true) => {
                    format!(
                        "stop the server and drop it and the schemas of all read models, with CASCADE: {BUILT_AGAIN}"
                    )
                }
                (DatabaseUrl::Postgres { .. }, false) => {
                    format!("stop the server and DROP SCHEMA \"{place}\" CASCADE: {BUILT_AGAIN}")
                }
            };
            Some(Finding::bad(READ_MODELS, found, advice))
        }
    }
}

const BUILT_AGAIN: &str = "the next start builds it again from the log";

/// Which there are, and which are not.
fn there(read_models: &[ReadModel]) -> Finding {
    let names = |is_one: fn(&Standing) -> bool| -> Vec<&str> {
        read_models.iter().filter(|model| is_one(&model.standing)).map(|model| model.name).collect()
    };
    let sound = names(|standing| matches!(standing, Standing::Sound { .. }));
    let missing = names(|standing| matches!(standing, Standing::Missing));
    let in_part = names(|standing| matches!(standing, Standing::Sound { is_looked_through: false, .. }));
    if missing.len() == read_models.len() {
        return Finding::good(READ_MODELS, "there are none yet: the first start makes them");
    }
    let mut found = format!("{} of {} answer", sound.len(), read_models.len());
    if !missing.is_empty() {
        found.push_str(&format!("; there are none yet of {}: the next start builds them", missing.join(", ")));
    }
    if !in_part.is_empty() {
        let seconds = LOOK_LIMIT.as_secs();
        found.push_str(&format!("; not looked through to the end in {seconds} s: {}", in_part.join(", ")));
    }
    Finding::good(READ_MODELS, found)
}
