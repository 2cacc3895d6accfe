//! Roles, what there is to be granted, and the one table that puts both together.
//!
//! Duties are separated as 等级保护 (GB/T 22239-2019, 8.1.5) asks: who manages accounts sees no caller's data and no audit,
//! who reads the audit changes nothing.

use std::fmt;
use std::str::FromStr;

use super::AccessError;
use crate::kernel::AgentId;

/// What somebody is employed as.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// Anybody out there, through a program of ours: what is public, nothing else.
    CallerPublic,
    /// 坐席: answers calls.
    Agent,
    /// 派单: dispatches tickets and follows them.
    Desk,
    /// 承办单位: sees and handles its own tickets alone.
    Unit,
    /// 班长 / 督办: runs the hall and the limits.
    Supervisor,
    /// 审计: reads the audit.
    Auditor,
    /// 管理: keeps the accounts.
    Admin,
}

impl Role {
    pub const ALL: [Role; 7] = [
        Role::CallerPublic,
        Role::Agent,
        Role::Desk,
        Role::Unit,
        Role::Supervisor,
        Role::Auditor,
        Role::Admin,
    ];

    pub const fn key(self) -> &'static str {
        match self {
            Role::CallerPublic => "caller_public",
            Role::Agent => "agent",
            Role::Desk => "desk",
            Role::Unit => "unit",
            Role::Supervisor => "supervisor",
            Role::Auditor => "auditor",
            Role::Admin => "admin",
        }
    }

    /// What the table gives this role.
    pub fn grants(self) -> Grants {
        let own = TABLE.iter().filter(|(_, roles)| roles.contains(&self));
        own.fold(Grants::NONE, |grants, (grant, _)| grants.with(*grant))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

impl FromStr for Role {
    type Err = AccessError;

    fn from_str(text: &str) -> Result<Role, AccessError> {
        let found = Role::ALL.into_iter().find(|role| role.key() == text);
        found.ok_or_else(|| AccessError::Role(text.to_owned()))
    }
}

/// Something that may be done.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Grant {
    /// What anybody may know: tickets as Open311, without callers.
    ReadOpenData,
    /// Calls, who waits, the day in figures; numbers masked.
    SeeCalls,
    /// The live feed: of a unit its own tickets alone.
    FollowLive,
    /// Recordings: of an agent those of the calls that they had.
    HearCalls,
    /// 监听, 耳语, 插话, 接管, and write to agents: each listening is an audit event.
    WatchCalls,
    /// Be on duty and away, take calls: of an agent their own work number.
    WorkPhone,
    /// Tickets: of a unit its own alone.
    SeeTickets,
    /// Edit fields, close and reopen.
    HandleTickets,
    /// Register, dispatch, tell, merge, seal, archive, have somebody called back.
    Dispatch,
    /// What a unit does: sign, assign, work, object, answer.
    WorkForUnit,
    /// Decide on objections and extensions, convene, unseal.
    Decide,
    /// 督办.
    Supervise,
    /// A number or a name in full, one by one; each is an audit event.
    Unmask,
    /// Who made a sealed report, one by one; each is an audit event.
    OpenIdentity,
    SeeCallbacks,
    /// Follow the chain of survey records.
    AuditCallbacks,
    /// Verifications, samples, who is not called any more.
    HandleCallbacks,
    /// Lights, rates, plots.
    SeeFigures,
    /// The lights and lists of units: of a unit its own alone.
    SeeUnits,
    /// Tables that leave the house; each is an audit event.
    Export,
    SeeKnowledge,
    EditKnowledge,
    SeeMessages,
    ReadAudit,
    ManageAccounts,
}

use Grant as G;
use Role::{Admin, Agent, Auditor, CallerPublic, Desk, Supervisor, Unit};

/// The permissions: what may be done, and by whom. What is not here is granted to nobody.
const TABLE: &[(Grant, &[Role])] = &[
    (G::ReadOpenData, &[CallerPublic, Agent, Desk, Supervisor]),
    (G::SeeCalls, &[Agent, Desk, Supervisor]),
    (G::FollowLive, &[Agent, Desk, Unit, Supervisor]),
    (G::HearCalls, &[Agent, Desk, Supervisor]),
    (G::WatchCalls, &[Supervisor]),
    (G::WorkPhone, &[Agent, Supervisor]),
    (G::SeeTickets, &[Agent, Desk, Unit, Supervisor]),
    (G::HandleTickets, &[Agent, Desk, Unit, Supervisor]),
    (G::Dispatch, &[Agent, Desk, Supervisor]),
    (G::WorkForUnit, &[Desk, Unit, Supervisor]),
    (G::Decide, &[Desk, Supervisor]),
    (G::Supervise, &[Supervisor]),
    (G::Unmask, &[Agent, Desk, Unit, Supervisor]),
    (G::OpenIdentity, &[Desk, Supervisor]),
    (G::SeeCallbacks, &[Desk, Supervisor]),
    (G::AuditCallbacks, &[Desk, Supervisor, Auditor]),
    (G::HandleCallbacks, &[Desk, Supervisor]),
    (G::SeeFigures, &[Desk, Supervisor]),
    (G::SeeUnits, &[Desk, Unit, Supervisor]),
    (G::Export, &[Supervisor]),
    (G::SeeKnowledge, &[Agent, Desk, Unit, Supervisor]),
    (G::EditKnowledge, &[Desk, Supervisor]),
    (G::SeeMessages, &[Desk, Supervisor]),
    (G::ReadAudit, &[Auditor]),
    (G::ManageAccounts, &[Admin]),
];

/// A set of grants.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Grants(u32);

impl Grants {
    pub const NONE: Grants = Grants(0);

    /// Everything: this machine itself before there are accounts.
    pub fn all() -> Grants {
        TABLE.iter().fold(Grants::NONE, |grants, (grant, _)| grants.with(*grant))
    }

    #[must_use]
    pub const fn with(self, grant: Grant) -> Grants {
        Grants(self.0 | (1 << grant as u32))
    }

    pub const fn has(self, grant: Grant) -> bool {
        self.0 & (1 << grant as u32) != 0
    }
}

/// Of which things a grant holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scope {
    All,
    /// The tickets of the unit with this code.
    Unit(String),
    /// The telephone with this work number, and the recordings of the calls that it had. Tickets of all: whoever is called
    /// needs to find the caller's.
    Agent(AgentId),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duties_are_separated() {
        let may = |role: Role, grant: Grant| role.grants().has(grant);
        let callers =
            [G::SeeCalls, G::SeeTickets, G::HearCalls, G::Unmask, G::OpenIdentity, G::Export];
        for grant in callers {
            assert!(
                !may(Admin, grant) && !may(Auditor, grant) && !may(CallerPublic, grant),
                "{grant:?}"
            );
        }
        for role in Role::ALL {
            assert_eq!(may(role, G::ManageAccounts), role == Admin, "{role}");
            assert_eq!(may(role, G::ReadAudit), role == Auditor, "{role}");
            assert_eq!(may(role, G::Export), role == Supervisor, "{role}");
            assert_eq!(role.key().parse::<Role>(), Ok(role));
        }
        assert_eq!(CallerPublic.grants(), Grants::NONE.with(G::ReadOpenData));
        assert!("root".parse::<Role>().is_err());
    }

    #[test]
    fn every_grant_stands_in_the_table_once_and_is_somebodys() {
        let mut seen = Grants::NONE;
        for (grant, roles) in TABLE {
            assert!(!seen.has(*grant), "{grant:?} twice");
            assert!(!roles.is_empty(), "{grant:?} is nobody's");
            seen = seen.with(*grant);
        }
        // ManageAccounts is the last: every bit below its own is set.
        assert_eq!(seen.0, (1u32 << (G::ManageAccounts as u32 + 1)) - 1);
        assert_eq!(seen, Grants::all());
    }
}
