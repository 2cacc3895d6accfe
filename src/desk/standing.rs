//! 进展: how a ticket stands, as its citizen may know it: the steps and when they were, who is responsible, by when there will
//! be an answer. No names, and nothing of what staff write to each other.

use super::rulebook::Rulebook;
use super::ticket::{Ticket, TicketState};
use crate::kernel::{Filled, Pii, Slot, TicketId, Wall};

/// A step of a ticket's life that its citizen is told of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Step {
    /// 登记.
    Registered,
    /// 派单.
    Dispatched,
    /// 签收.
    Signed,
    /// 办理.
    Handling,
    /// 延期.
    Extended,
    /// 答复.
    Answered,
    /// 办结.
    Closed,
    /// 回访.
    CalledBack,
    /// 重办.
    Reopened,
    /// 不予派单: told with the right way.
    Told,
    /// 合并: handled together with others of its kind.
    Merged,
}

impl Step {
    pub const ALL: [Step; 11] = [
        Step::Registered,
        Step::Dispatched,
        Step::Signed,
        Step::Handling,
        Step::Extended,
        Step::Answered,
        Step::Closed,
        Step::CalledBack,
        Step::Reopened,
        Step::Told,
        Step::Merged,
    ];

    pub const fn key(self) -> &'static str {
        match self {
            Step::Registered => "registered",
            Step::Dispatched => "dispatched",
            Step::Signed => "signed",
            Step::Handling => "handling",
            Step::Extended => "extended",
            Step::Answered => "answered",
            Step::Closed => "closed",
            Step::CalledBack => "called_back",
            Step::Reopened => "reopened",
            Step::Told => "told",
            Step::Merged => "merged",
        }
    }

    /// The step that an event of this kind is; `None` for what stays among staff.
    pub fn of_event(kind: &str) -> Option<Step> {
        match kind {
            // A call that broke off: what was told is kept for a person. An objection that was upheld: it is dispatched anew.
            "interrupted" | "objection_upheld" => Some(Step::Registered),
            "taken" | "worked" => Some(Step::Handling),
            "transferred" => Some(Step::Dispatched),
            "extension_granted" => Some(Step::Extended),
            kind => Step::ALL.into_iter().find(|step| step.key() == kind),
        }
    }

    /// Nothing more is to come by itself.
    pub const fn is_over(self) -> bool {
        matches!(self, Step::Closed | Step::CalledBack | Step::Told | Step::Merged)
    }
}

/// How one ticket stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    pub ticket: TicketId,
    pub opened: Wall,
    /// In their order, the first being the registration; a step that follows itself stands once, with its first time.
    pub steps: Vec<(Step, Wall)>,
    /// 承办单位.
    pub unit: Option<String>,
    /// By when an answer is promised.
    pub due: Option<Wall>,
    /// What it is about, in a few words.
    pub subject: Option<String>,
    /// 举报: the identity of who reported is sealed.
    pub secret: bool,
}

impl Standing {
    /// `events`: kind and time, in their order.
    pub fn new<'a>(
        ticket: TicketId,
        opened: Wall,
        events: impl IntoIterator<Item = (&'a str, Wall)>,
    ) -> Standing {
        let mut steps = vec![(Step::Registered, opened)];
        for (kind, at) in events {
            if let Some(step) = Step::of_event(kind)
                && steps.last().is_some_and(|(last, _)| *last != step)
            {
                steps.push((step, at));
            }
        }
        Standing { ticket, opened, steps, unit: None, due: None, subject: None, secret: false }
    }

    /// Of a ticket, with what its rules say is promised. `events`: kind and time, in their order.
    pub fn of<'a>(
        ticket: &Ticket,
        events: impl IntoIterator<Item = (&'a str, Wall)>,
        rules: Option<&Rulebook>,
    ) -> Standing {
        let field = |slot| ticket.fields.get(&slot).map(|filled: &Filled| filled.value.clone());
        let told = !ticket.secret;
        // Before it is dispatched, or dispatched anew, nobody is responsible yet.
        let owned = told && ticket.state != TicketState::Registered;
        let owner = ticket.assignment().filter(|_| owned).map(|to| to.owner.name.clone());
        Standing {
            unit: owner.or_else(|| field(Slot::Unit).filter(|_| told)),
            subject: field(Slot::Category).or_else(|| field(Slot::MatterType)).filter(|_| told),
            due: rules.and_then(|rules| rules.promised(ticket)),
            secret: ticket.secret,
            ..Standing::new(ticket.id, ticket.opened, events)
        }
    }

    /// The last step and when it was.
    pub fn now(&self) -> (Step, Wall) {
        self.steps.last().copied().unwrap_or((Step::Registered, self.opened))
    }

    pub fn is_open(&self) -> bool {
        !self.now().0.is_over()
    }
}

/// A ticket's standing, and by what its citizen is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    pub standing: Standing,
    /// The number to call back, as [`plain_number`] writes it.
    pub number: Option<Pii<String>>,
}

impl Known {
    /// A ticket and what its citizen is known by. See [`Standing::of`].
    pub fn of<'a>(
        ticket: &Ticket,
        events: impl IntoIterator<Item = (&'a str, Wall)>,
        rules: Option<&Rulebook>,
    ) -> Known {
        let number = ticket.fields.get(&Slot::Number);
        let number = number.map(|n| plain_number(n.code.as_deref().unwrap_or(&n.value)));
        Known { standing: Standing::of(ticket, events, rules), number: number.map(Pii::new) }
    }

    /// These are the last four digits of its number.
    pub fn ends_with(&self, digits: &str) -> bool {
        let four = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit());
        four && self.number.as_ref().is_some_and(|number| same_end(number.reveal(), digits))
    }

    /// It is this number's, however the network writes it.
    pub fn is_of(&self, number: &str) -> bool {
        let wanted = plain_number(number);
        wanted.len() >= 7 && self.number.as_ref().is_some_and(|own| *own.reveal() == wanted)
    }
}

/// Takes the same time wherever they differ.
fn same_end(number: &str, digits: &str) -> bool {
    let end = number.len().checked_sub(digits.len()).and_then(|at| number.get(at..));
    end.is_some_and(|end| {
        end.bytes().zip(digits.bytes()).fold(0_u8, |differ, (a, b)| differ | (a ^ b)) == 0
    })
}

/// The digits of a number; of a mobile one (eleven digits, beginning with 1) without the country's code and without a
/// long-distance 0, so that the same telephone is the same text.
pub fn plain_number(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let national = ["0086", "86", "0"].into_iter().find_map(|prefix| {
        digits.strip_prefix(prefix).filter(|rest| rest.len() == 11 && rest.starts_with('1'))
    });
    national.map(str::to_owned).unwrap_or(digits)
}

/// What a caller wants to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Query {
    /// The number calling; `None` when it is withheld.
    pub number: Option<Pii<String>>,
    /// `None`: whatever is this number's.
    pub ticket: Option<TicketId>,
    /// The last digits of the contact number, as told.
    pub last_four: Option<Pii<String>>,
}

/// What may be told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    Ticket {
        standing: Box<Standing>,
        /// Other open tickets of the number calling.
        others: usize,
    },
    /// It is another's, or a report: only told with the last four digits of its contact number.
    Locked,
    Nothing,
    /// The store did not answer.
    Failed,
}

/// What may be told of `known`: all tickets of the number calling, or the one that was asked for. By the number calling alone
/// a report is never told: whoever holds the telephone need not be who reported.
pub fn answer(query: &Query, known: Vec<Known>) -> Found {
    let number = query.number.as_ref().map_or("", |number| number.reveal());
    let Some(ticket) = query.ticket else {
        let mut own: Vec<Standing> =
            known.into_iter().filter(|k| k.is_of(number)).map(|k| k.standing).collect();
        own.retain(|standing| !standing.secret);
        own.sort_by_key(|standing| (!standing.is_open(), std::cmp::Reverse(standing.ticket)));
        let open = own.iter().filter(|standing| standing.is_open()).count();
        return match own.into_iter().next() {
            Some(first) => {
                Found::Ticket { standing: Box::new(first), others: open.saturating_sub(1) }
            }
            None => Found::Nothing,
        };
    };
    let Some(known) = known.into_iter().find(|known| known.standing.ticket == ticket) else {
        return Found::Nothing;
    };
    let told = query.last_four.as_ref().is_some_and(|four| known.ends_with(four.reveal()));
    match (known.is_of(number) && !known.standing.secret, told) {
        (true, _) => Found::Ticket { standing: Box::new(known.standing), others: 0 },
        (false, true) => {
            let standing = Standing { subject: None, ..known.standing };
            Found::Ticket { standing: Box::new(standing), others: 0 }
        }
        (false, false) => Found::Locked,
    }
}
