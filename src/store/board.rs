//! Running limits: how many of whom, which tickets, and which is due next. What is counted is counted by the database;
//! lists go on by key, never by how many rows are passed over.

use sqlx::{FromRow, QueryBuilder, Sqlite};

use super::{FieldRow, Store, StoreError};
use crate::kernel::{TicketId, Wall};

/// The moments by which limits are sorted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Marks {
    pub now: Wall,
    /// The midnight that ends today, and the one that ends this week: a limit that passes then must be met before.
    pub today: Wall,
    pub week: Wall,
}

/// The running limits of a unit and a duty, by their lights.
#[derive(Clone, PartialEq, Eq, Debug, Default, FromRow)]
pub struct LightsRow {
    /// Code; absent where the ticket is not dispatched.
    pub unit: Option<String>,
    pub duty: String,
    pub open: i64,
    /// The clock stands.
    pub held: i64,
    pub yellow: i64,
    pub red: i64,
    /// Not passed, and due before today ends, before this week ends.
    pub today: i64,
    pub week: i64,
    /// Red, and not supervised.
    pub unsupervised: i64,
}

impl LightsRow {
    pub const fn green(&self) -> i64 {
        self.open - self.held - self.yellow - self.red
    }

    pub fn add(&mut self, other: &LightsRow) {
        self.open += other.open;
        self.held += other.held;
        self.yellow += other.yellow;
        self.red += other.red;
        self.today += other.today;
        self.week += other.week;
        self.unsupervised += other.unsupervised;
    }
}

/// A ticket in a list, with its fields where it is not secret.
#[derive(Clone, Debug, FromRow)]
pub struct BoardRow {
    pub id: i64,
    pub state: String,
    pub unit: Option<String>,
    pub place: Option<String>,
    pub category: Option<String>,
    pub pack: Option<String>,
    pub duty: Option<String>,
    pub due_at: Option<i64>,
    pub yellow_at: Option<i64>,
    pub supervised: bool,
    pub secret: bool,
    pub agent: Option<i64>,
    pub result: Option<String>,
    pub opened_at: i64,
    pub changed_at: i64,
    /// The number of its events: who changes it says that they have seen so many.
    pub version: i64,
    #[sqlx(skip)]
    pub fields: Vec<FieldRow>,
}

impl BoardRow {
    pub fn field(&self, slot: &str) -> Option<&FieldRow> {
        self.fields.iter().find(|field| field.slot == slot)
    }

    /// Nothing is open for the citizen any more.
    pub fn is_done(&self) -> bool {
        is_done(&self.state)
    }

    /// Nobody but those it is opened to may know whom and what it is about: sealed, or a report, which never goes to the
    /// accused (信访工作条例 §30).
    pub fn is_sealed(&self) -> bool {
        let report = |field: &FieldRow| field.code.as_deref() == Some("report");
        self.secret || self.field("matter_type").is_some_and(report)
    }
}

/// A ticket in this state is open for the citizen no more.
pub fn is_done(state: &str) -> bool {
    matches!(state, "closed" | "called_back" | "archived" | "told" | "merged")
}

/// Which running limits of a unit are listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lamp {
    Any,
    Green,
    Yellow,
    Red,
    Today,
    Week,
}

/// What a unit's list shows.
#[derive(Clone, Copy, Debug)]
pub enum Show<'a> {
    /// Running limits, the next first; empty texts ask for nothing.
    Due { lamp: Lamp, duty: &'a str, state: &'a str },
    /// Those whose clock stands, the oldest first.
    Held,
    /// All in this state, the newest first.
    State(&'a str),
}

/// A row after which a list goes on: its due moment (0 in lists that are not by due moment) and its id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key {
    pub due_at: i64,
    pub id: i64,
}

impl Key {
    /// Before every row.
    pub const FIRST: Key = Key { due_at: i64::MIN, id: i64::MIN };
}

pub(super) const COLUMNS: &str = "id, state, unit, place, category, pack, duty, due_at, yellow_at,
    supervised <> 0 AS supervised, secret <> 0 AS secret, agent, result, opened_at, changed_at,
    version";

/// $1 now, $2 and $3 the midnights that end today and this week.
pub const LIGHTS_SQL: &str =
    "SELECT unit, duty, COUNT(*) AS open, COUNT(*) - COUNT(due_at) AS held,
    COUNT(*) FILTER (WHERE due_at > $1 AND yellow_at <= $1) AS yellow,
    COUNT(*) FILTER (WHERE due_at <= $1) AS red,
    COUNT(*) FILTER (WHERE due_at > $1 AND due_at <= $2) AS today,
    COUNT(*) FILTER (WHERE due_at > $1 AND due_at <= $3) AS week,
    COUNT(*) FILTER (WHERE due_at <= $1 AND supervised = 0) AS unsupervised
    FROM tickets WHERE duty IS NOT NULL GROUP BY unit, duty ORDER BY unit, duty";

/// $1 now.
pub const NEXT_DUE_SQL: &str =
    "SELECT id, due_at FROM tickets WHERE due_at IS NOT NULL AND due_at > $1
    ORDER BY due_at, id LIMIT 1";

impl Store {
    /// One row for every unit and duty that has running limits.
    pub async fn lights(&self, marks: Marks) -> Result<Vec<LightsRow>, StoreError> {
        let query = sqlx::query_as(LIGHTS_SQL);
        let query = query.bind(marks.now.unix_ms).bind(marks.today.unix_ms);
        Ok(query.bind(marks.week.unix_ms).fetch_all(&self.readers).await?)
    }

    /// The ticket whose limit passes next after `now`.
    pub async fn next_due(&self, now: Wall) -> Result<Option<(TicketId, Wall)>, StoreError> {
        let row: Option<(i64, i64)> =
            sqlx::query_as(NEXT_DUE_SQL).bind(now.unix_ms).fetch_optional(&self.readers).await?;
        Ok(row.map(|(id, due)| (TicketId(id.max(0) as u64), Wall::from_ms(due))))
    }

    /// A unit's tickets (`None`: those of no unit) after a row of the list.
    pub async fn unit_tickets(
        &self,
        unit: Option<&str>,
        show: Show<'_>,
        marks: Marks,
        after: Key,
        limit: i64,
    ) -> Result<Vec<BoardRow>, StoreError> {
        let mut sql = unit_sql(unit, show, marks, after, limit);
        self.with_words(sql.build_query_as().fetch_all(&self.readers).await?).await
    }

    /// Limits that have passed without anybody supervising them, the longest ago first.
    pub async fn unsupervised(
        &self,
        now: Wall,
        after: Key,
        limit: i64,
    ) -> Result<Vec<BoardRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM tickets WHERE due_at IS NOT NULL AND supervised = 0 AND due_at <= $1
             AND (due_at, id) > ($2, $3) ORDER BY due_at, id LIMIT $4"
        );
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(now.unix_ms);
        let query = query.bind(after.due_at).bind(after.id).bind(limit);
        self.with_words(query.fetch_all(&self.readers).await?).await
    }

    /// Supervised tickets whose limits run, the next due first.
    pub async fn supervised(&self, after: Key, limit: i64) -> Result<Vec<BoardRow>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM tickets WHERE supervised <> 0 AND due_at IS NOT NULL
             AND (due_at, id) > ($1, $2) ORDER BY due_at, id LIMIT $3"
        );
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(after.due_at).bind(after.id);
        self.with_words(query.bind(limit).fetch_all(&self.readers).await?).await
    }

    /// Puts the fields to those that are not sealed; of these nothing but their kind is read.
    pub(super) async fn with_words(
        &self,
        mut rows: Vec<BoardRow>,
    ) -> Result<Vec<BoardRow>, StoreError> {
        if rows.is_empty() {
            return Ok(rows);
        }
        // Numbers of our own: nothing of a caller enters the text of the query.
        let list = rows.iter().map(|row| row.id.to_string()).collect::<Vec<String>>().join(",");
        let sql = format!(
            "SELECT ticket_id, slot, value, code, source FROM ticket_fields WHERE ticket_id IN ({list})"
        );
        let query = sqlx::query_as(sqlx::AssertSqlSafe(sql)).persistent(false);
        let fields: Vec<FieldRow> = query.fetch_all(&self.readers).await?;
        let mut own: std::collections::HashMap<i64, Vec<FieldRow>> = Default::default();
        for field in fields {
            own.entry(field.ticket_id).or_default().push(field);
        }
        for row in &mut rows {
            row.fields = own.remove(&row.id).unwrap_or_default();
            if row.is_sealed() {
                row.fields.retain(|field| field.slot == "matter_type");
                row.result = None;
            }
        }
        Ok(rows)
    }
}

/// The query of [`Store::unit_tickets`], with what is bound to it.
pub fn unit_sql<'a>(
    unit: Option<&'a str>,
    show: Show<'a>,
    marks: Marks,
    after: Key,
    limit: i64,
) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new(format!("SELECT {COLUMNS} FROM tickets WHERE "));
    match unit {
        Some(unit) => sql.push("unit = ").push_bind(unit),
        None => sql.push("unit IS NULL"),
    };
    let order = match show {
        Show::Due { lamp, duty, state } => {
            sql.push(" AND due_at IS NOT NULL AND (due_at, id) > (").push_bind(after.due_at);
            sql.push(", ").push_bind(after.id).push(")");
            lamp_sql(&mut sql, lamp, marks);
            for (column, value) in [("duty", duty), ("state", state)] {
                if !value.is_empty() {
                    sql.push(format!(" AND {column} = ")).push_bind(value);
                }
            }
            "due_at, id"
        }
        Show::Held => {
            sql.push(" AND duty IS NOT NULL AND due_at IS NULL AND id > ").push_bind(after.id);
            "id"
        }
        Show::State(state) => {
            sql.push(" AND state = ").push_bind(state);
            if after != Key::FIRST {
                sql.push(" AND id < ").push_bind(after.id);
            }
            "id DESC"
        }
    };
    sql.push(format!(" ORDER BY {order} LIMIT ")).push_bind(limit);
    sql
}

/// The condition of a light, but for the due moment that every row has.
fn lamp_sql(sql: &mut QueryBuilder<Sqlite>, lamp: Lamp, marks: Marks) {
    let now = marks.now.unix_ms;
    let (at_most, after) = match lamp {
        Lamp::Any => (None, None),
        Lamp::Red => (Some(now), None),
        Lamp::Yellow | Lamp::Green => (None, Some(now)),
        Lamp::Today => (Some(marks.today.unix_ms), Some(now)),
        Lamp::Week => (Some(marks.week.unix_ms), Some(now)),
    };
    for (condition, value) in [(" AND due_at <= ", at_most), (" AND due_at > ", after)] {
        if let Some(value) = value {
            sql.push(condition).push_bind(value);
        }
    }
    match lamp {
        Lamp::Yellow => {
            sql.push(" AND yellow_at <= ").push_bind(now);
        }
        Lamp::Green => {
            sql.push(" AND (yellow_at IS NULL OR yellow_at > ").push_bind(now).push(")");
        }
        _ => {}
    }
}
