//! The machine: one for each call.

use std::collections::VecDeque;

use super::contract::{BridgeError, Down, Effect, Input, Part, Party, Stage, Told, Who};
use super::hearing::Hearing;
use crate::kernel::LegId;
use crate::kernel::limits::BRIDGE_LEGS;

#[derive(Clone, Debug)]
pub struct Bridge {
    caller: LegId,
    /// In the order in which they came.
    parties: Vec<Party>,
    /// The call is the people's: the robot is silent.
    owns: bool,
    held: bool,
    hearing: Hearing,
    /// What the caller was last given, while the call is the people's.
    music: Option<bool>,
    effects: VecDeque<Effect>,
}

impl Bridge {
    /// Of the call on whose leg the caller is.
    pub fn new(caller: LegId) -> Bridge {
        Bridge {
            caller,
            parties: Vec::new(),
            owns: false,
            held: false,
            hearing: Hearing::default(),
            music: None,
            effects: VecDeque::new(),
        }
    }

    pub fn drain(&mut self) -> impl Iterator<Item = Effect> + '_ {
        self.effects.drain(..)
    }

    pub fn parties(&self) -> &[Party] {
        &self.parties
    }

    pub fn party(&self, who: &Who) -> Option<&Party> {
        self.parties.iter().find(|party| party.who == *who)
    }

    /// Who has the caller, or is rung for them.
    pub fn serving(&self) -> Option<&Party> {
        self.parties.iter().find(|party| party.part == Part::Serves)
    }

    /// The call is the people's, from the first answer until it ends or goes back to the robot.
    pub const fn owns(&self) -> bool {
        self.owns
    }

    /// The call is the people's and none of them has the caller: somebody must be found.
    pub fn strands(&self) -> bool {
        self.owns && self.serving().is_none()
    }

    pub const fn is_held(&self) -> bool {
        self.held
    }

    pub fn hearing(&self) -> &Hearing {
        &self.hearing
    }

    /// Takes one input; the effects wait in [`Bridge::drain`].
    ///
    /// # Errors
    /// Where it does not fit what the call has come to.
    pub fn handle(&mut self, input: Input) -> Result<(), BridgeError> {
        match input {
            Input::Ring { leg, who, part } => self.ring(leg, who, part)?,
            Input::Up { leg } => self.up(leg),
            Input::Down { leg, how } => self.down(leg, how),
            Input::Drop { who } => {
                if let Some(gone) = self.take(|party| party.who == who) {
                    self.put_down(&gone);
                }
            }
            Input::Hold { on } => {
                self.served()?;
                self.held = on;
            }
            Input::Join => self.join()?,
            Input::Pass => self.pass()?,
            Input::CallOff => {
                let asked = self.asked().ok_or(BridgeError::NobodyAsked)?.leg;
                self.leave(asked);
            }
            Input::GiveUp => self.give_up()?,
            Input::Turn { who, part } => self.turn(&who, part)?,
            Input::TakeOver { who } => self.take_over(&who)?,
            Input::Release => self.release(),
            Input::End => self.end(),
        }
        self.settle();
        Ok(())
    }

    fn effect(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    fn told(&mut self, told: Told) {
        self.effect(Effect::Told(told));
    }

    fn take(&mut self, which: impl Fn(&Party) -> bool) -> Option<Party> {
        let at = self.parties.iter().position(which)?;
        Some(self.parties.remove(at))
    }

    fn asked(&self) -> Option<&Party> {
        let of = |part| self.parties.iter().rev().find(move |party| party.part == part);
        of(Part::Asked).or_else(|| of(Part::Joined))
    }

    /// Who talks with the caller.
    fn served(&self) -> Result<&Party, BridgeError> {
        self.serving().filter(|party| party.up).ok_or(BridgeError::NobodyServes)
    }

    /// Whether somebody may be rung for this part now.
    ///
    /// # Errors
    /// As [`Input::Ring`] would give.
    pub fn may_ring(&self, part: Part) -> Result<(), BridgeError> {
        // The caller is one of them.
        if self.parties.len() + 1 >= BRIDGE_LEGS {
            return Err(BridgeError::Full { max: BRIDGE_LEGS - 1 });
        }
        let taken = |part: Part| self.parties.iter().any(|party| party.part == part);
        match part {
            Part::Serves if taken(Part::Serves) => Err(BridgeError::OnIt),
            Part::Asked if taken(Part::Asked) => Err(BridgeError::AskedAlready),
            Part::Serves => Ok(()),
            _ => self.served().map(drop),
        }
    }

    fn ring(&mut self, leg: LegId, who: Who, part: Part) -> Result<(), BridgeError> {
        if self.party(&who).is_some() {
            return Err(BridgeError::OnIt);
        }
        self.may_ring(part)?;
        if part == Part::Asked {
            self.held = false;
        }
        let party = Party { leg, who, part, up: false };
        self.effect(Effect::Party { party: party.clone(), stage: Stage::Rings });
        self.parties.push(party);
        Ok(())
    }

    fn up(&mut self, leg: LegId) {
        let Some(party) = self.parties.iter_mut().find(|p| p.leg == leg && !p.up) else { return };
        party.up = true;
        let party = party.clone();
        self.owns |= party.part == Part::Serves;
        self.told(Told::Answered { who: party.who.clone(), part: party.part });
        self.effect(Effect::Enter { leg });
        self.effect(Effect::Party { party, stage: Stage::Up });
    }

    fn gone(&mut self, party: &Party) {
        if party.up {
            self.effect(Effect::Leave { leg: party.leg });
        }
        self.effect(Effect::Party { party: party.clone(), stage: Stage::Gone });
    }

    fn put_down(&mut self, party: &Party) {
        self.effect(Effect::HangUp { leg: party.leg });
        self.gone(party);
    }

    /// Somebody other than the one who serves leaves because we want it.
    fn leave(&mut self, leg: LegId) {
        if let Some(party) = self.take(|party| party.leg == leg) {
            self.put_down(&party);
            let Party { who, part, up, .. } = party;
            self.told(Told::Left { who, part, up });
        }
    }

    fn down(&mut self, leg: LegId, how: Down) {
        let Some(party) = self.take(|party| party.leg == leg) else { return };
        self.gone(&party);
        let Party { who, part, up, .. } = party;
        match (part, up) {
            (Part::Serves, false) => self.told(Told::Missed { who }),
            (Part::Serves, true) => self.bereaved(who, how),
            _ => self.told(Told::Left { who, part, up }),
        }
    }

    /// Who served is gone. Whoever they brought in has the caller now; of those who only ring, where it was meant so.
    fn bereaved(&mut self, from: Who, how: Down) {
        self.held = false;
        let meant = how == Down::HungUp;
        let next = |part: Part, up: bool| {
            self.parties.iter().position(move |party| party.part == part && party.up == up)
        };
        let found = next(Part::Asked, true)
            .or_else(|| next(Part::Joined, true))
            .or_else(|| next(Part::Asked, false).filter(|_| meant))
            .or_else(|| next(Part::Barges, true));
        match found {
            Some(at) => self.succeed(from, at),
            None if meant => {
                (self.owns, self.music) = (false, None);
                self.told(Told::Done { who: from });
            }
            None => {
                self.clear(|party| !party.part.watches());
                self.told(Told::Lost { who: from });
            }
        }
    }

    fn succeed(&mut self, from: Who, at: usize) {
        let Some(party) = self.parties.get_mut(at) else { return };
        let before = std::mem::replace(&mut party.part, Part::Serves);
        let party = party.clone();
        let stage = if party.up { Stage::Up } else { Stage::Rings };
        let (to, up) = (party.who.clone(), party.up);
        self.effect(Effect::Party { party, stage });
        // One who was asked while another was joined is that one's to ask now.
        if before != Part::Asked
            && let Some(asked) = self.parties.iter().find(|p| p.part == Part::Asked)
        {
            let leg = asked.leg;
            self.leave(leg);
        }
        self.told(Told::Passed { from, to, up });
    }

    fn join(&mut self) -> Result<(), BridgeError> {
        self.served()?;
        let asked = self.parties.iter_mut().find(|party| party.part == Part::Asked);
        let asked = asked.ok_or(BridgeError::NobodyAsked)?;
        if !asked.up {
            return Err(BridgeError::NotUp);
        }
        asked.part = Part::Joined;
        let party = asked.clone();
        self.held = false;
        self.effect(Effect::Party { party, stage: Stage::Up });
        Ok(())
    }

    fn pass(&mut self) -> Result<(), BridgeError> {
        self.served()?;
        let to = self.asked().ok_or(BridgeError::NobodyAsked)?.leg;
        self.replace_server(to);
        Ok(())
    }

    fn replace_server(&mut self, to: LegId) {
        let Some(from) = self.take(|party| party.part == Part::Serves) else { return };
        self.put_down(&from);
        self.held = false;
        if let Some(at) = self.parties.iter().position(|party| party.leg == to) {
            self.succeed(from.who, at);
        }
    }

    fn give_up(&mut self) -> Result<(), BridgeError> {
        let leg = self.served()?.leg;
        self.clear(|party| !party.part.watches() && party.leg != leg);
        if let Some(from) = self.take(|party| party.leg == leg) {
            self.put_down(&from);
            self.held = false;
            self.told(Told::GaveUp { who: from.who });
        }
        Ok(())
    }

    /// Supervisors watch people: nobody talks over the robot's announcements.
    fn release(&mut self) {
        self.clear(|party| party.part != Part::Serves);
        (self.owns, self.held, self.music) = (false, false, None);
    }

    fn watcher(&self, who: &Who) -> Result<&Party, BridgeError> {
        let party = self.party(who).filter(|party| party.part.watches());
        party.ok_or(BridgeError::NotOnIt)
    }

    fn turn(&mut self, who: &Who, part: Part) -> Result<(), BridgeError> {
        self.watcher(who)?;
        self.served()?;
        if !part.watches() {
            return Err(BridgeError::NotOnIt);
        }
        let found = self.parties.iter_mut().find(|party| party.who == *who && party.part != part);
        if let Some(party) = found {
            party.part = part;
            let party = party.clone();
            let stage = if party.up { Stage::Up } else { Stage::Rings };
            self.effect(Effect::Party { party, stage });
        }
        Ok(())
    }

    fn take_over(&mut self, who: &Who) -> Result<(), BridgeError> {
        let watcher = self.watcher(who)?;
        if !watcher.up {
            return Err(BridgeError::NotUp);
        }
        let leg = watcher.leg;
        self.served()?;
        self.replace_server(leg);
        Ok(())
    }

    /// Puts these down, and says that they have left.
    fn clear(&mut self, which: impl Fn(&Party) -> bool) {
        let legs: Vec<LegId> =
            self.parties.iter().filter(|party| which(party)).map(|party| party.leg).collect();
        legs.into_iter().for_each(|leg| self.leave(leg));
    }

    fn end(&mut self) {
        for party in std::mem::take(&mut self.parties) {
            self.effect(Effect::HangUp { leg: party.leg });
            self.effect(Effect::Party { party: party.clone(), stage: Stage::Gone });
            let Party { who, part, up, .. } = party;
            self.told(Told::Left { who, part, up });
        }
        (self.owns, self.held, self.music) = (false, false, None);
    }

    /// Who hears whom, and whether the caller hears music, follow from who is there.
    fn settle(&mut self) {
        let hearing = Hearing::of(self.caller, &self.parties, self.held);
        let alone = hearing.heard_by(self.caller).is_empty();
        if hearing != self.hearing {
            self.hearing = hearing.clone();
            self.effect(Effect::Hears(hearing));
        }
        if self.owns && self.music != Some(alone) {
            self.music = Some(alone);
            self.effect(Effect::Music { on: alone });
        }
    }
}
