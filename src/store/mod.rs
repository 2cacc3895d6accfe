//! What is kept: calls, words, tickets, callbacks, in SQLite beside the program. One writer, many readers, write-ahead log;
//! a row exists as soon as it is true. The SQL is the common part of SQLite and PostgreSQL.

mod accounts;
mod audit;
mod beside_talk;
mod board;
mod callbacks;
mod deeds;
mod export;
mod knowledge;
mod outbox;
mod payload;
mod people;
mod queue;
mod rates;
mod read;
mod records;
mod related;
mod standing;
mod surveys;
mod theirs;
mod tickets;
mod upkeep;
mod write;

pub use beside_talk::{HitRow, PhotoRow, ThumbRow, photo_path};
pub use board::{
    BoardRow, Key, LIGHTS_SQL, Lamp, LightsRow, Marks, NEXT_DUE_SQL, Show, is_done, unit_sql,
};
pub use export::{AnswerOut, Opened, Wanted};
pub use accounts::{Keys, NewAccount};
pub use audit::{Audit, Finding};
pub use callbacks::{CampaignRow, Drawn, MemberRow, ReviewRow, Which};
pub use deeds::{Deed, DeedRow, WhichDeeds};
pub use knowledge::{KnowledgeEvent, KnowledgeRow, Taken, UnansweredRow};
pub use outbox::{DueMessage, MessageRow};
pub use people::{AgentMessageRow, PartyRow};
pub use queue::{Hall, IN_TIME_MS, RobotDay};
pub use rates::{CallCount, Counted};
pub use read::{
    AgentRow, AnswerRow, AttemptRow, CallRow, EventRow, EvidenceRow, FieldRow, Figures, SurveyRow,
    TicketRow, TurnRow, VerificationRow,
};
pub use related::{Beside, BesideRow};
pub use theirs::is_units;
pub use upkeep::{OverRow, OverdueRow};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::desk::{DeskError, Rulebook};
use crate::kernel::{CallId, TicketId};

use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(
        "the store {path} cannot be opened: {source}; check that the folder exists, is writable and has room"
    )]
    Open { path: PathBuf, source: sqlx::Error },
    #[error("the store {path} cannot be brought up to date: {source}")]
    Migrate { path: PathBuf, source: sqlx::migrate::MigrateError },
    #[error(
        "the store {path} was written by an older version; start `huiyin serve` on it once, which brings it up to date"
    )]
    Old { path: PathBuf },
    #[error("the store failed: {0}")]
    Sql(#[from] sqlx::Error),
    #[error("the store holds {table}.{column} = {value:?}, which this version does not know")]
    Unknown { table: &'static str, column: &'static str, value: String },
    #[error(
        "event {seq} of ticket {ticket} cannot be read: {problem}; it was written by another version, or changed by hand"
    )]
    Payload { ticket: TicketId, seq: i64, problem: String },
    #[error("ticket {ticket} cannot be rebuilt from its events: {source}")]
    Fold { ticket: TicketId, source: DeskError },
}

/// Where the recording of a call lies below the folder of recordings.
pub fn recording_path(dir: &Path, call: CallId) -> PathBuf {
    dir.join(format!("{call}.wav"))
}

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations");

#[derive(Clone, Debug)]
pub struct Store {
    /// One connection: SQLite has one writer.
    writer: SqlitePool,
    readers: SqlitePool,
    /// Nothing, until [`Store::telling`].
    told: outbox::Told,
    /// By which it is told when an answer is promised. None, until [`Store::ruled_by`].
    rules: Option<Arc<Rulebook>>,
}

impl Store {
    /// Opens the file, makes it where there is none, and brings it up to date.
    pub async fn open(path: &Path) -> Result<Store, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A committed ticket survives the power failing, not only the process.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true);
        let opened = |source| StoreError::Open { path: path.into(), source };
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options.clone())
            .await
            .map_err(opened)?;
        MIGRATIONS
            .run(&writer)
            .await
            .map_err(|source| StoreError::Migrate { path: path.into(), source })?;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options.read_only(true))
            .await
            .map_err(opened)?;
        let store = Store { writer, readers, told: outbox::Told::default(), rules: None };
        store.carry_over().await?;
        store.adopt_records().await?;
        Ok(store)
    }

    /// Opens a file that is there for reading alone, also while a service runs on it. One that an older version wrote is
    /// refused.
    pub async fn look(path: &Path) -> Result<Store, StoreError> {
        let opened = |source| StoreError::Open { path: path.into(), source };
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        let readers = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
        let readers = readers.map_err(opened)?;
        let applied: Result<i64, _> = sqlx::query_scalar("SELECT COUNT(*) FROM _sqlx_migrations")
            .fetch_one(&readers)
            .await;
        if applied.map_err(opened)? < MIGRATIONS.iter().count() as i64 {
            return Err(StoreError::Old { path: path.into() });
        }
        Ok(Store { writer: readers.clone(), readers, told: outbox::Told::default(), rules: None })
    }

    /// From here on the store tells by these rules when an answer is promised.
    pub fn ruled_by(self, rules: Arc<Rulebook>) -> Store {
        Store { rules: Some(rules), ..self }
    }

    /// What promises are told by, where there is any.
    pub fn rulebook(&self) -> Option<&Arc<Rulebook>> {
        self.rules.as_ref()
    }

    /// Waits for what is under way and closes the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}
