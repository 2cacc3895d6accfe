//! What is done with an answer: recorded at once when it is sure, read back before it counts when it is negative,
//! heard badly or denied by its own words.

use super::contract::{Answer, Given, Question, SurveyOutcome, Value};
use super::hearing;
use super::machine::Survey;
use super::state::Ask;
use crate::dialogue::{Failing, Line, Tries, Understood, is_doubtful};
use crate::intake::Grade;
use crate::kernel::Moment;

/// An answer denied that often is a matter for a person.
const ROUNDS_MAX: u8 = 3;

impl Survey {
    /// Solved or not, as far as these words answer it.
    pub(super) fn solved_told(&self, ask: &Ask, u: &Understood) -> Option<bool> {
        let told = match (ask, u.reading.yes_no, u.reading.grade) {
            // 满意 alone is a yes in words, but not to the question whether it is solved.
            (_, Some(true), Some(_)) => hearing::says_solved(u).then_some(true),
            (Ask::Solved, yes_no, _) => yes_no,
            // Asked for the grade, only a clear 没解决 changes what was answered before.
            _ => hearing::says_unsolved(u).then_some(false),
        };
        told.filter(|solved| self.solved != Some(*solved))
    }

    /// Whatever the words answer: solved or not, the grade, or both at once. What is sure is recorded; what is
    /// negative, heard badly, or denied by its own words is read back first.
    pub(super) fn take_in(
        &mut self,
        now: Moment,
        tries: Tries,
        (solved, grade): (Option<bool>, Option<Grade>),
        u: &Understood,
    ) {
        let given = Given::spoken(&u.utterance);
        self.line.person = true;
        let unsolved = hearing::says_unsolved(u);
        // 满意什么，根本没解决: the grade is asked for again once that is clear.
        let grade = grade.filter(|grade| solved != Some(false) || grade.is_unhappy());
        let solved = solved.map(|solved| Answer::new(Value::Solved(solved), given.clone()));
        let grade = grade.map(|grade| Answer::new(Value::Satisfied(grade), given.clone()));
        let mut back = Vec::new();
        let negative = solved.iter().chain(&grade).any(Answer::is_negative);
        for answer in solved.into_iter().chain(grade) {
            let contradicted = unsolved && answer.grade().is_some_and(|g| !g.is_unhappy());
            if answer.is_negative() || answer.is_doubtful() || contradicted {
                back.push(answer);
            } else {
                self.recorded(answer);
            }
        }
        if negative {
            // Whoever says it all at once is not asked again: it counts with what it was said beside.
            if !self.reason_asked && hearing::gives_reason(u) {
                back.push(Answer::new(Value::Reason, given.clone()));
            }
            if let Some(reopen) = hearing::reopen_named(u).filter(|_| !self.reopen_asked) {
                back.push(Answer::new(Value::Reopen(reopen), given));
            }
        }
        if back.is_empty() {
            return self.next(now);
        }
        self.read_back(now, tries, back);
    }

    /// Reads answers back before they count. An answer in doubt for the second time is asked for by keys.
    fn read_back(&mut self, now: Moment, mut tries: Tries, answers: Vec<Answer>) {
        let again = answers.iter().find(|a| a.is_doubtful() && self.round(a.question()) > 0);
        if let Some(answer) = again {
            let ask = match answer.question() {
                Question::Solved => Ask::Solved,
                Question::Satisfied => Ask::Grade,
                Question::Reason => Ask::Reason,
                Question::Reopen => Ask::Reopen,
            };
            tries.unclear = tries.unclear.max(1);
            return self.ask_again(now, ask, tries, Failing::Unclear);
        }
        let mut enough = false;
        for answer in &answers {
            let round = self.round(answer.question()).saturating_add(1);
            enough |= round > ROUNDS_MAX;
            if let Some(rounds) = self.rounds.get_mut(answer.question() as usize) {
                *rounds = round;
            }
        }
        if enough {
            self.unconfirmed(answers);
            return self.close(now, Line::SurveyToPerson, SurveyOutcome::ToPerson);
        }
        self.ask(now, Vec::new(), Ask::Back(answers));
    }

    fn round(&self, question: Question) -> u8 {
        self.rounds.get(question as usize).copied().unwrap_or_default()
    }

    pub(super) fn back_heard(
        &mut self,
        now: Moment,
        answers: Vec<Answer>,
        tries: Tries,
        u: &Understood,
    ) {
        let doubtful = is_doubtful(u);
        let solved = hearing::solved_named(u);
        let grade = u.reading.grade;
        let same = |answer: &Answer| match answer.value() {
            Value::Solved(was) => solved == Some(was),
            Value::Satisfied(was) => grade == Some(was),
            Value::Reason | Value::Reopen(_) => false,
        };
        let asked = |question| answers.iter().any(|answer| answer.question() == question);
        let other_solved = solved.filter(|_| asked(Question::Solved) && !answers.iter().any(same));
        let other_grade = grade.filter(|grade| !answers.iter().any(|a| a.grade() == Some(*grade)));
        if other_solved.is_some() || other_grade.is_some() {
            if doubtful {
                return self.ask_again(now, Ask::Back(answers), tries, Failing::Unclear);
            }
            return self.take_in(now, tries, (other_solved, other_grade), u);
        }
        // The same heard twice is sure enough; 不是不满意 is not the same.
        let repeated = answers.iter().any(same) && !hearing::denies(u);
        match (repeated, u.reading.yes_no) {
            (true, _) => self.agreed(now, answers, Given::spoken(&u.utterance)),
            (false, Some(true)) if !doubtful => {
                self.agreed(now, answers, Given::spoken(&u.utterance));
            }
            (false, Some(false)) if !doubtful && !answers.iter().any(same) => self.denied(now),
            _ => self.ask_again(now, Ask::Back(answers), tries, Failing::Unclear),
        }
    }

    pub(super) fn agreed(&mut self, now: Moment, answers: Vec<Answer>, by: Given) {
        for answer in answers {
            self.recorded(answer.agreed(by.clone()));
        }
        self.next(now);
    }

    pub(super) fn denied(&mut self, now: Moment) {
        if self.rounds.iter().any(|rounds| *rounds >= ROUNDS_MAX) {
            return self.close(now, Line::SurveyToPerson, SurveyOutcome::ToPerson);
        }
        self.next(now);
    }

    /// What was said was said; that it was not agreed to stands beside it. What was in doubt was not said.
    pub(super) fn unconfirmed(&mut self, answers: Vec<Answer>) {
        for answer in answers.into_iter().filter(|answer| !answer.is_doubtful()) {
            self.recorded(answer);
        }
    }

    /// An answer that counts from now on.
    pub(super) fn recorded(&mut self, answer: Answer) {
        self.solved = answer.solved().or(self.solved);
        self.grade = answer.grade().or(self.grade);
        match answer.value() {
            Value::Reason => self.reason_asked = true,
            Value::Reopen(reopen) => {
                (self.reopen_asked, self.reopen) = (true, Some(reopen));
            }
            Value::Solved(_) | Value::Satisfied(_) => self.line.person = true,
        }
        self.record(answer);
        self.verify_if_needed();
    }
}
