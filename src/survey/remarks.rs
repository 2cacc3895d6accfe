//! What is done with words that are no answer to what was asked: 我在开车, 打错了, 你是机器人吗; and with the answers to
//! the questions beside the grade.

use super::contract::{Answer, Given, SurveyOutcome, Value};
use super::hearing::{self, Remark, says};
use super::machine::Survey;
use super::state::{Ask, State};
use crate::dialogue::{Failing, Line, Tries, Understood, is_doubtful};
use crate::kernel::Moment;

impl Survey {
    /// Takes words that are no answer, beside one, or instead of one. False where they are an answer or nothing known.
    pub(super) fn remarked(
        &mut self,
        now: Moment,
        ask: &Ask,
        tries: Tries,
        u: &Understood,
    ) -> bool {
        let answers = u.reading.grade.is_some() || hearing::solved_named(u).is_some();
        if says(u, Remark::Wrong) && !answers {
            self.line.person = true;
            self.close(now, Line::SurveyWrongPerson, SurveyOutcome::WrongPerson);
        } else if says(u, Remark::Busy) {
            self.goodbye(now, u);
        } else if answers {
            return false;
        } else if says(u, Remark::Fetch) {
            self.wait_for(now, Ask::Adult, Tries::default());
        } else if says(u, Remark::Child) {
            self.ask(now, Vec::new(), Ask::Adult);
        } else if says(u, Remark::Absent) {
            self.close(now, Line::SurveyAbsent, self.outcome_or(SurveyOutcome::Absent));
        } else if says(u, Remark::Robot) {
            self.robot_asked(now, ask);
        } else if says(u, Remark::Who) {
            let notice = self.notice();
            self.again_from(now, vec![notice], ask.clone());
        } else if says(u, Remark::Hello) {
            // Whoever calls out does not hear us: the question once more, as to somebody silent.
            self.ask_again(now, ask.clone(), tries, Failing::Silent);
        } else {
            return false;
        }
        true
    }

    /// The citizen ends the talk: what they answer in the same breath still counts, and nothing more is asked.
    pub(super) fn goodbye(&mut self, now: Moment, u: &Understood) {
        if matches!(self.state, State::Asking { ask: Ask::Adult, .. }) {
            return self.close(now, Line::SurveyChild, SurveyOutcome::Child);
        }
        let given = Given::spoken(&u.utterance);
        let solved = hearing::solved_named(u).filter(|solved| self.solved != Some(*solved));
        let solved = solved.map(|solved| Answer::new(Value::Solved(solved), given.clone()));
        let grade = u.reading.grade.map(|grade| Answer::new(Value::Satisfied(grade), given));
        if let State::Asking { ask: Ask::Back(answers), .. } = self.state.clone() {
            self.unconfirmed(answers);
        }
        self.unconfirmed(solved.into_iter().chain(grade).collect());
        match self.outcome_or(SurveyOutcome::CallLater) {
            SurveyOutcome::Complete if self.solved.is_some() => {
                let unhappy = self.grade.is_some_and(|grade| grade.is_unhappy());
                let line = if unhappy { Line::SurveyThanksUnhappy } else { Line::SurveyThanks };
                self.close(now, line, SurveyOutcome::Complete);
            }
            outcome => self.close(now, Line::SurveyLater, outcome),
        }
    }

    /// An honest answer once; who asks again does not want to talk to a machine.
    fn robot_asked(&mut self, now: Moment, ask: &Ask) {
        if std::mem::replace(&mut self.robot_asked, true) {
            return self.close(now, Line::SurveyToPerson, SurveyOutcome::ToPerson);
        }
        let answer = self.statement(Line::SurveyRobot, &[]);
        self.again_from(now, vec![answer], ask.clone());
    }

    pub(super) fn reason_heard(&mut self, now: Moment, u: &Understood) {
        let given = Given::spoken(&u.utterance);
        self.recorded(Answer::new(Value::Reason, given.clone()));
        let sure = hearing::reopen_named(u).filter(|_| !is_doubtful(u) && !self.reopen_asked);
        if let Some(reopen) = sure {
            self.recorded(Answer::new(Value::Reopen(reopen), given));
        }
        self.next(now);
    }

    pub(super) fn reopen_heard(&mut self, now: Moment, tries: Tries, u: &Understood) {
        let told = hearing::reopen_named(u).or(u.reading.yes_no);
        match told.filter(|_| !is_doubtful(u)) {
            Some(reopen) => {
                let given = Given::spoken(&u.utterance);
                self.recorded(Answer::new(Value::Reopen(reopen), given));
                self.next(now);
            }
            None => self.ask_again(now, Ask::Reopen, tries, Failing::Unclear),
        }
    }

    /// A child was asked for an adult.
    pub(super) fn adult_heard(&mut self, now: Moment, tries: Tries, u: &Understood) {
        let none = u.reading.yes_no == Some(false);
        let fetching = u.reading.yes_no == Some(true) || says(u, Remark::Fetch);
        if fetching {
            self.wait_for(now, Ask::Adult, tries);
        } else if none || says(u, Remark::Child) || says(u, Remark::Absent) {
            self.close(now, Line::SurveyChild, SurveyOutcome::Child);
        } else {
            // Somebody else speaks: it all begins again.
            let notice = self.notice();
            self.again_from(now, vec![notice], Ask::Solved);
        }
    }
}
