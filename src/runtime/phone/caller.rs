//! Callers that measure: each places its calls over real SIP and RTP and plays an [`Interview`] in real time. They hear
//! by level, so that they take next to nothing of the computer's time from the service beside them.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::interview::{Ask, Asked, Clip, Interview, asks};
use super::leg_ids;
use super::measure::Track;
use crate::call::sdp::{self, LocalMedia};
use crate::call::{Dial, EndReason, ReinviteAnswer, SignalEvent, Signalling, SipConfig, SipStack};
use crate::kernel::{LegId, Pii, Rng, Wall};
use crate::media::FRAME_MS;
use crate::runtime::clock::SystemClock;
use crate::runtime::rtp_socket::{PortRange, RtpSession};

const RING: Duration = Duration::from_secs(60);
/// The other side takes leave within this after our BYE.
const LEAVE: Duration = Duration::from_secs(3);
/// A frame later than this is counted: the measurement itself was disturbed.
const LATE_MS: u64 = 20;
/// After a refusal the caller dials again.
const DIAL_AGAIN: Duration = Duration::from_secs(2);
/// Calls in a row that came to nothing; after them the caller gives up.
const IN_VAIN_MAX: u32 = 3;
/// Callers do not all dial in the same moment.
const FIRST_DIAL_MS: u64 = 8_000;

/// Whom to call, and how.
#[derive(Clone, Debug)]
pub struct Round {
    /// A SIP URI.
    pub to: String,
    pub ip: IpAddr,
    pub ports: PortRange,
    /// Conversations at once.
    pub callers: usize,
    /// Utterances of one call: a talk that leads nowhere is soon handed to a person.
    pub turns: usize,
    pub seed: u64,
}

/// A call as its caller knows it. Positions are milliseconds from its first frame.
#[derive(Debug)]
pub struct Conversation {
    /// The number shown.
    pub from: String,
    pub answered: bool,
    /// Why it ended: `hung_up_by_peer`, `hung_up_by_us`, `busy`, …
    pub ended: &'static str,
    /// When the first frame went out.
    pub began: Wall,
    pub duration_ms: u64,
    pub asked: Vec<Asked>,
    /// What came.
    pub theirs: Track,
    /// Our own frames that went out late.
    pub late_frames: u64,
}

/// Says every clip once, in calls of [`Round::turns`] utterances, [`Round::callers`] at once. `told` hears of every call
/// that has ended. Ends early when `stop` is cancelled; running calls end with BYE.
pub async fn interview_all(
    round: &Round,
    clips: &[Arc<Clip>],
    stop: &CancellationToken,
    told: impl Fn(&Conversation) + Send + Sync + 'static,
) -> anyhow::Result<Vec<Conversation>> {
    let waiting: Arc<Mutex<VecDeque<Arc<Clip>>>> =
        Arc::new(Mutex::new(clips.iter().cloned().collect()));
    let told = Arc::new(told);
    let mut callers = tokio::task::JoinSet::new();
    for number in 0..round.callers.min(clips.len()) {
        let caller = Caller::start(round.clone(), number as u64).await?;
        let (waiting, stop, told) = (waiting.clone(), stop.clone(), told.clone());
        callers.spawn(async move { caller.work(&waiting, &stop, told.as_ref()).await });
    }
    let mut conversations = Vec::new();
    while let Some(ended) = callers.join_next().await {
        conversations.extend(ended??);
    }
    Ok(conversations)
}

struct Caller {
    round: Round,
    number: u64,
    line: Arc<dyn Signalling>,
    signals: mpsc::Receiver<SignalEvent>,
    legs: crate::call::LegIds,
    clock: SystemClock,
    rng: Rng,
    dialled: u64,
}

impl Caller {
    async fn start(round: Round, number: u64) -> anyhow::Result<Caller> {
        let legs = leg_ids();
        let sip = SipConfig { listen: (round.ip, 0).into(), ..SipConfig::default() };
        let (line, signals) = SipStack::start(sip, legs.clone()).await?;
        let rng = Rng::new(round.seed ^ number.wrapping_mul(0x9e37_79b9));
        let clock = SystemClock::start();
        Ok(Caller { round, number, line, signals, legs, clock, rng, dialled: 0 })
    }

    async fn work(
        mut self,
        waiting: &Mutex<VecDeque<Arc<Clip>>>,
        stop: &CancellationToken,
        told: &(impl Fn(&Conversation) + Send + Sync),
    ) -> anyhow::Result<Vec<Conversation>> {
        let mut conversations = Vec::new();
        let mut in_vain = 0;
        if self.round.callers > 1 {
            let first = Duration::from_millis(self.rng.below(FIRST_DIAL_MS));
            tokio::select! { () = tokio::time::sleep(first) => {}, () = stop.cancelled() => {} }
        }
        while !stop.is_cancelled() && in_vain < IN_VAIN_MAX {
            let clips: Vec<_> = {
                let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                let count = self.round.turns.min(waiting.len());
                waiting.drain(..count).collect()
            };
            if clips.is_empty() {
                break;
            }
            let asks = asks(clips, &mut self.rng);
            let (conversation, left) = self.call(asks, stop).await?;
            {
                let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                left.into_iter().rev().for_each(|ask| waiting.push_front(ask.clip));
            }
            in_vain = if conversation.asked.is_empty() { in_vain + 1 } else { 0 };
            let refused = !conversation.answered;
            told(&conversation);
            conversations.push(conversation);
            if refused {
                tokio::select! { () = tokio::time::sleep(DIAL_AGAIN) => {}, () = stop.cancelled() => {} }
            }
        }
        self.line.shutdown(LEAVE).await;
        Ok(conversations)
    }

    /// One call; what was not said in it is handed back.
    async fn call(
        &mut self,
        asks: Vec<Ask>,
        stop: &CancellationToken,
    ) -> anyhow::Result<(Conversation, VecDeque<Ask>)> {
        let leg = (self.legs)();
        self.dialled += 1;
        let from = format!("139{:04}{:04}", self.number, self.dialled);
        let mut rtp = self.round.ports.session(self.round.ip)?;
        let local = rtp.local(self.round.ip, 1);
        let dial = Dial {
            to: Pii::new(self.round.to.clone()),
            from: Pii::new(from.clone()),
            display: None,
            sdp: sdp::offer(&local),
            ring_timeout: RING,
            credentials: None,
        };
        self.line.dial(leg, dial).await?;
        let ended = self.answered(leg, &mut rtp, &local).await?;
        let seed = self.rng.next_u64();
        let mut talk = Talk {
            rtp,
            local,
            interview: Interview::new(asks, seed),
            late_frames: 0,
            hung_up: false,
        };
        let began = self.clock.wall();
        let (answered, reason) = match ended {
            Some(reason) => (false, reason),
            None => (true, self.talk(leg, &mut talk, stop).await?),
        };
        let duration_ms = talk.interview.now_ms();
        let (asked, left, theirs) = talk.interview.end();
        let ended = reason.key();
        let late_frames = talk.late_frames;
        let conversation =
            Conversation { from, answered, ended, began, duration_ms, asked, theirs, late_frames };
        Ok((conversation, left))
    }

    /// Why it was not answered; `None` when it was.
    async fn answered(
        &mut self,
        leg: LegId,
        rtp: &mut RtpSession,
        local: &LocalMedia,
    ) -> anyhow::Result<Option<EndReason>> {
        loop {
            match self.signals.recv().await {
                Some(SignalEvent::Answered { leg: at, sdp }) if at == leg => {
                    rtp.agree(&sdp::accept(&sdp, local)?);
                    return Ok(None);
                }
                Some(SignalEvent::Ended { leg: at, reason }) if at == leg => {
                    return Ok(Some(reason));
                }
                Some(_) => {}
                None => anyhow::bail!("the line closed before the call was answered"),
            }
        }
    }

    async fn talk(
        &mut self,
        leg: LegId,
        talk: &mut Talk,
        stop: &CancellationToken,
    ) -> anyhow::Result<EndReason> {
        let mut tick = tokio::time::interval(Duration::from_millis(FRAME_MS));
        tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            tokio::select! {
                biased;
                due = tick.tick() => {
                    talk.late_frames += u64::from(due.elapsed().as_millis() as u64 > LATE_MS);
                    talk.frame(&self.clock);
                }
                signal = self.signals.recv() => match signal {
                    Some(SignalEvent::Ended { leg: at, reason }) if at == leg => return Ok(reason),
                    Some(SignalEvent::Reinvite { leg: at, sdp }) if at == leg => {
                        let answer = talk.reinvited(sdp);
                        self.line.answer_reinvite(leg, answer).await?;
                    }
                    Some(SignalEvent::Refer { leg, .. }) => {
                        self.line.answer_refer(leg, crate::call::ReferAnswer::Declined).await?;
                    }
                    Some(_) => {}
                    None => anyhow::bail!("the line closed during the call"),
                }
            }
            if !talk.hung_up && (talk.interview.is_done() || stop.is_cancelled()) {
                talk.hung_up = true;
                self.line.hang_up(leg, EndReason::HungUpByUs).await?;
            }
        }
    }
}

/// One call's sound.
struct Talk {
    rtp: RtpSession,
    local: LocalMedia,
    interview: Interview,
    late_frames: u64,
    hung_up: bool,
}

impl Talk {
    fn frame(&mut self, clock: &SystemClock) {
        let now = clock.now();
        let theirs = self.rtp.heard(now);
        let ours = self.interview.frame(&theirs);
        self.rtp.send(now, &ours);
    }

    fn reinvited(&mut self, offer: Option<String>) -> ReinviteAnswer {
        self.local.version += 1;
        let Some(offer) = offer else {
            return ReinviteAnswer::Accept { sdp: sdp::offer(&self.local) };
        };
        match sdp::answer(&offer, &self.local) {
            Ok((sdp, negotiated)) => {
                self.rtp.agree(&negotiated);
                ReinviteAnswer::Accept { sdp }
            }
            Err(error) => ReinviteAnswer::Refuse { code: error.status() },
        }
    }
}
