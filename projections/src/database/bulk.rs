//! Statements over many rows, in few fixed sizes so that their prepared forms are used again.

use crate::database::row::Row;
use crate::database::tx::Tx;
use crate::database::value::Value;
use sqlx::AssertSqlSafe;
use std::fmt::Write;
use std::sync::{Arc, OnceLock};

/// Rows of one statement: the largest size that fits is taken, then the rest likewise.
const SIZES: [usize; 9] = [256, 128, 64, 32, 16, 8, 4, 2, 1];

/// A statement around `VALUES (…), (…)`: what stands before it, the columns of a row, and what stands after it.
#[derive(Debug)]
pub(crate) struct Bulk {
    before: &'static str,
    columns: usize,
    after: &'static str,
    sqlite: [OnceLock<Arc<str>>; SIZES.len()],
    postgres: [OnceLock<Arc<str>>; SIZES.len()],
}

impl Bulk {
    /// The columns' values come row by row, in the order of their placeholders.
    pub(crate) const fn new(before: &'static str, columns: usize, after: &'static str) -> Self {
        Self {
            before,
            columns,
            after,
            sqlite: [const { OnceLock::new() }; SIZES.len()],
            postgres: [const { OnceLock::new() }; SIZES.len()],
        }
    }

    /// Runs it for all rows; gives how many rows of the database it touched.
    pub(crate) async fn execute(&self, tx: &mut Tx, values: Vec<Value>) -> Result<u64, sqlx::Error> {
        let mut left = values.len() / self.columns;
        let mut values = values.into_iter();
        let mut touched = 0;
        while left > 0 {
            let (sql, rows) = self.sql(tx, left);
            touched += tx.execute(AssertSqlSafe(sql), values.by_ref().take(rows * self.columns)).await?;
            left -= rows;
        }
        Ok(touched)
    }

    /// Asks for all rows; gives the answers one after the other.
    pub(crate) async fn fetch(&self, tx: &mut Tx, values: Vec<Value>) -> Result<Vec<Row>, sqlx::Error> {
        let mut left = values.len() / self.columns;
        let mut values = values.into_iter();
        let mut answers = Vec::with_capacity(left);
        while left > 0 {
            let (sql, rows) = self.sql(tx, left);
            answers.extend(tx.fetch_all(AssertSqlSafe(sql), values.by_ref().take(rows * self.columns)).await?);
            left -= rows;
        }
        Ok(answers)
    }

    /// The text for the largest size within `left` rows, and that size.
    fn sql(&self, tx: &Tx, left: usize) -> (Arc<str>, usize) {
        let step = SIZES.iter().position(|size| *size <= left).unwrap_or(SIZES.len() - 1);
        // SQLite looks a numbered placeholder up by walking a list, for each one again: a thousand of them cost
        // milliseconds. Plain question marks cost nothing.
        let (cell, numbered) = match tx {
            Tx::Sqlite(_) => (&self.sqlite[step], false),
            Tx::Postgres(_) => (&self.postgres[step], true),
        };
        (cell.get_or_init(|| self.text(SIZES[step], numbered)).clone(), SIZES[step])
    }

    fn text(&self, rows: usize, numbered: bool) -> Arc<str> {
        let mut text = format!("{} VALUES ", self.before);
        let mut number = 0;
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..self.columns {
                number += 1;
                text.push_str(if column == 0 { "" } else { ", " });
                match numbered {
                    // Writing to a string cannot fail.
                    true => write!(text, "${number}").unwrap_or(()),
                    false => text.push('?'),
                }
            }
            text.push(')');
        }
        text.push(' ');
        text.push_str(self.after);
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copies::CopyId;
    use crate::database::migrations::MESSAGING;
    use crate::database::open::{Purpose, Wanted, open};
    use crate::database::url::DatabaseUrl;
    use domain::ids::ConversationId;
    use uuid::Uuid;

    static PLAN: Bulk = Bulk::new(
        "EXPLAIN QUERY PLAN WITH v (conversation) AS (",
        1,
        ") SELECT h.head_seq FROM v JOIN heads h ON h.conversation = v.conversation",
    );

    #[tokio::test]
    async fn sqlite_looks_rows_up_and_reads_no_whole_table_however_many_are_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite { directory: directory.path().to_owned() };
        let id = CopyId { name: "plan", version: 1, number: 0 };
        for purpose in [Purpose::Serving, Purpose::Filling] {
            let database = open(&url, &Wanted::copy(id, &[MESSAGING], 1, purpose)).await.unwrap();
            for rows in SIZES {
                let asked = (0..rows as u128).map(|n| ConversationId::new(Uuid::from_u128(n)).into()).collect();
                for mut tx in [database.begin_read().await.unwrap(), database.begin_write().await.unwrap()] {
                    let plan = PLAN.fetch(&mut tx, Vec::clone(&asked)).await.unwrap();
                    let steps: Vec<String> = plan.iter().map(row_detail).collect();
                    assert!(steps.contains(&"SEARCH h USING PRIMARY KEY (conversation=?)".to_owned()), "{steps:?}");
                }
            }
            database.close().await;
        }
    }

    fn row_detail(row: &Row) -> String {
        let mut columns = row.columns();
        columns.skip(3);
        columns.take().unwrap()
    }

    #[test]
    fn placeholders_are_numbered_for_postgresql_only() {
        let bulk = Bulk::new("INSERT INTO t (a, b)", 2, "ON CONFLICT DO NOTHING");
        assert_eq!(&*bulk.text(2, true), "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING");
        assert_eq!(&*bulk.text(1, false), "INSERT INTO t (a, b) VALUES (?, ?) ON CONFLICT DO NOTHING");
    }
}
