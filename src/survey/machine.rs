//! The callback machine.

use std::collections::VecDeque;
use std::sync::Arc;

use super::contract::{
    Answer, Effect, Given, Input, Matter, Question, Setup, SurveyOutcome, Value, VerifyReason,
};
use super::hearing::{Remark, says};
use super::line::OnTheLine;
use super::state::{Ask, State};
use crate::dialogue::{
    Expect, Failing, Lapse, Line, Manner, Mouth, Phrase, Prompts, Say, Tries, Understood,
    is_back_channel, is_doubtful, parts, spoken_digits,
};
use crate::intake::{Command, Grade};
use crate::kernel::{Moment, SurveyId};

/// One callback. Begin with [`Input::Begin`]; after every `handle` drain the effects and look at the deadline.
#[derive(Clone, Debug)]
pub struct Survey {
    survey: SurveyId,
    matter: Matter,
    prompts: Arc<Prompts>,
    manner: Manner,
    mouth: Mouth,
    pub(super) state: State,
    pub(super) begun: Option<Moment>,
    pub(super) solved: Option<bool>,
    pub(super) grade: Option<Grade>,
    /// The reason was asked for, or told unasked.
    pub(super) reason_asked: bool,
    /// Whether to reopen was asked, or told unasked.
    pub(super) reopen_asked: bool,
    pub(super) reopen: Option<bool>,
    /// How often an answer to a question was read back.
    pub(super) rounds: [u8; Question::ALL.len()],
    /// How often something was said again at the citizen's wish.
    repeats: u8,
    verified: bool,
    /// What is on the line beside a person's words.
    pub(super) line: OnTheLine,
    /// Asked whether this is a machine.
    pub(super) robot_asked: bool,
    effects: VecDeque<Effect>,
}

const REPEATS_MAX: u8 = 3;
/// The reason is asked for twice, not more.
const REASON_FAILINGS_MAX: u8 = 2;

impl Survey {
    pub fn new(setup: Setup) -> Survey {
        let Setup { survey, matter, prompts, manner } = setup;
        let running = matter.running;
        Survey {
            survey,
            matter,
            prompts,
            manner,
            mouth: Mouth::default(),
            state: State::New,
            begun: None,
            solved: None,
            grade: None,
            reason_asked: false,
            reopen_asked: running,
            reopen: None,
            rounds: [0; Question::ALL.len()],
            repeats: 0,
            verified: false,
            line: OnTheLine::default(),
            robot_asked: false,
            effects: VecDeque::new(),
        }
    }

    /// Takes in what happened. `now` never runs backwards.
    pub fn handle(&mut self, now: Moment, input: Input) {
        if matches!(self.state, State::Ended) {
            return;
        }
        match input {
            Input::OnLine(heard) => self.on_line(now, &heard),
            Input::Missed { status } => self.missed(status),
            Input::Begin => self.begin(now),
            Input::Heard(understood) => self.heard(now, &understood),
            Input::Unclear => self.unclear(now),
            Input::Key { key, at_ms } => self.key(now, key, at_ms),
            Input::Silent => self.silent(now),
            Input::SaidAll(say) => {
                if self.mouth.said(now, say) && matches!(self.state, State::Closing) {
                    self.end();
                }
            }
            Input::Interrupted { say, unsaid, .. } => self.mouth.interrupted(now, say, &unsaid),
            Input::HungUp => self.hung_up(),
            Input::Tick => self.tick(now),
        }
    }

    /// When [`Input::Tick`] is wanted.
    pub fn deadline(&self) -> Option<Moment> {
        match self.state {
            State::Asking { .. } | State::Closing => self.mouth.deadline(),
            State::New | State::Ended => None,
        }
    }

    /// The effects since the last drain, in order.
    pub fn drain(&mut self) -> Vec<Effect> {
        self.effects.drain(..).collect()
    }

    /// How to listen now.
    pub fn expects(&self) -> Expect {
        match &self.state {
            State::Asking { ask, .. } => ask.expect(),
            _ => Expect::Nothing,
        }
    }

    /// For pages and logs: `solved`, `grade`, `grade_back`, `reason`, `closing` …
    pub fn state_name(&self) -> &'static str {
        match &self.state {
            State::New => "new",
            State::Asking { ask, .. } => ask.name(),
            State::Closing => "closing",
            State::Ended => "ended",
        }
    }

    pub fn id(&self) -> SurveyId {
        self.survey
    }

    // ---- speaking ----

    pub(super) fn statement(&self, line: Line, values: &[(&str, &str)]) -> Phrase {
        Phrase::statement(self.prompts.text(line, 0, values))
    }

    fn turn(&mut self, now: Moment, phrases: Vec<Phrase>) {
        if self.mouth.hush() {
            self.effects.push_back(Effect::Hush);
        }
        let says = self.mouth.say(now, phrases);
        self.speak(says);
    }

    fn speak(&mut self, says: Vec<Say>) {
        self.effects.extend(says.into_iter().map(Effect::Say));
    }

    fn question(&self, ask: &Ask, line: Line, turn: usize) -> Phrase {
        let answer = match ask {
            Ask::Back(answers) => answers.iter().map(Answer::label).collect::<Vec<_>>().join("，"),
            _ => String::new(),
        };
        let text = self.prompts.text(line, turn, &[("reply", &answer)]);
        let patience_ms = match ask {
            Ask::Reason => self.manner.thought_ms,
            Ask::Adult => self.manner.wait_ms,
            _ => self.manner.patience_ms,
        };
        Phrase::question(text, ask.expect(), patience_ms)
    }

    pub(super) fn ask(&mut self, now: Moment, before: Vec<Phrase>, ask: Ask) {
        let line = match &ask {
            Ask::Solved => Line::SurveySolved,
            Ask::Grade => Line::SurveyGrade,
            Ask::Back(_) => Line::SurveyBack,
            Ask::Reason => Line::SurveyReason,
            Ask::Reopen => Line::SurveyReopen,
            Ask::Adult => Line::SurveyAdult,
        };
        let mut phrases = before;
        phrases.push(self.question(&ask, line, 0));
        self.turn(now, phrases);
        self.state = State::Asking { ask, tries: Tries::default() };
    }

    pub(super) fn notice(&self) -> Phrase {
        let values =
            [("when", self.matter.when.as_str()), ("matter", self.matter.words.reveal().as_str())];
        let line = match self.matter.running {
            true => Line::SurveyNoticeRunning,
            false => Line::SurveyNotice,
        };
        self.statement(line, &values)
    }

    fn begin(&mut self, now: Moment) {
        if matches!(self.state, State::New) {
            self.begun = Some(now);
            let notice = self.notice().heard();
            self.ask(now, vec![notice], Ask::Solved);
        }
    }

    // ---- hearing ----

    fn heard(&mut self, now: Moment, u: &Understood) {
        let (ask, tries) = match &self.state {
            State::Asking { ask, tries } => (ask.clone(), *tries),
            State::Closing => return self.go_on(now),
            State::New | State::Ended => return,
        };
        if self.is_announcement(now, u) {
            return;
        }
        if self.mouth.in_statement() && is_back_channel(u) {
            return self.go_on(now);
        }
        if let Some(emergency) = u.reading.emergency_by_rule() {
            let number = spoken_digits(emergency.number());
            let phrase = self.statement(Line::SurveyEmergency, &[("number", &number)]).heard();
            return self.finish(now, phrase, SurveyOutcome::ToPerson);
        }
        let closed = matches!(ask.expect(), Expect::YesNo | Expect::Grade);
        // 刚换的号，不认识这个人 and 你是机器人吗 are no wish for a person.
        let command = u.reading.command_by_rule();
        let remarked =
            command == Some(Command::Person) && (says(u, Remark::Wrong) || says(u, Remark::Robot));
        match command.filter(|_| !remarked) {
            Some(command) if closed && parts(command) && is_doubtful(u) && tries.unclear == 0 => {
                self.ask_again(now, ask, tries, Failing::Unclear);
            }
            Some(Command::Person) => self.close(now, Line::SurveyToPerson, SurveyOutcome::ToPerson),
            Some(Command::StopCalling) => {
                self.close(now, Line::SurveyDeclined, SurveyOutcome::Declined)
            }
            Some(Command::Repeat | Command::Slower) => self.repeat(now),
            Some(Command::Wait) => self.take_your_time(now, &ask),
            Some(Command::Bye) => self.goodbye(now, u),
            Some(Command::Progress) | None => self.answered(now, ask, tries, u),
        }
    }

    fn answered(&mut self, now: Moment, ask: Ask, tries: Tries, u: &Understood) {
        let reading = &u.reading;
        match ask {
            Ask::Reason => self.reason_heard(now, u),
            Ask::Adult => self.adult_heard(now, tries, u),
            ask if self.remarked(now, &ask, tries, u) => {}
            Ask::Back(answers) => self.back_heard(now, answers, tries, u),
            Ask::Reopen => self.reopen_heard(now, tries, u),
            Ask::Solved | Ask::Grade => match (self.solved_told(&ask, u), reading.grade) {
                (None, None) => self.ask_again(now, ask, tries, Failing::Unclear),
                told => self.take_in(now, tries, told, u),
            },
        }
    }

    fn key(&mut self, now: Moment, key: char, at_ms: u64) {
        let State::Asking { ask, tries } = self.state.clone() else {
            return;
        };
        self.line.person = true;
        let given = Given::Key { key, at_ms };
        match (ask, key) {
            (_, '#') => {}
            (_, '0') => self.close(now, Line::SurveyToPerson, SurveyOutcome::ToPerson),
            (_, '*') => self.repeat(now),
            (Ask::Solved, '1' | '2') => {
                self.recorded(Answer::new(Value::Solved(key == '1'), given));
                self.next(now);
            }
            (Ask::Back(answers), '1') => self.agreed(now, answers, given),
            (Ask::Back(_), '2') => self.denied(now),
            (Ask::Grade, key) if grade_of(key).is_some() => {
                if let Some(grade) = grade_of(key) {
                    self.recorded(Answer::new(Value::Satisfied(grade), given));
                    self.next(now);
                }
            }
            (Ask::Reopen, '1' | '2') => {
                self.recorded(Answer::new(Value::Reopen(key == '1'), given));
                self.next(now);
            }
            (Ask::Reason, _) => {}
            (ask, _) => self.ask_again(now, ask, tries, Failing::Unclear),
        }
    }

    fn unclear(&mut self, now: Moment) {
        self.line.sound = true;
        match self.state.clone() {
            State::Asking { .. } if self.mouth.in_statement() => self.go_on(now),
            State::Asking { ask, tries } => self.ask_again(now, ask, tries, Failing::Unclear),
            State::Closing => self.go_on(now),
            State::New | State::Ended => {}
        }
    }

    fn silent(&mut self, now: Moment) {
        if self.mouth.is_speaking() {
            return;
        }
        match self.state.clone() {
            State::Asking { .. } if self.mouth.was_cut() => self.go_on(now),
            // A machine has said its piece and waits for ours.
            State::Asking { .. } if self.line.monologue && !self.line.person => {
                self.end_unsaid(SurveyOutcome::AnsweringMachine);
            }
            State::Asking { ask, tries } => self.ask_again(now, ask, tries, Failing::Silent),
            State::Closing => self.end(),
            State::New | State::Ended => {}
        }
    }

    /// A sound that was no turn: what it cut off is taken up again. Last words that were cut short are enough.
    pub(super) fn go_on(&mut self, now: Moment) {
        if matches!(self.state, State::Closing) {
            if !self.mouth.is_speaking() {
                self.end();
            }
        } else if self.mouth.was_cut() {
            let says = self.mouth.resume(now);
            self.speak(says);
        }
    }

    fn repeat(&mut self, now: Moment) {
        self.repeats = self.repeats.saturating_add(1);
        if self.repeats > REPEATS_MAX {
            return self.close(now, Line::SurveyToPerson, SurveyOutcome::ToPerson);
        }
        if self.mouth.hush() {
            self.effects.push_back(Effect::Hush);
        }
        let says = self.mouth.repeat(now);
        self.speak(says);
    }

    /// Says who is calling once more, then asks the same.
    pub(super) fn again_from(&mut self, now: Moment, before: Vec<Phrase>, ask: Ask) {
        self.repeats = self.repeats.saturating_add(1);
        if self.repeats > REPEATS_MAX {
            return self.close(now, Line::SurveyToPerson, SurveyOutcome::ToPerson);
        }
        self.ask(now, before, ask);
    }

    pub(super) fn take_your_time(&mut self, now: Moment, ask: &Ask) {
        if self.mouth.hush() {
            self.effects.push_back(Effect::Hush);
        }
        let text = self.prompts.text(Line::SurveyTakeYourTime, 0, &[]);
        let says = self.mouth.aside(now, Phrase::question(text, ask.expect(), self.manner.wait_ms));
        self.speak(says);
    }

    pub(super) fn ask_again(&mut self, now: Moment, ask: Ask, mut tries: Tries, failing: Failing) {
        let enough = tries.count(failing);
        if matches!(ask, Ask::Reason) && tries.silent + tries.unclear >= REASON_FAILINGS_MAX {
            // The grade stands; a person who verifies it will hear the reason.
            return self.next(now);
        }
        if enough && matches!(ask, Ask::Reopen) {
            // So does whether it is to be handled again.
            return self.next(now);
        }
        if enough && matches!(ask, Ask::Adult) {
            return self.close(now, Line::SurveyChild, SurveyOutcome::Child);
        }
        if enough {
            if let Ask::Back(answers) = ask {
                self.unconfirmed(answers);
            }
            return match failing {
                Failing::Silent => {
                    let outcome = self.outcome_or(SurveyOutcome::Silent);
                    self.close(now, Line::SurveyNobodyThere, outcome);
                }
                Failing::Unclear => self.close(now, Line::SurveyToPerson, SurveyOutcome::ToPerson),
            };
        }
        let count = match failing {
            Failing::Silent => tries.silent,
            Failing::Unclear => tries.unclear,
        };
        let phrase =
            self.question(&ask, ask.again(failing, tries), usize::from(count.saturating_sub(1)));
        self.turn(now, vec![phrase]);
        self.state = State::Asking { ask, tries };
    }

    /// Waits on, without a word, for whoever is being fetched.
    pub(super) fn wait_for(&mut self, now: Moment, ask: Ask, tries: Tries) {
        self.state = State::Asking { ask, tries };
        if !self.mouth.is_speaking() {
            self.mouth.listen(now);
        }
    }

    // ---- answers ----

    pub(super) fn record(&mut self, answer: Answer) {
        self.effects.push_back(Effect::Record(answer));
    }

    pub(super) fn verify_if_needed(&mut self) {
        let reason = match (self.grade, self.solved) {
            (Some(grade), _) if grade.is_unhappy() => VerifyReason::Unhappy,
            (Some(_), Some(false)) => VerifyReason::Contradiction,
            _ => return,
        };
        self.verify(reason);
    }

    fn verify(&mut self, reason: VerifyReason) {
        if !std::mem::replace(&mut self.verified, true) {
            self.effects.push_back(Effect::Verify { reason });
        }
    }

    /// The next question, or thanks.
    pub(super) fn next(&mut self, now: Moment) {
        let unhappy = self.grade.is_some_and(Grade::is_unhappy);
        let wrong = unhappy || self.solved == Some(false);
        if self.solved.is_none() {
            self.ask(now, Vec::new(), Ask::Solved);
        } else if self.grade.is_none() {
            self.ask(now, Vec::new(), Ask::Grade);
        } else if unhappy && !std::mem::replace(&mut self.reason_asked, true) {
            self.ask(now, Vec::new(), Ask::Reason);
        } else if wrong && !std::mem::replace(&mut self.reopen_asked, true) {
            self.ask(now, Vec::new(), Ask::Reopen);
        } else {
            let line = match (self.verified, self.reopen) {
                (true, Some(true)) => Line::SurveyThanksReopen,
                (true, _) => Line::SurveyThanksUnhappy,
                (false, _) => Line::SurveyThanks,
            };
            self.close(now, line, SurveyOutcome::Complete);
        }
    }

    // ---- the end ----

    /// Whoever has graded has answered; otherwise it ended in this way.
    pub(super) fn outcome_or(&self, outcome: SurveyOutcome) -> SurveyOutcome {
        if self.grade.is_some() { SurveyOutcome::Complete } else { outcome }
    }

    /// Nobody is there to be told goodbye.
    pub(super) fn end_unsaid(&mut self, outcome: SurveyOutcome) {
        if self.mouth.hush() {
            self.effects.push_back(Effect::Hush);
        }
        self.finished(outcome);
        self.end();
    }

    pub(super) fn close(&mut self, now: Moment, line: Line, outcome: SurveyOutcome) {
        let phrase = self.statement(line, &[]);
        self.finish(now, phrase, outcome);
    }

    /// How it ended is told before the last words are said, so that it is kept whatever happens to them.
    fn finish(&mut self, now: Moment, phrase: Phrase, outcome: SurveyOutcome) {
        self.finished(outcome);
        self.turn(now, vec![phrase]);
        self.state = State::Closing;
    }

    fn finished(&mut self, outcome: SurveyOutcome) {
        if self.solved == Some(false) {
            self.verify(VerifyReason::Unsolved);
        }
        self.effects.push_back(Effect::Finish(outcome));
    }

    fn end(&mut self) {
        self.mouth.close();
        self.state = State::Ended;
        self.effects.push_back(Effect::HangUp);
    }

    pub(super) fn hung_up(&mut self) {
        match self.state.clone() {
            State::Asking { ask, .. } => {
                if let Ask::Back(answers) = ask {
                    self.unconfirmed(answers);
                }
                self.finished(self.outcome_or(SurveyOutcome::HungUp));
            }
            State::New => self.finished(SurveyOutcome::HungUp),
            State::Closing | State::Ended => {}
        }
        self.end();
    }

    fn tick(&mut self, now: Moment) {
        match (self.mouth.lapse(now), &self.state) {
            (Some(_), State::Closing) => self.end(),
            (Some(Lapse::Listening), _) => self.silent(now),
            (Some(Lapse::Playing) | None, _) => {}
        }
    }
}

/// 1 is 非常满意, 5 is 非常不满意.
fn grade_of(key: char) -> Option<Grade> {
    let number = key.to_digit(10)?;
    Grade::ALL.get(number.checked_sub(1)? as usize).copied()
}
