//! Ids: numbers with a kind, so that a call can never be taken for a ticket.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $letter:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($letter, "{}"), self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(s: &str) -> Result<Self, String> {
                let digits = s.strip_prefix($letter).unwrap_or(s);
                digits.parse().map($name).map_err(|_| {
                    format!(concat!("{:?} is not an id like ", $letter, "12"), s)
                })
            }
        }
    };
}

id!(
    /// One citizen's conversation with the service, over one or more legs.
    CallId, "C"
);
id!(
    /// One SIP dialog with its media: the caller's leg, the agent's leg.
    LegId, "L"
);
id!(
    /// 工单. Its number is `YYMMDD` and a four-digit sequence of the day, so that it can be spoken.
    TicketId, "T"
);
id!(
    /// 回访: one callback about one ticket.
    SurveyId, "S"
);
id!(
    /// 核实: one verification of one unhappy answer.
    VerificationId, "V"
);
id!(
    /// 抽样回访: one campaign of callbacks, with one draw.
    CampaignId, "K"
);
id!(
    /// 话务员: an agent, by work number.
    AgentId, "A"
);
