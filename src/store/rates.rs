//! Counts for the rates, added up by the database for every day and group. What each counts is told in
//! [`crate::insight::Measure`].

use sqlx::{FromRow, QueryBuilder, Sqlite, SqliteConnection};

use super::{Store, StoreError};
use crate::desk::{Entry, TicketEvent};
use crate::insight::{By, Count, Counts, Rate, Who};
use crate::kernel::{TicketId, Wall};

/// Which cases are counted; empty texts ask for nothing.
#[derive(Clone, Copy, Debug)]
pub struct Counted<'a> {
    pub by: By,
    /// From this moment to before that one.
    pub from: Wall,
    pub until: Wall,
    /// Limits that have not passed by now still run.
    pub now: Wall,
    pub unit: &'a str,
    /// The beginnings of codes.
    pub region: &'a str,
    pub category: &'a str,
}

/// Inbound calls of a day that have ended, by how.
#[derive(Clone, PartialEq, Eq, Debug, FromRow)]
pub struct CallCount {
    /// Days since 1970-01-01 in China.
    pub day: i64,
    pub outcome: String,
    pub calls: i64,
}

#[derive(FromRow)]
struct Row {
    key: String,
    day: i64,
    who: String,
    asked: i64,
    first_answered: i64,
    first_hits: i64,
    second_answered: i64,
    second_hits: i64,
}

/// The day in China of a column with Unix milliseconds; whole numbers divide alike in both databases.
fn day_of(column: &str) -> String {
    format!("({column} + 28800000) / 86400000")
}

/// Whose an answer was: a ticket that was handled again may be another unit's by now.
const ANSWERED: &str = "a.unit";
/// Who had answered when the citizen was asked; where nobody had, whose the ticket is.
const JUDGED: &str = "COALESCE((SELECT a.unit FROM ticket_answers a WHERE a.ticket_id = t.id AND a.at <= s.changed_at
     ORDER BY a.seq DESC LIMIT 1), t.unit)";
/// Whose a ticket is.
pub(super) const OWNER: &str = "t.unit";

fn key_of(by: By, unit: &str) -> String {
    match by {
        By::Unit => format!("COALESCE({unit}, '')"),
        // 县(市、区): townships are too small for rates.
        By::Region => "COALESCE(SUBSTR(t.place, 1, 6), '')".to_owned(),
        By::Category => "COALESCE(t.category, '')".to_owned(),
        By::Time => "''".to_owned(),
    }
}

/// Who took the call: an agent has taken the ticket, or nobody but the robot has.
const WHO: &str = "CASE WHEN t.agent IS NULL THEN 'robot' ELSE 'person' END";

/// States in which a unit has the ticket and has not answered.
const WITH_UNIT: &str = "('dispatched', 'signed', 'working', 'objected')";

impl Store {
    /// Rows of one group, one day, one kind of taker; several may be of the same three, and count together.
    pub async fn counts(&self, wanted: Counted<'_>) -> Result<Vec<Count>, StoreError> {
        let mut counts = Vec::new();
        for row in self.rows(grades(wanted)).await? {
            let solution = rate(row.first_hits, row.first_answered, row.asked);
            let satisfaction = rate(row.second_hits, row.second_answered, row.asked);
            counts.extend(count(&row, Counts { solution, satisfaction, ..Counts::default() }));
        }
        for query in [answers(wanted), running(wanted)] {
            for row in self.rows(query).await? {
                let response = rate(row.first_hits, row.first_answered, row.asked);
                counts.extend(count(&row, Counts { response, ..Counts::default() }));
            }
        }
        Ok(counts)
    }

    async fn rows(&self, mut query: QueryBuilder<Sqlite>) -> Result<Vec<Row>, StoreError> {
        Ok(query.build_query_as().fetch_all(&self.readers).await?)
    }

    /// Inbound calls that began in this time and have ended.
    pub async fn call_counts(&self, from: Wall, until: Wall) -> Result<Vec<CallCount>, StoreError> {
        let sql = format!(
            "SELECT {} AS day, outcome, COUNT(*) AS calls FROM calls
             WHERE direction = 'inbound' AND outcome IS NOT NULL AND started_at >= $1 AND started_at < $2
             GROUP BY 1, 2 ORDER BY 1, 2",
            day_of("started_at")
        );
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(from.unix_ms);
        Ok(query.bind(until.unix_ms).fetch_all(&self.readers).await?)
    }
}

fn rate(hits: i64, answered: i64, asked: i64) -> Rate {
    let whole = |count: i64| count.max(0) as u64;
    Rate::new(whole(hits), whole(answered), whole(asked))
}

fn count(row: &Row, counts: Counts) -> Option<Count> {
    Some(Count { key: row.key.clone(), day: row.day, who: Who::of(&row.who)?, counts })
}

/// Callbacks of closed tickets that are over: all of these are asked, so nobody has picked whom. Samples of running cases and
/// single ones by hand are no part of the rates. The last answer to a question stands; a ticket that was reopened before its
/// callback was never to be asked.
fn grades(wanted: Counted<'_>) -> QueryBuilder<Sqlite> {
    let last = |alias: &str, question: &str| {
        format!(
            "LEFT JOIN survey_answers {alias} ON {alias}.survey_id = s.id AND {alias}.question = '{question}'
             AND {alias}.seq = (SELECT MAX(x.seq) FROM survey_answers x
                 WHERE x.survey_id = s.id AND x.question = '{question}') "
        )
    };
    let satisfied = crate::insight::SATISFIED.map(|grade| format!("'{grade}'")).join(", ");
    let mut sql = QueryBuilder::new(format!(
        "SELECT {} AS key, {} AS day, {WHO} AS who, COUNT(*) AS asked,
         COUNT(so.value) AS first_answered, SUM(CASE WHEN so.value = 'yes' THEN 1 ELSE 0 END) AS first_hits,
         COUNT(sa.value) AS second_answered,
         SUM(CASE WHEN sa.value IN ({satisfied}) THEN 1 ELSE 0 END) AS second_hits
         FROM surveys s JOIN tickets t ON t.id = s.ticket_id {}{}
         WHERE s.state = 'ended' AND s.origin = 'closed' AND s.outcome NOT IN ('reopened', 'no_ticket')",
        key_of(wanted.by, JUDGED),
        day_of("s.changed_at"),
        last("so", "solved"),
        last("sa", "satisfied"),
    ));
    within(&mut sql, "s.changed_at", JUDGED, wanted);
    sql
}

/// What units answered in this time: in time where the limit had not passed.
fn answers(wanted: Counted<'_>) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new(format!(
        "SELECT {} AS key, {} AS day, {WHO} AS who, COUNT(*) AS asked, COUNT(*) AS first_answered,
         SUM(CASE WHEN a.due_at IS NULL OR a.at < a.due_at THEN 1 ELSE 0 END) AS first_hits,
         0 AS second_answered, 0 AS second_hits
         FROM ticket_answers a JOIN tickets t ON t.id = a.ticket_id WHERE TRUE",
        key_of(wanted.by, ANSWERED),
        day_of("a.at"),
    ));
    within(&mut sql, "a.at", ANSWERED, wanted);
    sql
}

/// What units have not answered, by the day on which the limit passes: too late, or still running.
fn running(wanted: Counted<'_>) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new(format!(
        "SELECT {} AS key, {} AS day, {WHO} AS who, COUNT(*) AS asked,
         SUM(CASE WHEN t.due_at <= ",
        key_of(wanted.by, OWNER),
        day_of("t.due_at"),
    ));
    sql.push_bind(wanted.now.unix_ms).push(format!(
        " THEN 1 ELSE 0 END) AS first_answered, 0 AS first_hits, 0 AS second_answered, 0 AS second_hits
         FROM tickets t WHERE t.due_at IS NOT NULL AND t.unit IS NOT NULL AND t.state IN {WITH_UNIT}"
    ));
    within(&mut sql, "t.due_at", OWNER, wanted);
    sql
}

/// The conditions that all have, and the groups.
fn within(sql: &mut QueryBuilder<Sqlite>, column: &str, unit: &str, wanted: Counted<'_>) {
    sql.push(format!(" AND {column} >= ")).push_bind(wanted.from.unix_ms);
    sql.push(format!(" AND {column} < ")).push_bind(wanted.until.unix_ms);
    narrowed(sql, (unit, wanted.unit), wanted.region, wanted.category);
    sql.push(" GROUP BY 1, 2, 3");
}

/// Of this unit (whose code stands in `column`), in this region, of this category: the last two by the beginnings of their codes.
/// The tickets are `t`.
pub(super) fn narrowed(
    sql: &mut QueryBuilder<Sqlite>,
    (column, unit): (&str, &str),
    region: &str,
    category: &str,
) {
    if !unit.is_empty() {
        sql.push(format!(" AND {column} = ")).push_bind(unit.to_owned());
    }
    for (column, code) in [("t.place", region), ("t.category", category)] {
        if !code.is_empty() {
            let digits = code.chars().count() as i64;
            sql.push(format!(" AND SUBSTR({column}, 1, ")).push_bind(digits).push(") = ");
            sql.push_bind(code.to_owned());
        }
    }
}

/// Before the ticket's row is written: with this event its unit answers, and the row still has the limit that ran. An
/// answer and the closing that follows it are one.
pub(super) async fn answered(
    db: &mut SqliteConnection,
    ticket: TicketId,
    entry: &Entry,
) -> Result<(), StoreError> {
    if !matches!(entry.event, TicketEvent::Answered { .. } | TicketEvent::Closed { .. }) {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO ticket_answers (ticket_id, seq, unit, due_at, at)
         SELECT t.id, (SELECT COUNT(*) + 1 FROM ticket_answers a WHERE a.ticket_id = t.id),
         t.unit, t.due_at, $2 FROM tickets t
         WHERE t.id = $1 AND t.unit IS NOT NULL AND t.state IN {WITH_UNIT}"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(ticket.0 as i64)
        .bind(entry.at.unix_ms)
        .execute(db)
        .await?;
    Ok(())
}
