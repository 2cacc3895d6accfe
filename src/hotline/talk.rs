//! What is heard and said on a call.

use super::unanswered::Step;
use super::{Call, Direction, Effect, Fact, Hotline, SaidHow, Talk};
use crate::acd::{Ask, Input as QueueInput, Need, Priority};
use crate::desk::{Actor, TicketEvent};
use crate::dialogue::{self, SayId, Understood};
use crate::kernel::{CallId, Pii, Slot};
use crate::speech::{Speaker, Utterance};
use crate::survey;

impl Hotline {
    /// Words get their number on the call and are kept; the caller's are understood, for the robot or for the agent they talk to.
    pub(super) fn words(&mut self, mut utterance: Utterance) {
        let at = self.wall;
        let Some(call) = self.calls.get_mut(&utterance.call) else { return };
        utterance.index = call.next_utterance;
        call.next_utterance += 1;
        let caller = utterance.speaker == Speaker::Caller;
        if caller {
            call.unanswered_end_ms = Some(utterance.end_ms);
        }
        let to_agent = call.bridge.owns();
        let (asked, place) = (call.asked().filter(|_| !to_agent), call.place());
        if caller {
            call.asked_meaning += 1;
        }
        if caller && to_agent {
            call.overheard.push(utterance.index);
        }
        let kept = utterance.clone();
        self.keep(Fact::Turn { utterance: kept, latency_ms: None, cut_short: false, at });
        if caller {
            self.effect(Effect::Understand { utterance, asked, place });
        }
    }

    pub(super) fn understood(&mut self, id: CallId, understood: Understood) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.asked_meaning = call.asked_meaning.saturating_sub(1);
        let said = understood.utterance.index;
        let before = call.overheard.len();
        call.overheard.retain(|index| *index != said);
        if call.overheard.len() < before {
            self.assist(id, &understood);
            return self.maybe_end(id);
        }
        match call.direction {
            Direction::Inbound | Direction::Promised => {
                self.tell_dialogue(id, dialogue::Input::Heard(understood));
            }
            Direction::Callback => self.tell_survey(id, survey::Input::Heard(understood)),
        }
        self.maybe_end(id);
    }

    /// A call whose legs are down is asked nothing more: only what was told still counts.
    pub(super) fn listens(&self, id: CallId) -> bool {
        self.calls.get(&id).is_some_and(|call| call.ending.is_none())
    }

    pub(super) fn unclear(&mut self, id: CallId) {
        if !self.listens(id) {
            return;
        }
        self.tell_talk(id, dialogue::Input::Unclear, survey::Input::Unclear);
    }

    pub(super) fn silent(&mut self, id: CallId) {
        if self.listens(id) {
            self.tell_talk(id, dialogue::Input::Silent, survey::Input::Silent);
        }
    }

    pub(super) fn overloaded(&mut self, id: CallId) {
        if self.listens(id) {
            self.tell_talk(id, dialogue::Input::Overloaded, survey::Input::Unclear);
        }
    }

    pub(super) fn key(&mut self, id: CallId, key: char, at_ms: u64) {
        if !self.calls.contains_key(&id) {
            return;
        }
        self.keep(Fact::Key { call: id, key: Pii::new(key), at_ms, at: self.wall });
        self.tell_talk(id, dialogue::Input::Key(key), survey::Input::Key { key, at_ms });
    }

    /// A saying has ended: what was said is a turn of the robot's.
    pub(super) fn said(
        &mut self,
        id: CallId,
        say: SayId,
        how: SaidHow,
        (said, unsaid): (String, String),
        (start_ms, end_ms): (u64, u64),
    ) {
        let at = self.wall;
        let Some(call) = self.calls.get_mut(&id) else { return };
        if !said.is_empty() {
            let latency_ms = call.unanswered_end_ms.take().map(|end| start_ms.saturating_sub(end));
            let utterance = Utterance {
                call: id,
                index: call.next_utterance,
                speaker: Speaker::Robot,
                text: said.clone(),
                start_ms,
                end_ms,
                confidence: 1.0,
            };
            call.next_utterance += 1;
            let cut_short = how != SaidHow::Completed;
            self.keep(Fact::Turn { utterance, latency_ms, cut_short, at });
        }
        match how {
            SaidHow::Completed => {
                self.tell_talk(id, dialogue::Input::SaidAll(say), survey::Input::SaidAll(say));
            }
            SaidHow::Interrupted => {
                let stopped =
                    survey::Input::Interrupted { say, said: said.clone(), unsaid: unsaid.clone() };
                self.tell_talk(id, dialogue::Input::Interrupted { say, said, unsaid }, stopped);
            }
            SaidHow::Hushed => {}
        }
    }

    fn tell_talk(&mut self, id: CallId, robot: dialogue::Input, callback: survey::Input) {
        match self.calls.get(&id).map(|call| call.direction) {
            Some(Direction::Inbound | Direction::Promised) => self.tell_dialogue(id, robot),
            Some(Direction::Callback) => self.tell_survey(id, callback),
            None => {}
        }
    }

    /// Hands an input to the call's dialogue and carries out what it wants.
    pub(super) fn tell_dialogue(&mut self, id: CallId, input: dialogue::Input) {
        let now = self.now;
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Talk::Robot(machine) = &mut call.talk else { return };
        let heard = match &input {
            dialogue::Input::Heard(u) => Some((u.utterance.index, u.reading.yes_no)),
            _ => None,
        };
        let before = machine.state_name();
        machine.handle(now, input);
        let effects = machine.drain();
        let state = machine.state_name();
        let person = effects.iter().find_map(|effect| match effect {
            dialogue::Effect::HandOver { reason, .. } => Some(*reason),
            _ => None,
        });
        let question = call.watch.step(&Step { heard, before, after: state, person });
        if let Some((utterance, why)) = question {
            let at = self.wall;
            self.keep(Fact::Unanswered { call: id, utterance, why, at });
        }
        self.tell_state(id, state);
        for effect in effects {
            self.dialogue_effect(id, effect);
        }
    }

    pub(super) fn tell_state(&mut self, id: CallId, state: &str) {
        let at = self.wall;
        let Some(call) = self.calls.get_mut(&id) else { return };
        if call.state_told != state {
            call.state_told = state.to_owned();
            self.keep(Fact::CallState { call: id, state: state.to_owned(), at });
        }
    }

    fn dialogue_effect(&mut self, id: CallId, effect: dialogue::Effect) {
        let ended = self.calls.get(&id).is_none_or(|call| call.ending.is_some());
        match effect {
            dialogue::Effect::Say(say) if !ended => self.effect(Effect::Say { call: id, say }),
            dialogue::Effect::Hush if !ended => self.effect(Effect::Hush { call: id }),
            dialogue::Effect::Say(_) | dialogue::Effect::Hush => {}
            dialogue::Effect::Save(draft) => self.save_draft(id, &draft),
            dialogue::Effect::HandOver { reason, emergency } if !ended => {
                let priority = self.priority(id, reason, emergency.is_some());
                self.register_ticket(id);
                self.effect(Effect::Music { call: id, on: true });
                let ask = self.ask(id, priority);
                self.tell_queue(QueueInput::Enqueue { call: id, ask });
            }
            dialogue::Effect::HandOver { .. } => self.register_ticket(id),
            dialogue::Effect::LookUp(query) if !ended => {
                self.effect(Effect::LookUp { call: id, query });
            }
            dialogue::Effect::LookUp(_) => {}
            dialogue::Effect::Urge { ticket } => {
                self.change_ticket(ticket, TicketEvent::Urged { call: id }, Actor::robot());
            }
            dialogue::Effect::LeaveQueue { .. } if ended => {}
            dialogue::Effect::LeaveQueue { callback } => {
                self.effect(Effect::Music { call: id, on: false });
                if callback {
                    return self.promise(id);
                }
                self.tell_queue(QueueInput::Leave { call: id });
            }
            dialogue::Effect::HangUp { outcome } => {
                if outcome == dialogue::Outcome::Registered {
                    self.register_ticket(id);
                }
                self.outcome(id, outcome.key());
            }
        }
    }

    /// Danger once told stays danger, and who was with an agent already does not wait behind others.
    fn priority(
        &mut self,
        id: CallId,
        reason: dialogue::HandOverReason,
        emergency: bool,
    ) -> Priority {
        let Some(call) = self.calls.get_mut(&id) else { return Priority::Ordinary };
        call.emergency |= emergency;
        match reason {
            _ if call.emergency => Priority::Emergency,
            dialogue::HandOverReason::AgentLost | dialogue::HandOverReason::PassedOn => {
                Priority::Returned
            }
            dialogue::HandOverReason::Promised => Priority::Promised,
            _ => Priority::Ordinary,
        }
    }

    /// What the queue is told of a caller: how urgent it is, what about, who they are.
    pub(super) fn ask(&self, id: CallId, priority: Priority) -> Ask {
        let call = self.calls.get(&id);
        let ticket = call.and_then(|call| call.ticket).and_then(|id| self.tickets.get(&id));
        let category = ticket.and_then(|ticket| ticket.fields.get(&Slot::Category));
        let topics = category.map_or_else(Vec::new, |filled| {
            filled.code.iter().chain([&filled.value]).cloned().collect()
        });
        let caller = call.and_then(|call| call.number.clone());
        Ask { priority, need: Need { topics, ..Need::default() }, caller }
    }

    /// The machine says how the call ended; the first word on it stays.
    pub(super) fn outcome(&mut self, id: CallId, key: &str) {
        match self.calls.get_mut(&id).and_then(|call| call.ending.as_mut()) {
            Some(ending) => {
                ending.outcome.get_or_insert_with(|| key.to_owned());
            }
            None => self.begin_ending(id, Some(key)),
        }
    }

    /// The caller hung up and all they said has been taken in: the machine now says how the call ended.
    pub(super) fn outcome_of_hang_up(&mut self, id: CallId) -> String {
        self.tell_talk(id, dialogue::Input::HungUp, survey::Input::HungUp);
        let told = self.calls.get_mut(&id).and_then(|call| call.ending.as_mut());
        told.and_then(|ending| ending.outcome.take()).unwrap_or_else(|| "abandoned".into())
    }
}

impl Call {
    fn asked(&self) -> Option<crate::kernel::Slot> {
        match &self.talk {
            Talk::Robot(machine) => machine.asked(),
            Talk::Callback { .. } => None,
        }
    }

    /// The division that the caller has named.
    fn place(&self) -> Option<String> {
        let Talk::Robot(machine) = &self.talk else { return None };
        machine.draft().get(Slot::Place)?.code.clone()
    }
}
