//! What a restart finds of callbacks, and what they are made with.

use std::sync::Arc;

use crate::desk::clock::{Calling, Pack, Span};
use crate::kernel::calendar::Calendar;
use crate::kernel::{CampaignId, Pii, SurveyId, TicketId, Wall};
use crate::survey::SurveyError;
use crate::survey::campaign::{Plan, Repeats};
use crate::survey::schedule::{Days, Window};
use crate::survey::verify::Verification;

/// When and how citizens are called back.
#[derive(Clone, Debug)]
pub struct CallbackRules {
    /// From the ticket's closing to the first attempt.
    pub delay_ms: i64,
    /// Hours, days and spacing of attempts.
    pub window: Window,
    /// Callbacks at once, so that citizens who call in find a line.
    pub lines: usize,
    /// Callbacks begun within any minute.
    pub per_minute: usize,
    pub repeats: Repeats,
    /// The desk that looks into unhappy answers until somebody else is named.
    pub verifier: String,
    pub calendar: Arc<Calendar>,
    /// Gives the limit of a verification; without one it is five working days.
    pub pack: Option<Arc<Pack>>,
}

impl Default for CallbackRules {
    fn default() -> Self {
        CallbackRules {
            delay_ms: 60_000,
            window: Window::default(),
            lines: 2,
            per_minute: 12,
            repeats: Repeats::default(),
            verifier: "回访核实组".to_owned(),
            calendar: Arc::default(),
            pack: None,
        }
    }
}

/// The window that a rule pack gives.
pub fn window_of(calling: &Calling) -> Result<Window, SurveyError> {
    let days = if calling.working_days_only { Days::Working } else { Days::All };
    let window = Window::new(&calling.opens, &calling.closes)?.on(days);
    let spacing = |span: Span| span.bounds().0;
    window.attempts(calling.per_day as usize, calling.in_all as usize, spacing(calling.spacing))
}

/// What a restart finds in the store, beside the callbacks that are not over.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CallbacksLeft {
    /// The next free number of a campaign.
    pub next_campaign: u64,
    /// Who asked not to be called any more.
    pub do_not_call: Vec<Pii<String>>,
    /// Verifications that are not closed.
    pub verifications: Vec<Verification>,
    /// Samples that are announced and not drawn.
    pub announced: Vec<(CampaignId, Plan)>,
    /// Drawn tickets that no callback was planned for yet.
    pub unplanned: Vec<(CampaignId, TicketId)>,
    /// Callbacks that staff wanted and that were not planned yet.
    pub wanted: Vec<(SurveyId, TicketId)>,
    /// Callbacks dialled within two days of the last: number and moment.
    pub dialled: Vec<(Pii<String>, Wall)>,
    /// The first closed case of each number and category, of the last 90 days.
    pub first_cases: Vec<(Pii<String>, String, TicketId)>,
}
