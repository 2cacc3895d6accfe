//! The audit of the console: who did what to callers' data and to accounts. A chain, as that of survey records
//! ([`crate::survey::chain`]): rows are only ever added, and each carries the hash of the one before.

use serde::Serialize;
use sqlx::{FromRow, QueryBuilder};

use super::{Store, StoreError};
use crate::kernel::Wall;
use crate::survey::chain::{Body, Check, Digest, Head, Record};

/// Rows read at once.
const PAGE: i64 = 10_000;

/// What happened. No words and no numbers of callers: the object names the thing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deed<'a> {
    pub at: Wall,
    /// Name of the account; `local` for this machine itself, `token` for a program.
    pub actor: &'a str,
    /// Empty where nobody was known yet.
    pub role: &'a str,
    pub address: &'a str,
    pub action: &'a str,
    /// `ticket 2611220001`, `call 12`, `account lixiao`.
    pub object: &'a str,
    pub detail: &'a str,
}

/// The same as pages show it.
#[derive(Clone, PartialEq, Eq, Debug, FromRow, Serialize)]
pub struct DeedRow {
    pub seq: i64,
    pub at: i64,
    pub actor: String,
    pub role: String,
    pub address: String,
    pub action: String,
    pub object: String,
    pub detail: String,
}

#[derive(FromRow)]
struct Linked {
    #[sqlx(flatten)]
    row: DeedRow,
    prev: String,
    hash: String,
}

/// Which rows are read: empty texts ask for nothing; the newest first, before `before`.
#[derive(Clone, Debug)]
pub struct WhichDeeds<'a> {
    pub action: &'a str,
    pub actor: &'a str,
    pub before: i64,
    pub limit: i64,
}

const COLUMNS: &str = "seq, at, actor, role, address, action, object, detail";

fn body(row: &DeedRow) -> String {
    let body = Body::new().with("at", row.at).with("actor", &row.actor).with("role", &row.role);
    body.with("address", &row.address).with("detail", &row.detail).text()
}

impl Store {
    /// Adds a row. When it returns it is on the disk.
    pub async fn write_down(&self, deed: &Deed<'_>) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin().await?;
        let last: Option<(i64, String)> =
            sqlx::query_as("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
                .fetch_optional(&mut *transaction)
                .await?;
        let head = match last {
            None => Head::default(),
            Some((seq, hash)) => Head { count: seq.max(0) as u64, hash: read(hash)? },
        };
        let row = DeedRow {
            seq: 0,
            at: deed.at.unix_ms,
            actor: deed.actor.to_owned(),
            role: deed.role.to_owned(),
            address: deed.address.to_owned(),
            action: deed.action.to_owned(),
            object: deed.object.to_owned(),
            detail: deed.detail.to_owned(),
        };
        let record = Record::after(head, &row.action, &row.object, body(&row));
        sqlx::query(sqlx::AssertSqlSafe(format!(
            "INSERT INTO audit ({COLUMNS}, prev, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        )))
        .bind(record.seq as i64)
        .bind(row.at)
        .bind(row.actor)
        .bind(row.role)
        .bind(row.address)
        .bind(row.action)
        .bind(row.object)
        .bind(row.detail)
        .bind(record.prev.to_string())
        .bind(record.hash.to_string())
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    pub async fn deeds(&self, which: &WhichDeeds<'_>) -> Result<Vec<DeedRow>, StoreError> {
        let mut sql: QueryBuilder<sqlx::Sqlite> =
            QueryBuilder::new(format!("SELECT {COLUMNS} FROM audit WHERE seq < "));
        sql.push_bind(which.before);
        for (column, value) in [("action", which.action), ("actor", which.actor)] {
            if !value.is_empty() {
                sql.push(format!(" AND {column} = ")).push_bind(value);
            }
        }
        sql.push(" ORDER BY seq DESC LIMIT ").push_bind(which.limit);
        Ok(sql.build_query_as().fetch_all(&self.readers).await?)
    }

    /// Follows the chain from its beginning: where it ends, and what breaks it first.
    pub async fn audit_deeds(
        &self,
        published: Option<Head>,
    ) -> Result<(Head, Option<String>), StoreError> {
        let mut db = self.readers.begin().await?;
        let (mut check, mut head, mut after) = (Check::new(published), Head::default(), 0);
        loop {
            let sql = format!(
                "SELECT {COLUMNS}, prev, hash FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2"
            );
            let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(after).bind(PAGE);
            let page: Vec<Linked> = query.fetch_all(&mut *db).await?;
            let Some(last) = page.last() else { break };
            after = last.row.seq;
            for Linked { row, prev, hash } in page {
                let (Ok(prev), Ok(hash)) = (prev.parse::<Digest>(), hash.parse::<Digest>()) else {
                    return Ok((head, Some(format!("row {} carries no hash", row.seq))));
                };
                let (body, seq) = (body(&row), row.seq.max(0) as u64);
                let record =
                    Record { seq, kind: row.action, subject: row.object, body, prev, hash };
                if let Err(broken) = check.next(&record) {
                    return Ok((head, Some(broken.to_string())));
                }
                head = record.head();
            }
        }
        Ok((head, check.finish().err().map(|broken| broken.to_string())))
    }
}

fn read(hash: String) -> Result<Digest, StoreError> {
    hash.parse().map_err(|_| StoreError::Unknown { table: "audit", column: "hash", value: hash })
}
