//! Accounts and the browsers that are logged in with them. Whatever takes something from an account ends its sessions in
//! the same transaction.

use sqlx::{FromRow, SqliteConnection};

use super::{Store, StoreError};
use crate::access::{Account, AccountId, Posting, Role, Secret, Session};
use crate::kernel::limits::SESSIONS_PER_ACCOUNT;
use crate::kernel::{AgentId, Pii, Wall};

/// An account with what it proves itself by.
#[derive(Clone, Debug)]
pub struct Keys {
    pub account: Account,
    /// PHC string.
    pub password: Pii<String>,
    /// Confirmed.
    pub second: Option<Secret>,
    /// Handed out, and not confirmed yet.
    pub pending: Option<Secret>,
    /// The last step of TOTP that counted.
    pub used_step: i64,
}

/// What a new account is made of.
#[derive(Clone, Debug)]
pub struct NewAccount<'a> {
    /// Checked.
    pub name: &'a str,
    pub display: &'a str,
    pub posting: &'a Posting,
    /// PHC string.
    pub password: &'a str,
    pub must_change: bool,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    name: String,
    display: String,
    role: String,
    unit: Option<String>,
    agent: Option<i64>,
    password: String,
    must_change: bool,
    disabled: bool,
    totp: Option<String>,
    totp_pending: Option<String>,
    totp_step: i64,
}

const COLUMNS: &str = "a.id, a.name, a.display, a.role, a.unit, a.agent, a.password,
    a.must_change <> 0 AS must_change, a.disabled <> 0 AS disabled, a.totp, a.totp_pending, a.totp_step";

fn unknown(column: &'static str, value: String) -> StoreError {
    StoreError::Unknown { table: "accounts", column, value }
}

impl Row {
    fn keys(self) -> Result<Keys, StoreError> {
        let role: Role = self.role.parse().map_err(|_| unknown("role", self.role.clone()))?;
        let agent = self.agent.map(|agent| AgentId(agent.max(0) as u64));
        let posting = Posting::new(role, self.unit, agent);
        let posting =
            posting.map_err(|error| unknown("role", format!("{}: {error}", self.role)))?;
        let secret = |column, text: Option<String>| {
            let read = text.map(|text| Secret::parse(&text)).transpose();
            read.map_err(|_| unknown(column, "…".to_owned()))
        };
        let second = secret("totp", self.totp)?;
        Ok(Keys {
            account: Account {
                id: AccountId(self.id.max(0) as u64),
                name: self.name,
                display: self.display,
                posting,
                must_change: self.must_change,
                disabled: self.disabled,
                has_second_factor: second.is_some(),
            },
            password: Pii::new(self.password),
            second,
            pending: secret("totp_pending", self.totp_pending)?,
            used_step: self.totp_step,
        })
    }
}

async fn end_all(db: &mut SqliteConnection, id: AccountId, but: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM sessions WHERE account_id = $1 AND digest <> $2")
        .bind(id.0 as i64)
        .bind(but)
        .execute(db)
        .await?;
    Ok(())
}

impl Store {
    pub async fn has_accounts(&self) -> Result<bool, StoreError> {
        let any: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM (SELECT 1 FROM accounts LIMIT 1)")
            .fetch_one(&self.readers)
            .await?;
        Ok(any > 0)
    }

    pub async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM accounts a ORDER BY a.disabled, a.role, a.name");
        let rows: Vec<Row> =
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(&self.readers).await?;
        rows.into_iter().map(|row| Ok(row.keys()?.account)).collect()
    }

    pub async fn account(&self, id: AccountId) -> Result<Option<Keys>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM accounts a WHERE a.id = $1");
        let query = sqlx::query_as::<_, Row>(sqlx::AssertSqlSafe(sql)).bind(id.0 as i64);
        query.fetch_optional(&self.readers).await?.map(Row::keys).transpose()
    }

    /// `name`: checked.
    pub async fn account_named(&self, name: &str) -> Result<Option<Keys>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM accounts a WHERE a.name = $1");
        let query = sqlx::query_as::<_, Row>(sqlx::AssertSqlSafe(sql)).bind(name);
        query.fetch_optional(&self.readers).await?.map(Row::keys).transpose()
    }

    /// `None`: the name is taken.
    pub async fn add_account(
        &self,
        new: &NewAccount<'_>,
        now: Wall,
    ) -> Result<Option<AccountId>, StoreError> {
        let added: Option<i64> = sqlx::query_scalar(
            "INSERT INTO accounts (id, name, display, role, unit, agent, password, must_change, disabled,
               totp_step, created_at, changed_at)
             VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM accounts), $1, $2, $3, $4, $5, $6, $7, 0, 0, $8, $8)
             ON CONFLICT (name) DO NOTHING RETURNING id",
        )
        .bind(new.name)
        .bind(new.display)
        .bind(new.posting.role().key())
        .bind(new.posting.unit())
        .bind(new.posting.agent().map(|agent| agent.0 as i64))
        .bind(new.password)
        .bind(i64::from(new.must_change))
        .bind(now.unix_ms)
        .fetch_optional(&self.writer)
        .await?;
        Ok(added.map(|id| AccountId(id.max(0) as u64)))
    }

    /// Gives an account another post; it logs in anew.
    pub async fn post_account(
        &self,
        id: AccountId,
        display: &str,
        posting: &Posting,
        now: Wall,
    ) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin().await?;
        sqlx::query(
            "UPDATE accounts SET display = $2, role = $3, unit = $4, agent = $5, changed_at = $6 WHERE id = $1",
        )
        .bind(id.0 as i64)
        .bind(display)
        .bind(posting.role().key())
        .bind(posting.unit())
        .bind(posting.agent().map(|agent| agent.0 as i64))
        .bind(now.unix_ms)
        .execute(&mut *transaction)
        .await?;
        end_all(&mut transaction, id, "").await?;
        Ok(transaction.commit().await?)
    }

    pub async fn disable_account(
        &self,
        id: AccountId,
        disabled: bool,
        now: Wall,
    ) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin().await?;
        sqlx::query("UPDATE accounts SET disabled = $2, changed_at = $3 WHERE id = $1")
            .bind(id.0 as i64)
            .bind(i64::from(disabled))
            .bind(now.unix_ms)
            .execute(&mut *transaction)
            .await?;
        end_all(&mut transaction, id, "").await?;
        Ok(transaction.commit().await?)
    }

    /// `password`: PHC string; `but`: the digest of the one session that goes on, or nothing.
    pub async fn set_password(
        &self,
        id: AccountId,
        password: &str,
        must_change: bool,
        but: &str,
        now: Wall,
    ) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin().await?;
        sqlx::query(
            "UPDATE accounts SET password = $2, must_change = $3, changed_at = $4 WHERE id = $1",
        )
        .bind(id.0 as i64)
        .bind(password)
        .bind(i64::from(must_change))
        .bind(now.unix_ms)
        .execute(&mut *transaction)
        .await?;
        end_all(&mut transaction, id, but).await?;
        Ok(transaction.commit().await?)
    }

    /// A secret that is handed out; it counts when a code of it was given.
    pub async fn offer_second(&self, id: AccountId, secret: &Secret) -> Result<(), StoreError> {
        sqlx::query("UPDATE accounts SET totp_pending = $2 WHERE id = $1")
            .bind(id.0 as i64)
            .bind(secret.base32())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// The secret that was handed out counts from now on; `step` was given with it. Other sessions end.
    pub async fn confirm_second(
        &self,
        id: AccountId,
        step: i64,
        but: &str,
        now: Wall,
    ) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin().await?;
        sqlx::query(
            "UPDATE accounts SET totp = totp_pending, totp_pending = NULL, totp_step = $2, changed_at = $3
             WHERE id = $1 AND totp_pending IS NOT NULL",
        )
        .bind(id.0 as i64)
        .bind(step)
        .bind(now.unix_ms)
        .execute(&mut *transaction)
        .await?;
        end_all(&mut transaction, id, but).await?;
        Ok(transaction.commit().await?)
    }

    /// The account has no second factor any more.
    pub async fn forget_second(
        &self,
        id: AccountId,
        but: &str,
        now: Wall,
    ) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin().await?;
        sqlx::query(
            "UPDATE accounts SET totp = NULL, totp_pending = NULL, changed_at = $2 WHERE id = $1",
        )
        .bind(id.0 as i64)
        .bind(now.unix_ms)
        .execute(&mut *transaction)
        .await?;
        end_all(&mut transaction, id, but).await?;
        Ok(transaction.commit().await?)
    }

    /// A code counts: false where that step, or a later one, has counted already.
    pub async fn use_step(&self, id: AccountId, step: i64) -> Result<bool, StoreError> {
        let done =
            sqlx::query("UPDATE accounts SET totp_step = $2 WHERE id = $1 AND totp_step < $2")
                .bind(id.0 as i64)
                .bind(step)
                .execute(&self.writer)
                .await?;
        Ok(done.rows_affected() > 0)
    }

    /// A browser has logged in. The account's oldest ones beyond the bound are forgotten, and so is what began before `since`.
    pub async fn begin_session(
        &self,
        digest: &str,
        account: AccountId,
        address: &str,
        now: Wall,
        since: Wall,
    ) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin().await?;
        sqlx::query("DELETE FROM sessions WHERE begun_at < $1")
            .bind(since.unix_ms)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "INSERT INTO sessions (digest, account_id, address, begun_at, seen_at) VALUES ($1, $2, $3, $4, $4)",
        )
        .bind(digest)
        .bind(account.0 as i64)
        .bind(address)
        .bind(now.unix_ms)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "DELETE FROM sessions WHERE account_id = $1 AND digest NOT IN (SELECT digest FROM sessions
               WHERE account_id = $1 ORDER BY begun_at DESC, digest LIMIT $2)",
        )
        .bind(account.0 as i64)
        .bind(SESSIONS_PER_ACCOUNT)
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    /// Whose session this is; nobody's where the account is disabled.
    pub async fn session(&self, digest: &str) -> Result<Option<(Session, Account)>, StoreError> {
        #[derive(FromRow)]
        struct Of {
            begun_at: i64,
            seen_at: i64,
            #[sqlx(flatten)]
            row: Row,
        }
        let sql = format!(
            "SELECT s.begun_at, s.seen_at, {COLUMNS} FROM sessions s JOIN accounts a ON a.id = s.account_id
             WHERE s.digest = $1 AND a.disabled = 0"
        );
        let query = sqlx::query_as::<_, Of>(sqlx::AssertSqlSafe(sql)).bind(digest);
        let Some(of) = query.fetch_optional(&self.readers).await? else { return Ok(None) };
        let session =
            Session { begun: Wall::from_ms(of.begun_at), seen: Wall::from_ms(of.seen_at) };
        Ok(Some((session, of.row.keys()?.account)))
    }

    pub async fn note_session(&self, digest: &str, now: Wall) -> Result<(), StoreError> {
        sqlx::query("UPDATE sessions SET seen_at = $2 WHERE digest = $1")
            .bind(digest)
            .bind(now.unix_ms)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    pub async fn end_session(&self, digest: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sessions WHERE digest = $1")
            .bind(digest)
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}
