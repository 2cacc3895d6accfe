//! Settings: what the file says (`raw`), checked into what the program uses. An error names the setting and the way out.

mod callbacks;
mod console;
mod desk;
mod messages;
mod outside;
mod peers;
mod public;
mod queue;
mod recogniser;
mod summary;
mod webrtc;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use crate::acd::{Agent, Plan};
use crate::call::sdp::policy::Policy;
use crate::call::sdp::{Codecs, Security, Terms};
use crate::hotline::{CallbackRules, Outside, admission};
use crate::kernel::limits::CALLS_MAX;
use crate::kernel::{Faults, Pii};
use crate::media::Codec;

pub use console::{Console, ConsoleTls};
pub use desk::Desk;
pub use messages::{Carrier, Messages};
pub use public::Public;
pub use recogniser::Recogniser;
pub use webrtc::{BROWSER, Webrtc};

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(
        "the configuration {path} cannot be read: {source}; give another with --config, or none for the defaults"
    )]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the configuration {path} is not right: {detail}")]
    Syntax { path: PathBuf, detail: String },
    #[error("[callbacks]: {0}")]
    Callbacks(String),
    #[error("sip.peers, entry {entry}: {field} = {value:?}: {remedy}")]
    Peer { entry: usize, field: &'static str, value: String, remedy: &'static str },
    #[error("[messages]: {0}")]
    Messages(String),
    /// The queue's plan, every fault with its line.
    #[error("{0}")]
    Plan(Faults),
    #[error("{setting} = {value:?}: {remedy}")]
    Setting { setting: &'static str, value: String, remedy: &'static str },
}

/// The file as written. Every setting has a default; a name it does not know is an error.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Raw {
    data: RawData,
    models: RawModels,
    region: RawRegion,
    knowledge: RawKnowledge,
    intake: RawIntake,
    dispatch: RawDispatch,
    clock: RawClock,
    prompts: RawPrompts,
    sip: RawSip,
    outbound: RawOutbound,
    console: console::Raw,
    public: public::Raw,
    webrtc: webrtc::Raw,
    messages: messages::Raw,
    speech: RawSpeech,
    recogniser: recogniser::Raw,
    summary: summary::Raw,
    voice: RawVoice,
    queue: queue::Raw,
    callbacks: callbacks::Raw,
    desk: desk::Raw,
    agents: Vec<queue::RawAgent>,
    outside: Vec<outside::Raw>,
}

macro_rules! section {
    ($name:ident { $($field:ident : $type:ty = $default:expr),* $(,)? }) => {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        struct $name { $($field: $type),* }
        impl Default for $name {
            fn default() -> Self { $name { $($field: $default),* } }
        }
    };
}

section!(RawData { dir: PathBuf = "data".into() });
section!(RawModels { dir: Option<PathBuf> = None });
section!(RawRegion { home: String = "3307".into(), villages: Option<PathBuf> = None });
section!(RawKnowledge { path: Option<PathBuf> = None, bases: Vec<PathBuf> = Vec::new() });
section!(RawIntake { taxonomy: Option<PathBuf> = None, examples: Option<PathBuf> = None });
section!(RawDispatch { rules: Option<PathBuf> = None });
section!(RawClock { calendars: Vec<PathBuf> = Vec::new() });
section!(RawPrompts { path: Option<PathBuf> = None });
section!(RawSip {
    bind: String = "127.0.0.1:5060".into(),
    advertise: Option<String> = None,
    number: String = "12345".into(),
    display: String = "政务服务热线".into(),
    rtp_ports: String = "16384-17407".into(),
    trunks: Vec<String> = Vec::new(),
    tls_bind: Option<String> = None,
    tls_certificate: Option<PathBuf> = None,
    tls_key: Option<PathBuf> = None,
    tls_ca: Option<PathBuf> = None,
    session_s: u32 = 1800,
    nat: Option<bool> = None,
    codecs: Vec<String> = vec!["PCMA".into(), "PCMU".into(), "G722".into(), "opus".into()],
    srtp: String = "off".into(),
    peers: Vec<peers::Raw> = Vec::new(),
});
section!(RawOutbound {
    route: String = "sip:{number}@127.0.0.1:5080".into(),
    registrar: Option<String> = None,
    user: Option<String> = None,
    password_env: Option<String> = None,
    password_file: Option<PathBuf> = None,
    ring_s: u64 = 30,
});
section!(RawSpeech {
    recognisers: Option<usize> = None,
    voices: usize = 1,
    conversations: Option<usize> = None,
});
section!(RawVoice { cache_mb: u64 = 256 });

/// Talks that one core follows with replies in time, at 35 % speech: a guess, for as long as nothing is measured.
const CONVERSATIONS_PER_CORE: usize = 6;

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// Checked settings.
#[derive(Debug)]
pub struct Config {
    pub data_dir: PathBuf,
    pub models_dir: Option<PathBuf>,
    /// Division code of the hotline's own region.
    pub home_region: String,
    /// The city's villages: CSV, village,code,aliases.
    pub villages: Option<PathBuf>,
    /// Folders of knowledge that are served together, the widest first; `builtin`, or none, is the base that ships with the program.
    pub knowledge: Vec<PathBuf>,
    pub intake: IntakeFiles,
    /// `None`: the rules of a sample city that ship with the program.
    pub dispatch_rules: Option<PathBuf>,
    /// Calendars of working days over the installed one, each over those before.
    pub calendars: Vec<PathBuf>,
    /// `None`: the texts that ship with the program.
    pub prompts: Option<PathBuf>,
    pub sip: Sip,
    pub outbound: Outbound,
    pub console: Console,
    /// `None`: citizens have no page.
    pub public: Option<Public>,
    /// Browsers as telephones.
    pub webrtc: Webrtc,
    pub messages: Messages,
    /// Who writes down what callers say.
    pub recogniser: Recogniser,
    /// Who may rewrite summaries.
    pub summary: Option<crate::engine::remote::settings::Settings>,
    pub recognisers: usize,
    /// How many talks the robot takes; callers beyond them go to people.
    pub admission: admission::Rules,
    pub voices: usize,
    /// Rendered speech on disk.
    pub voice_cache_bytes: u64,
    /// How callers are shared out among the agents.
    pub queue: Arc<Plan>,
    pub callbacks: CallbackRules,
    pub desk: Desk,
    /// A rule pack, by its code or file, whose calling hours go before those of `callbacks`, and whose limit of a
    /// verification holds.
    pub callback_pack: Option<PathBuf>,
    pub agents: Vec<Agent>,
    /// Whom agents may bring in or pass callers to, besides each other.
    pub outside: Vec<Outside>,
}

/// What matters are called here.
#[derive(Debug, Default)]
pub struct IntakeFiles {
    /// `None`: the taxonomy that ships with the program, or that of the examples.
    pub taxonomy: Option<PathBuf>,
    /// Labelled texts that the categories are learned from.
    pub examples: Option<PathBuf>,
}

#[derive(Debug)]
pub struct Sip {
    pub bind: SocketAddr,
    /// The address other ends send to, where it is not the one bound.
    pub advertise: IpAddr,
    /// The number we are reached by and show when we call.
    pub number: String,
    pub display: String,
    pub rtp_ports: RangeInclusive<u16>,
    /// Who may send us calls, besides this machine itself: addresses or CIDR blocks.
    pub trunks: Vec<String>,
    /// SIP over TLS for those who call us.
    pub tls: Option<SipTls>,
    /// Certificates (PEM) that those we call over TLS are checked against; `None`: the system's.
    pub tls_ca: Option<Vec<u8>>,
    /// The session interval that is asked for (RFC 4028).
    pub session_s: u32,
    /// A peer's sound may come from another host than its description names.
    pub nat: bool,
    /// Codecs in their order, and whether sound is protected with whom no rule is for.
    pub terms: Terms,
    /// Whether it is, peer by peer.
    pub protection: Policy,
}

/// Where SIP over TLS is listened for.
#[derive(Debug)]
pub struct SipTls {
    pub bind: SocketAddr,
    /// `None`: one of our own is made and kept in the data folder.
    pub given: Option<Certificate>,
}

/// Our certificate and key as their files hold them (PEM).
#[derive(Clone, Debug)]
pub struct Certificate {
    pub certificate: Vec<u8>,
    pub key: Pii<Vec<u8>>,
}

#[derive(Debug)]
pub struct Outbound {
    /// `{number}` stands for the citizen's number.
    pub route: String,
    pub registrar: Option<String>,
    pub user: Option<String>,
    pub password: Option<Pii<String>>,
    pub ring_ms: u64,
}

impl Config {
    /// The file's settings, or the defaults where there is no file.
    pub fn load(path: Option<&Path>) -> Result<Config, ConfigError> {
        let raw = match path {
            None => Raw::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|source| ConfigError::Read { path: path.into(), source })?;
                toml::from_str(&text).map_err(|error| ConfigError::Syntax {
                    path: path.into(),
                    detail: error.to_string(),
                })?
            }
        };
        raw.check()
    }
}

impl Raw {
    fn check(self) -> Result<Config, ConfigError> {
        let plan = self.queue.check()?;
        let agents = queue::agents(self.agents, &plan)?;
        let console = self.console.check()?;
        let sip = self.sip.check()?;
        let outbound = self.outbound.check()?;
        Ok(Config {
            data_dir: self.data.dir,
            models_dir: self.models.dir,
            home_region: self.region.home,
            villages: self.region.villages,
            knowledge: self.knowledge.check()?,
            intake: IntakeFiles { taxonomy: self.intake.taxonomy, examples: self.intake.examples },
            dispatch_rules: self.dispatch.rules,
            calendars: self.clock.calendars,
            prompts: self.prompts.path,
            webrtc: self.webrtc.check(&sip)?,
            sip,
            outside: outside::check(self.outside, &outbound)?,
            outbound,
            public: self.public.check(console.bind)?,
            messages: self.messages.check()?,
            console,
            recogniser: self.recogniser.check()?,
            summary: self.summary.check()?,
            recognisers: self.speech.recognisers()?,
            admission: self.speech.admission()?,
            voices: in_range("speech.voices", self.speech.voices, 1..=64)?,
            voice_cache_bytes: in_range("voice.cache_mb", self.voice.cache_mb, 16..=1 << 20)? << 20,
            queue: Arc::new(plan),
            callback_pack: self.callbacks.pack.clone(),
            callbacks: self.callbacks.check()?,
            desk: self.desk.check()?,
            agents,
        })
    }
}

impl RawSip {
    fn check(self) -> Result<Sip, ConfigError> {
        let bind = address("sip.bind", &self.bind)?;
        let advertise = match self.advertise {
            Some(text) => text
                .parse()
                .map_err(|_| setting("sip.advertise", text, "give an IP address like 192.0.2.7"))?,
            None if bind.ip().is_unspecified() => {
                return Err(setting(
                    "sip.bind",
                    self.bind,
                    "with a bind to every address say in sip.advertise which one others send to",
                ));
            }
            None => bind.ip(),
        };
        let rtp_ports = self
            .rtp_ports
            .split_once('-')
            .and_then(|(from, to)| Some(from.trim().parse().ok()?..=to.trim().parse().ok()?))
            .filter(|range: &RangeInclusive<u16>| *range.start() >= 1024 && range.len() >= 4)
            .ok_or_else(|| {
                setting("sip.rtp_ports", self.rtp_ports, "give two ports like 16384-17407")
            })?;
        // 反电信网络诈骗法 第十三条: who is called sees the true number.
        let digits = self.number.strip_prefix('+').unwrap_or(&self.number);
        if !(3..=15).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(setting(
                "sip.number",
                self.number,
                "give the number that citizens are called from and reach us by: 3 to 15 digits, with + before an \
                 international one",
            ));
        }
        let tls = tls(self.tls_bind, self.tls_certificate.as_deref(), self.tls_key.as_deref())?;
        let tls_ca = self.tls_ca.map(|path| contents("sip.tls_ca", &path)).transpose()?;
        let others = Security::from_key(&self.srtp)
            .ok_or_else(|| setting("sip.srtp", &self.srtp, peers::SECURITY))?;
        Ok(Sip {
            // A telephone on this machine may name its network address and send from the loopback one.
            nat: self.nat.unwrap_or(bind.ip().is_loopback()),
            terms: Terms { codecs: codecs(&self.codecs)?, security: others, key: None },
            protection: Policy::new(peers::check(self.peers)?, others),
            bind,
            advertise,
            number: self.number,
            display: self.display,
            rtp_ports,
            trunks: self.trunks,
            tls,
            tls_ca,
            session_s: in_range("sip.session_s", self.session_s, 90..=86_400)?,
        })
    }
}

fn tls(
    bind: Option<String>,
    certificate: Option<&Path>,
    key: Option<&Path>,
) -> Result<Option<SipTls>, ConfigError> {
    let Some(bind) = bind else {
        return match certificate.or(key) {
            Some(path) => Err(setting(
                "sip.tls_bind",
                path.display(),
                "a certificate or key is named, but not where TLS listens: give an address like 0.0.0.0:5061",
            )),
            None => Ok(None),
        };
    };
    let given = match (certificate, key) {
        (Some(certificate), Some(key)) => Some(Certificate {
            certificate: contents("sip.tls_certificate", certificate)?,
            key: Pii::new(contents("sip.tls_key", key)?),
        }),
        (None, None) => None,
        (Some(path), None) => {
            let remedy = "its key is missing: name that file (PEM) in sip.tls_key, or take both out";
            return Err(setting("sip.tls_certificate", path.display(), remedy));
        }
        (None, Some(path)) => {
            let remedy = "its certificate is missing: name that file (PEM) in sip.tls_certificate, or take both out";
            return Err(setting("sip.tls_key", path.display(), remedy));
        }
    };
    Ok(Some(SipTls { bind: address("sip.tls_bind", &bind)?, given }))
}

fn contents(name: &'static str, path: &Path) -> Result<Vec<u8>, ConfigError> {
    std::fs::read(path).map_err(|_| setting(name, path.display(), "this file cannot be read"))
}

impl RawKnowledge {
    fn check(self) -> Result<Vec<PathBuf>, ConfigError> {
        match (self.path, self.bases) {
            (Some(path), bases) if !bases.is_empty() => Err(setting(
                "knowledge.path",
                path.display(),
                "with knowledge.bases, name this folder there and take this setting out",
            )),
            (Some(path), _) => Ok(vec![path]),
            (None, bases) => Ok(bases),
        }
    }
}

impl RawOutbound {
    fn check(self) -> Result<Outbound, ConfigError> {
        if !self.route.starts_with("sip:") || !self.route.contains("{number}") {
            return Err(setting(
                "outbound.route",
                self.route,
                "give a SIP URI with {number} in it, like sip:{number}@192.0.2.9",
            ));
        }
        let password = secret(
            "outbound.password_env",
            self.password_env.as_deref(),
            self.password_file.as_deref(),
        )?;
        Ok(Outbound {
            route: self.route,
            registrar: self.registrar,
            user: self.user,
            password,
            ring_ms: in_range("outbound.ring_s", self.ring_s, 5..=180)? * 1000,
        })
    }
}

impl RawSpeech {
    fn recognisers(&self) -> Result<usize, ConfigError> {
        let many = self.recognisers.unwrap_or_else(|| cores().min(64));
        in_range("speech.recognisers", many, 1..=64)
    }

    /// Where nothing is said the beginning is a guess and the rest is measured.
    fn admission(&self) -> Result<admission::Rules, ConfigError> {
        let recognisers = self.recognisers()?;
        let Some(most) = self.conversations else {
            let guess = cores() * CONVERSATIONS_PER_CORE;
            return Ok(admission::Rules { guess, most: CALLS_MAX, recognisers });
        };
        let most = in_range("speech.conversations", most, 2..=4096)?;
        Ok(admission::Rules { guess: most, most, recognisers })
    }
}


/// The codecs that are spoken, best first.
fn codecs(names: &[String]) -> Result<Codecs, ConfigError> {
    let remedy = "name at least one of PCMA, PCMU, G722 and opus, best first";
    let known =
        |name: &String| Codec::from_name(name).ok_or_else(|| setting("sip.codecs", name, remedy));
    let order: Vec<Codec> = names.iter().map(known).collect::<Result<_, _>>()?;
    if order.is_empty() {
        return Err(setting("sip.codecs", "[]", remedy));
    }
    Ok(Codecs::new(order))
}

fn setting(setting: &'static str, value: impl ToString, remedy: &'static str) -> ConfigError {
    ConfigError::Setting { setting, value: value.to_string(), remedy }
}

fn address(name: &'static str, text: &str) -> Result<SocketAddr, ConfigError> {
    let bare = text.parse::<u16>().map(|port| (Ipv4Addr::LOCALHOST, port).into());
    text.parse()
        .or(bare)
        .map_err(|_| setting(name, text, "give an address and port like 127.0.0.1:5060"))
}

fn in_range<T: PartialOrd + ToString>(
    name: &'static str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<T, ConfigError> {
    if range.contains(&value) {
        Ok(value)
    } else {
        Err(setting(name, value, "is out of range; the README's table of settings gives it"))
    }
}

/// A secret comes from the environment or a file, never from the configuration itself.
fn secret(
    name: &'static str,
    env: Option<&str>,
    file: Option<&Path>,
) -> Result<Option<Pii<String>>, ConfigError> {
    let text = match (env, file) {
        (Some(env), _) => std::env::var(env)
            .map_err(|_| setting(name, env, "this environment variable is not set"))?,
        (None, Some(file)) => std::fs::read_to_string(file)
            .map_err(|_| setting(name, file.display(), "this file cannot be read"))?,
        (None, None) => return Ok(None),
    };
    let text = text.trim().to_owned();
    if text.len() < 8 {
        return Err(setting(name, "…", "the secret is shorter than 8 characters"));
    }
    Ok(Some(Pii::new(text)))
}
