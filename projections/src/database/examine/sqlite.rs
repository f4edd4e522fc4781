//! SQLite: every file is opened to be read alone.
//!
//! Beside a server, or after a crash, a file has a write-ahead log or a journal, and is read as every reader does. A file
//! without either rests: it is opened as one that never changes, so that not even an empty log appears beside it. The
//! catalogue, whose journal is there only for moments, is always read with a lock.

use super::{CATALOGUE, Examined, KNOWN, LIVE, ReadModel, Standing, label};
use domain::ids::{LogId, Position};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long a question waits for a lock.
const BUSY_LIMIT: Duration = Duration::from_secs(1);
/// Steps of SQLite's machine between two looks at the clock: well below a millisecond.
const LOOK_AT_CLOCK_STEPS: i32 = 1_000;

/// SQLite's result codes, without their extended part: a table or column that is not there, a journal that only a writer
/// may take back, interrupted, damaged, and no database at all.
const ERROR: u32 = 1;
const READ_ONLY: u32 = 8;
const INTERRUPTED: u32 = 9;
const CORRUPT: u32 = 11;
const NOT_A_DATABASE: u32 = 26;

/// What one file answered.
struct Answer {
    version: String,
    round_trip: Duration,
    live: Vec<(String, i64, i64)>,
    standing: Standing,
}

/// Asks every file.
pub(super) async fn examine(directory: &Path, until: Instant) -> Examined {
    let mut examined = Examined { version: None, round_trip: Duration::ZERO, server: None, read_models: Vec::new() };
    let live = look(&mut examined, directory, CATALOGUE, CATALOGUE, until).await;
    for (name, version) in KNOWN {
        look(&mut examined, directory, name, &label(&live, name, version), until).await;
    }
    examined
}

/// Looks at one file; gives the live copies if it is the catalogue.
async fn look(
    examined: &mut Examined,
    directory: &Path,
    name: &'static str,
    label: &str,
    until: Instant,
) -> Vec<(String, i64, i64)> {
    let file = directory.join(format!("{label}.db"));
    let answered = ask(&file, name, until).await;
    let (standing, live) = match answered {
        Ok(answer) => {
            examined.version = Some(format!("SQLite {}", answer.version));
            examined.round_trip = examined.round_trip.max(answer.round_trip);
            (answer.standing, answer.live)
        }
        Err(standing) => (standing, Vec::new()),
    };
    examined.read_models.push(ReadModel { name, place: file.display().to_string(), standing });
    live
}

async fn ask(file: &Path, name: &'static str, until: Instant) -> Result<Answer, Standing> {
    match std::fs::metadata(file) {
        Ok(_) => {}
        Err(fault) if fault.kind() == ErrorKind::NotFound => return Err(Standing::Missing),
        Err(fault) => return Err(Standing::Silent(fault.to_string())),
    }
    // The catalogue keeps a journal only while something is written, so nothing beside it tells whether it rests.
    let rested = name != CATALOGUE && !has_log(file);
    let answer = ask_open(file, name, rested, until).await;
    // A server that began meanwhile changed what was taken for unchanging.
    if rested && has_log(file) && !matches!(&answer, Ok(Answer { standing: Standing::Sound { .. }, .. })) {
        return ask_open(file, name, false, until).await.map_err(standing);
    }
    answer.map_err(standing)
}

fn has_log(file: &Path) -> bool {
    ["-wal", "-journal"].iter().any(|ending| {
        let mut beside = file.as_os_str().to_owned();
        beside.push(ending);
        PathBuf::from(beside).exists()
    })
}

async fn ask_open(file: &Path, name: &'static str, rested: bool, until: Instant) -> Result<Answer, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .read_only(true)
        .immutable(rested)
        .foreign_keys(false)
        .busy_timeout(BUSY_LIMIT)
        .disable_statement_logging();
    let mut connection = options.connect().await?;
    let answer = questions(&mut connection, name, until).await;
    connection.close().await?;
    answer
}

async fn questions(
    connection: &mut SqliteConnection,
    name: &'static str,
    until: Instant,
) -> Result<Answer, sqlx::Error> {
    let began = Instant::now();
    let (version, tables): (String, i64) =
        sqlx::query_as("SELECT sqlite_version(), count(*) FROM sqlite_master").fetch_one(&mut *connection).await?;
    let round_trip = began.elapsed();
    let mut answer = Answer { version, round_trip, live: Vec::new(), standing: Standing::Missing };
    // Made, and nothing in it: a start goes on there.
    if tables == 0 {
        return Ok(answer);
    }
    let at = if name == CATALOGUE {
        answer.live = sqlx::query_as(LIVE).fetch_all(&mut *connection).await?;
        None
    } else {
        let at: Option<(i64, Uuid)> = sqlx::query_as("SELECT position, log_id FROM checkpoint WHERE name = ?1")
            .bind(name)
            .fetch_optional(&mut *connection)
            .await?;
        at.map(|(position, log)| (Position(position.unsigned_abs()), LogId::new(log)))
    };
    answer.standing = match look_through(connection, until).await? {
        Some(found) if found == "ok" => Standing::Sound { at, is_looked_through: true },
        Some(found) => Standing::Damaged(found),
        None => Standing::Sound { at, is_looked_through: false },
    };
    Ok(answer)
}

/// What SQLite finds wrong first, or `ok`; none when the time is over.
async fn look_through(connection: &mut SqliteConnection, until: Instant) -> Result<Option<String>, sqlx::Error> {
    if Instant::now() >= until {
        return Ok(None);
    }
    connection.lock_handle().await?.set_progress_handler(LOOK_AT_CLOCK_STEPS, move || Instant::now() < until);
    let found = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut *connection).await;
    connection.lock_handle().await?.remove_progress_handler();
    match found {
        Ok(found) => Ok(Some(found)),
        Err(fault) if code(&fault) == Some(INTERRUPTED) => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn standing(fault: sqlx::Error) -> Standing {
    match code(&fault) {
        Some(ERROR | CORRUPT | NOT_A_DATABASE) => Standing::Damaged(fault.to_string()),
        Some(READ_ONLY) => Standing::BrokenOff,
        _ => Standing::Silent(fault.to_string()),
    }
}

/// The result code without its extended part.
fn code(fault: &sqlx::Error) -> Option<u32> {
    let code = fault.as_database_error()?.code()?;
    Some(code.parse::<u32>().ok()? & 0xff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::MESSAGING;
    use sqlx::{AssertSqlSafe, Executor};

    /// The file of a projection, of about 100 MiB.
    async fn long_file(directory: &Path) {
        let (name, version) = KNOWN.into_iter().find(|(name, _)| *name == MESSAGING).unwrap();
        let file = directory.join(format!("{}.db", label(&[], name, version)));
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
        let mut connection = options.connect().await.unwrap();
        connection
            .execute("CREATE TABLE checkpoint (name TEXT PRIMARY KEY, position INTEGER, log_id BLOB)")
            .await
            .unwrap();
        let row = format!("INSERT INTO checkpoint VALUES ('{name}', 7, zeroblob(16))");
        connection.execute(AssertSqlSafe(row)).await.unwrap();
        connection.execute("CREATE TABLE long (text BLOB)").await.unwrap();
        let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) \
                    INSERT INTO long SELECT zeroblob(1000) FROM n";
        connection.execute(rows).await.unwrap();
        connection.close().await.unwrap();
    }

    #[tokio::test]
    async fn a_journal_that_a_crash_left_is_left() {
        let (directory, crashed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let options = SqliteConnectOptions::new().filename(directory.path().join("copies.db")).create_if_missing(true);
        let mut connection = options.pragma("cache_size", "10").connect().await.unwrap();
        connection
            .execute("CREATE TABLE copies (name TEXT, version INTEGER, number INTEGER, state TEXT)")
            .await
            .unwrap();
        let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) \
                    INSERT INTO copies SELECT 'a', 1, i, 'retired' FROM n";
        connection.execute(rows).await.unwrap();
        connection.execute("BEGIN").await.unwrap();
        connection.execute("UPDATE copies SET name = 'another'").await.unwrap();
        for name in ["copies.db", "copies.db-journal"] {
            std::fs::copy(directory.path().join(name), crashed.path().join(name)).unwrap();
        }
        connection.close().await.unwrap();
        let before = std::fs::read(crashed.path().join("copies.db")).unwrap();
        let examined = examine(crashed.path(), Instant::now() + Duration::from_secs(60)).await;
        assert_eq!(examined.read_models[0].standing, Standing::BrokenOff);
        assert!(std::fs::read(crashed.path().join("copies.db")).unwrap() == before);
        assert!(crashed.path().join("copies.db-journal").exists());
    }

    #[tokio::test]
    async fn a_long_file_is_looked_through_for_as_long_as_there_is_time() {
        let directory = tempfile::tempdir().unwrap();
        long_file(directory.path()).await;
        let standing = async |limit: Duration| {
            let examined = examine(directory.path(), Instant::now() + limit).await;
            examined.read_models.into_iter().find(|model| model.name == MESSAGING).unwrap().standing
        };
        let at = Some((Position(7), LogId::new(Uuid::nil())));
        assert_eq!(standing(Duration::from_secs(60)).await, Standing::Sound { at, is_looked_through: true });
        // Long enough to begin, far too short to end.
        let limit = Duration::from_millis(5);
        assert_eq!(standing(limit).await, Standing::Sound { at, is_looked_through: false });
        assert_eq!(standing(Duration::ZERO).await, Standing::Sound { at, is_looked_through: false });
    }
}
