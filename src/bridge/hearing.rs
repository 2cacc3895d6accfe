//! Who hears whom.

use super::contract::{Part, Party};
use crate::kernel::LegId;

/// For each leg those whom it hears, the caller's own leg first. A leg that is not named hears nobody.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Hearing(Vec<(LegId, Vec<LegId>)>);

impl Hearing {
    /// `held`: who serves has put the caller by. Who is asked apart takes the one who serves with them; the caller stays with
    /// those who are joined, and hears nobody where there are none.
    pub(super) fn of(caller: LegId, parties: &[Party], held: bool) -> Hearing {
        let up = || parties.iter().filter(|party| party.up);
        let apart = parties.iter().any(|party| party.part == Part::Asked);
        let in_circle = |party: &Party| match party.part {
            Part::Serves => !held && !apart,
            Part::Joined | Part::Barges => true,
            Part::Asked | Part::Listens | Part::Whispers => false,
        };
        let legs = |which: &dyn Fn(&Party) -> bool| -> Vec<LegId> {
            up().filter(|party| which(party)).map(|party| party.leg).collect()
        };
        let circle = legs(&in_circle);
        let side = legs(&|p| p.part == Part::Asked || (p.part == Part::Serves && apart));
        let whispers = legs(&|p| p.part == Part::Whispers);
        let others = |room: &[LegId], own: LegId| -> Vec<LegId> {
            room.iter().copied().filter(|leg| *leg != own).collect()
        };
        let of = |party: &Party| -> Vec<LegId> {
            let with_caller = || [&[caller], &others(&circle, party.leg)[..]].concat();
            match party.part {
                Part::Serves if apart => [others(&side, party.leg), whispers.clone()].concat(),
                Part::Serves if held => whispers.clone(),
                Part::Serves => [with_caller(), whispers.clone()].concat(),
                Part::Asked => others(&side, party.leg),
                Part::Joined => with_caller(),
                Part::Listens | Part::Whispers | Part::Barges => {
                    [with_caller(), others(&side, party.leg)].concat()
                }
            }
        };
        let people = up().map(|party| (party.leg, of(party)));
        Hearing(std::iter::once((caller, circle.clone())).chain(people).collect())
    }

    /// Those whom this leg hears.
    pub fn heard_by(&self, leg: LegId) -> &[LegId] {
        self.0.iter().find(|(own, _)| *own == leg).map_or(&[], |(_, heard)| heard)
    }

    pub fn legs(&self) -> impl Iterator<Item = LegId> + '_ {
        self.0.iter().map(|(leg, _)| *leg)
    }
}
