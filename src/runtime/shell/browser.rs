//! Legs of browsers: answered over HTTP, opened by ICE and DTLS in a task of their own, and then legs like any other.

use std::net::SocketAddr;

use super::super::call_task::Ringing;
use super::super::rtp_socket::{BrowserError, RtpSession};
use super::{Arranged, Message, Shell};
use crate::call::ice::{Credentials, FRAGMENT, PASSWORD};
use crate::call::sdp::browser::{self, Accord, Local};
use crate::call::{EndReason, Failure, SignalEvent};
use crate::console::telephones::Refused;
use crate::hotline::Input;
use crate::kernel::{CallId, LegId};

/// What happens at browsers.
pub enum Happening {
    /// An agent answers; the offer waits in the table.
    PickedUp {
        leg: LegId,
    },
    /// The browser's sound is there, or will not be.
    Opened {
        leg: LegId,
        call: CallId,
        opened: Result<Box<RtpSession>, BrowserError>,
    },
    HungUp {
        leg: LegId,
        reason: EndReason,
    },
    Hold {
        leg: LegId,
        on: bool,
    },
    /// The table has let the leg go.
    Ended {
        leg: LegId,
        reason: EndReason,
    },
}

impl Shell {
    pub(super) async fn browser(&mut self, happening: Happening) {
        match happening {
            Happening::PickedUp { leg } => {
                let browsers = &self.parts.browsers;
                if let (Some(call), Some(offer)) = (browsers.call_of(leg), browsers.offer(leg)) {
                    self.answer_browser(call, leg, &offer);
                }
            }
            Happening::Opened { leg, call, opened } => self.opened(leg, call, opened).await,
            Happening::HungUp { leg, reason } => self.hang_up(leg, reason),
            Happening::Hold { leg, on } => self.input(Input::Held { leg, on }).await,
            Happening::Ended { leg, reason } => {
                self.signal(SignalEvent::Ended { leg, reason }).await;
            }
        }
    }

    /// True: the leg was a browser's, and its end will be told.
    pub(super) fn end_browser(&mut self, leg: LegId, refused: Refused, reason: EndReason) -> bool {
        let browsers = self.parts.browsers.remove(leg, refused);
        if browsers {
            let inbox = self.parts.inbox.clone();
            self.tasks.spawn(async move {
                let _ = inbox.send(Message::Browser(Happening::Ended { leg, reason })).await;
            });
        }
        browsers
    }

    /// Gives the browser our description, and begins to wait for it on the port that this names.
    pub(super) fn answer_browser(&mut self, call: CallId, leg: LegId, offer: &str) {
        let (rtp, ice) = match self.browser_port() {
            Ok(port) => port,
            Err(error) => {
                tracing::error!(%error, "no port for the sound of a browser");
                let reason = EndReason::Failed(Failure::Network);
                self.end_browser(leg, Refused::Full, reason);
                return;
            }
        };
        let browsers = self.parts.browsers.clone();
        let identity = browsers.identity();
        self.next_session += 1;
        let agreed = browser::answer(
            offer,
            &Local {
                addr: SocketAddr::new(browsers.settings().advertise, rtp.port()),
                session: self.next_session,
                codecs: &self.parts.sip.terms.codecs,
                ice: &ice,
                fingerprint: identity.fingerprint(),
            },
        );
        let (text, accord) = match agreed {
            Ok(agreed) => agreed,
            Err(error) => {
                tracing::warn!(%leg, %error, "a browser's offer was refused");
                let reason = EndReason::Failed(Failure::BadSdp);
                self.end_browser(leg, Refused::Offer, reason);
                return;
            }
        };
        if !browsers.answer(leg, call, Ok(text)) {
            return self.hang_up(leg, EndReason::Cancelled);
        }
        self.open_browser(call, leg, rtp, ice, accord);
    }

    fn browser_port(&self) -> std::io::Result<(RtpSession, Credentials)> {
        let rtp = self.parts.ports.session(self.parts.browsers.settings().bind)?;
        let mut chance = [0; FRAGMENT + PASSWORD];
        getrandom::fill(&mut chance).map_err(|error| std::io::Error::other(error.to_string()))?;
        Ok((rtp, Credentials::new(chance)))
    }

    /// The handshake takes a few round trips and some arithmetic: nothing waits for it.
    fn open_browser(
        &mut self,
        call: CallId,
        leg: LegId,
        mut rtp: RtpSession,
        ice: Credentials,
        accord: Accord,
    ) {
        let (clock, inbox) = (self.parts.clock.clone(), self.parts.inbox.clone());
        let identity = self.parts.browsers.identity();
        self.tasks.spawn(async move {
            let opened = rtp.open(&clock, ice, &accord, identity).await;
            let opened = opened.map(|()| Box::new(rtp));
            let _ = inbox.send(Message::Browser(Happening::Opened { leg, call, opened })).await;
        });
    }

    async fn opened(
        &mut self,
        leg: LegId,
        call: CallId,
        opened: Result<Box<RtpSession>, BrowserError>,
    ) {
        let rtp = match opened {
            Ok(rtp) if self.parts.browsers.has(leg) => *rtp,
            // It hung up meanwhile.
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(%leg, %error, "a browser's sound did not come about");
                return self.hang_up(leg, EndReason::Failed(Failure::Network));
            }
        };
        let local = rtp.local(self.parts.browsers.settings().advertise, 0);
        let arranged = Arranged { rtp, local };
        if self.parts.browsers.is_agents(leg) {
            self.arranged.insert(leg, (call, arranged));
        } else {
            self.start_call(call, leg, arranged, Ringing::Inbound);
        }
        self.input(Input::LegUp { leg }).await;
    }
}
