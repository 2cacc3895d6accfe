//! 别再打: numbers that are not called any more, whatever the matter, until their citizen says otherwise.

use super::super::{Fact, Hotline};
use super::Callback;
use crate::desk::{DeskError, Ticket};
use crate::kernel::{Pii, Slot, SurveyId};

impl Hotline {
    /// This number is not called back any more, about nothing.
    pub(in crate::hotline) fn stop_calling(
        &mut self,
        number: Pii<String>,
        survey: Option<SurveyId>,
        by: String,
        why: String,
    ) {
        let at = self.wall;
        let plain = plain_number(number.reveal());
        if !self.callbacks.do_not_call.insert(plain.clone()) {
            return;
        }
        self.keep(Fact::DoNotCall { number: plain.clone(), on: true, survey, why, by, at });
        let theirs = |c: &Callback| {
            let number = self.tickets.get(&c.ticket).and_then(number_of);
            c.call.is_none() && number.is_some_and(|n| plain_number(n.reveal()) == plain)
        };
        let pending = self.callbacks.pending.iter().filter(|(_, c)| theirs(c));
        let over: Vec<_> = pending.map(|(survey, c)| (*survey, c.ticket, c.origin)).collect();
        for (survey, ticket, origin) in over {
            self.survey_over(survey, ticket, origin, "do_not_call");
        }
    }

    /// The citizen wants to be called again, and says so to a member of staff.
    pub(in crate::hotline) fn call_again(
        &mut self,
        number: &Pii<String>,
        by: String,
        why: String,
    ) -> Result<(), DeskError> {
        let at = self.wall;
        let number = plain_number(number.reveal());
        if !self.callbacks.do_not_call.remove(&number) {
            let problem = "this number is not on the list of those who are not called".to_owned();
            return Err(DeskError::Refused { code: "not_found", problem });
        }
        self.keep(Fact::DoNotCall { number, on: false, survey: None, why, by, at });
        Ok(())
    }
}

/// The number to call: what the caller said counts more than what the network said, and either stands there.
pub(in crate::hotline) fn number_of(ticket: &Ticket) -> Option<Pii<String>> {
    let filled = ticket.fields.get(&Slot::Number)?;
    Some(Pii::new(filled.code.clone().unwrap_or_else(|| filled.value.clone())))
}

/// The digits that two writings of one number share: +86 138 0013 8000, 008613800138000 and 13800138000 are one.
pub(in crate::hotline) fn plain_number(number: &str) -> Pii<String> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let without = digits.strip_prefix("0086").or_else(|| digits.strip_prefix("86"));
    match without {
        Some(national) if national.len() >= 10 => Pii::new(national.to_owned()),
        _ => Pii::new(digits),
    }
}
