//! The people on a call beside its caller, as sound: each hears those whom they are to hear, and what they say to the caller is
//! followed by one ear.

use super::listener::{Heard, Listener};
use super::rtp_socket::RtpSession;
use crate::bridge::Hearing;
use crate::call::sdp::Negotiated;
use crate::kernel::{LegId, Moment};
use crate::media::{Frame, FrameKind, SILENCE, blend};

struct Person {
    leg: LegId,
    rtp: RtpSession,
    lost_told: bool,
}

#[derive(Default)]
pub struct People {
    people: Vec<Person>,
    hearing: Hearing,
    /// While there is somebody.
    ear: Option<Listener>,
    /// Of what they said last.
    kind: Option<FrameKind>,
}

impl People {
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    pub fn begin(&mut self, ear: Listener) {
        self.ear = Some(ear);
    }

    pub fn enter(&mut self, leg: LegId, rtp: RtpSession) {
        self.people.push(Person { leg, rtp, lost_told: false });
    }

    pub fn leave(&mut self, leg: LegId) {
        self.people.retain(|person| person.leg != leg);
    }

    /// The ear, to be heard out.
    pub fn end(&mut self) -> Option<Listener> {
        self.people.clear();
        self.ear.take()
    }

    pub fn hear(&mut self, hearing: Hearing) {
        self.hearing = hearing;
    }

    pub fn agree(&mut self, leg: LegId, negotiated: &Negotiated) {
        if let Some(person) = self.people.iter_mut().find(|person| person.leg == leg) {
            person.rtp.agree(negotiated);
        }
    }

    /// Takes 20 ms from each and gives each what they are to hear. Returns what the caller hears of them; `None`: nothing is to be
    /// heard.
    pub fn exchange(&mut self, now: Moment, caller: LegId, from_caller: &Frame) -> Option<Frame> {
        if self.people.is_empty() {
            return None;
        }
        let mut said: Vec<(LegId, Frame)> = Vec::with_capacity(self.people.len() + 1);
        said.push((caller, *from_caller));
        let to_caller = self.hearing.heard_by(caller);
        self.kind = None;
        for person in &mut self.people {
            let frame = person.rtp.heard(now);
            // Whoever holds us sends music.
            said.push((person.leg, if person.rtp.held() { SILENCE } else { frame }));
            let kind = person.rtp.kind();
            if to_caller.contains(&person.leg) && self.kind.is_none_or(|k| k == FrameKind::Silence)
            {
                self.kind = Some(kind);
            }
        }
        let heard_by = |leg: LegId| {
            let heard = self.hearing.heard_by(leg);
            blend(said.iter().filter(|(own, _)| heard.contains(own)).map(|(_, frame)| frame))
        };
        for person in &mut self.people {
            person.rtp.send(now, &heard_by(person.leg));
        }
        let there = said.iter().any(|(leg, _)| to_caller.contains(leg));
        there.then(|| heard_by(caller))
    }

    /// The ear, and what the last 20 ms were made of.
    pub fn ear(&mut self) -> Option<(&mut Listener, FrameKind)> {
        let kind = self.kind.unwrap_or(FrameKind::Silence);
        self.ear.as_mut().map(|ear| (ear, kind))
    }

    /// What was recognised of them. Cancel safe.
    pub async fn decoded(&mut self) -> Heard {
        match &mut self.ear {
            Some(ear) => ear.decoded().await,
            None => std::future::pending().await,
        }
    }

    /// Those whose sound has been lost and who were not named yet.
    pub fn lost(&mut self, now: Moment) -> Vec<LegId> {
        let gone = |person: &&mut Person| {
            !person.lost_told && (person.rtp.closed() || person.rtp.gone(now))
        };
        let lost = self.people.iter_mut().filter(gone);
        lost.map(|person| {
            person.lost_told = true;
            person.leg
        })
        .collect()
    }
}
