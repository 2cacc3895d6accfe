//! The doors between the rooms, and every exception from the rules of the house, each with its reason.

/// A room, what it may name (`room` wholly, or `room::Item` alone), and why.
pub type Door = (&'static str, &'static [&'static str], &'static str);

/// `kernel` stands open to all and is not named here.
pub const DOORS: &[Door] = &[
    ("kernel", &[], "what every room may use uses no room"),
    ("language", &[], "Chinese text as data knows no hotline"),
    ("media", &[], "sound does not know what is said in it"),
    ("acd", &[], "who waits for whom: the queue knows calls and agents by their numbers"),
    ("bridge", &[], "who is on a call with whom: it knows people and legs by their numbers"),
    ("desk", &[], "tickets and their time: the desk never sees sound or talk"),
    (
        "notice",
        &["language::groups", "language::wording"],
        "rules of telling: which numbers are mobile ones it asks, and how texts have slots",
    ),
    ("access", &[], "who may do what knows neither what is done nor where it is kept"),
    (
        "call",
        &["media::Codec", "media::comfort", "media::srtp"],
        "a leg agrees on a codec, on comfort noise and on keys; the sound itself passes by",
    ),
    ("speech", &[], "engines are traits and turns are times: frames are plain samples"),
    (
        "intake",
        &["language", "speech::Utterance", "speech::Speaker"],
        "evidence points at the utterance it came from",
    ),
    ("knowledge", &["language"], "search is by words, sound and meaning of plain text"),
    (
        "dialogue",
        &[
            "speech::Utterance",
            "intake",
            "knowledge",
            "language::numbers",
            "language::groups",
            "language::wording",
            "desk::standing",
            "desk::Standing",
            "desk::Step",
        ],
        "the talk sees what was said and meant, not how it was heard; it says numbers as the voice does, and how a ticket stands",
    ),
    (
        "survey",
        &["speech::Utterance", "intake::Command", "intake::Grade", "dialogue"],
        "the callback is a talk too: it shares the mouth and the ear of the dialogue",
    ),
    ("insight", &[], "figures come from rows of counts: it does not ask where they were kept"),
    (
        "hotline",
        &[
            "call::EndReason",
            "speech::Utterance",
            "speech::Speaker",
            "intake::Draft",
            "dialogue",
            "acd",
            "bridge",
            "desk",
            "survey",
        ],
        "composes the machines, and of a leg knows only why it ended",
    ),
    (
        "store",
        &[
            "access",
            "speech::Utterance",
            "acd",
            "bridge",
            "desk",
            "survey",
            "hotline",
            "knowledge",
            "notice",
            "insight",
        ],
        "keeps the facts of the hotline, what editors write and what citizens are told, and gives back what a restart and the figures need",
    ),
    (
        "engine",
        &["language", "speech", "knowledge", "media::resample::bessel"],
        "implements the traits of these rooms, with the language's own text and the sound's own window",
    ),
    (
        "console",
        &[
            "access",
            "acd",
            "bridge",
            "desk",
            "survey",
            "hotline",
            "store",
            "knowledge",
            "insight",
            "language::pairs",
        ],
        "shows what is kept and what happens, sends commands, and is where knowledge is edited",
    ),
    (
        "config",
        &[
            "access",
            "acd",
            "desk",
            "survey",
            "hotline",
            "notice",
            "call::sdp",
            "media::Codec",
            "engine::remote::settings",
        ],
        "fills the rules of the machines and nothing that runs",
    ),
    (
        "sim",
        &[
            "language::address",
            "call::EndReason",
            "call::Failure",
            "speech",
            "intake",
            "knowledge",
            "dialogue",
            "acd",
            "desk",
            "survey",
            "hotline",
            "notice",
        ],
        "plays the machines in virtual time, in a country of its own: no engine, no socket, no store",
    ),
    (
        "runtime",
        &[
            "access",
            "language",
            "media",
            "call",
            "speech",
            "intake",
            "knowledge",
            "dialogue",
            "bridge",
            "desk",
            "survey",
            "hotline",
            "store",
            "engine",
            "console",
            "config",
            "notice",
        ],
        "the shell wires everything but the simulated world",
    ),
    (
        "cli",
        &[
            "access",
            "language",
            "media",
            "call",
            "speech",
            "intake",
            "knowledge",
            "dialogue",
            "acd",
            "desk",
            "survey",
            "insight",
            "hotline",
            "store",
            "engine",
            "console",
            "config",
            "sim",
            "runtime",
            "notice",
        ],
        "the binary may call for anything",
    ),
];

/// Rooms that are machines or data: nothing in them touches the world.
pub const MACHINES: &[&str] = &[
    "kernel",
    "access",
    "language",
    "media",
    "call",
    "speech",
    "intake",
    "knowledge",
    "dialogue",
    "acd",
    "bridge",
    "desk",
    "survey",
    "insight",
    "notice",
    "hotline",
    "sim",
];

/// What touches the world.
pub const WORLD: &[&str] = &[
    "std::fs",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::ToSocketAddrs",
    "std::net::UdpSocket",
    "std::thread",
    "std::process",
    "std::env",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
    "tokio_util",
    "axum",
    "reqwest",
    "sqlx",
    "getrandom",
    "rand",
];

/// A file, or a folder with its closing `/`; what it may hold; why.
pub type Exception = (&'static str, &'static str, &'static str);

pub const WORLD_EXCEPTIONS: &[Exception] = &[
    ("src/language/address.rs", "std::fs", "the gazetteer is loaded once, at the start"),
    ("src/language/pinyin.rs", "std::fs", "so are the tables of readings"),
    ("src/knowledge/read.rs", "std::fs", "so is a knowledge base"),
    ("src/knowledge/known.rs", "std::fs", "encoded wordings are kept on disk, one by one"),
    ("src/dialogue/prompts.rs", "std::fs", "the wordings are loaded once, at the start"),
    ("src/notice/texts.rs", "std::fs", "so are the texts of messages"),
    ("src/media/wav.rs", "std::fs", "reads and writes WAV files; no frame task calls it"),
    ("src/media/record.rs", "std::fs", "the recorder blocks, on a writer's thread"),
    ("src/call/sip/", "tokio", "the sockets and the SIP stack behind the trait of the room"),
    ("src/call/sip/", "tokio_util", "they end together"),
    ("src/call/sip/", "std::time::Instant", "the guard's clock begins with its sockets"),
];

/// Rooms that may ask what time it is.
pub const CLOCK_ROOMS: &[&str] = &["runtime", "cli"];

pub const CLOCK_EXCEPTIONS: &[Exception] = &[
    ("src/call/sip/gate.rs", "Instant::now", "counts from the opening of the sockets"),
    ("src/engine/eval.rs", "Instant::now", "measures how fast the recogniser is"),
    ("src/engine/models/tools.rs", "Instant::now", "a child process has a deadline"),
    ("src/engine/models/install.rs", "Instant::now", "so has the wait for another installer"),
    ("src/console/login.rs", "Instant::now", "those who guess wait by it"),
    ("src/console/audio.rs", "Instant::now", "a listening goes on for some minutes"),
    ("src/console/listener.rs", "Instant::now", "so does a quiet connection"),
    ("src/console/public/mod.rs", "Instant::now", "so does the pause of those who guess"),
    ("src/console/figures.rs", "SystemTime::now", "a page of today's figures asks for midnight"),
];

/// What has a form outside the program.
pub const SERDE: &[&str] = &["serde", "serde_json", "toml"];

pub const SERDE_EXCEPTIONS: &[Exception] = &[
    ("src/config.rs", "*", "the configuration file"),
    ("src/config/", "*", "its longer sections"),
    ("src/engine/remote/", "*", "what services are sent and answer"),
    ("src/cli/", "*", "JSON on the standard output, and what a child process prints"),
    ("src/console/", "*", "the API"),
    ("src/store/read.rs", "*", "rows go to the API as they are"),
    ("src/store/callbacks.rs", "*", "so do those of callbacks"),
    ("src/store/deeds.rs", "*", "so do those of the audit"),
    ("src/store/outbox.rs", "*", "so do messages"),
    ("src/store/people.rs", "*", "who is on calls, and what was written to agents"),
    ("src/store/queue.rs", "*", "and the day's figures of the queue"),
    ("src/engine/models/", "*", "the manifest, receipts, and the models' own files"),
    ("src/engine/voice/mapper.rs", "*", "the voice's table of symbols"),
    ("src/kernel/calendar/read.rs", "*", "the calendar's files"),
    ("src/acd/read.rs", "*", "the plan of the queue"),
    ("src/desk/clock/read.rs", "*", "the rule packs of deadlines"),
    ("src/knowledge/read.rs", "*", "items as TOML"),
    ("src/knowledge/exchange/", "*", "items as JSON, and mappings as TOML"),
    ("src/store/payload/", "*", "events of tickets, whole"),
    ("src/store/knowledge.rs", "*", "what changed in an item, in its history"),
    ("src/knowledge/fields.rs", "*", "their fields, with the place of a fault"),
    ("src/desk/dispatch/read.rs", "*", "the rules of dispatch"),
    (
        "src/intake/category/read.rs",
        "*",
        "taxonomies and labelled examples, with the place of a fault",
    ),
    ("src/language/wording.rs", "*", "wordings with slots"),
    ("src/dialogue/error.rs", "*", "where a wording is wrong"),
    ("src/notice/error.rs", "*", "where a text of a message is"),
    ("src/runtime/upkeep/reasons.rs", "*", "where a reason is wrong"),
    ("src/language/address.rs", "*", "the gazetteer's files"),
    ("src/language/pinyin.rs", "*", "the tables of readings"),
    ("src/insight/open311.rs", "*", "tickets as GeoReport has them in JSON"),
    ("src/runtime/hearing.rs", "*", "what the recogniser is told before an answer"),
    ("src/runtime/outbox/", "*", "what gateways and the file of messages are given"),
    ("src/runtime/phone/", "*", "the scripted telephone prints its report"),
];

/// Files that may hold `unsafe`, with the C library they call. None does.
pub const UNSAFE_EXCEPTIONS: &[Exception] = &[];

/// Queues whose bound is no line of `kernel/limits.rs`.
pub const QUEUE_EXCEPTIONS: &[Exception] = &[
    (
        "src/call/sip/gate.rs",
        "unbounded_channel",
        "the SIP stack takes no other; the gate counts what waits in it, and the socket's deadline empties it",
    ),
    (
        "src/runtime/listener.rs",
        "8",
        "answers of the recogniser for one caller, who says one thing at a time",
    ),
];

pub const FILE_LINES_MAX: usize = 600;
pub const FUNCTION_LINES_MAX: usize = 70;

/// Longer by their nature: tables.
pub const LENGTH_EXCEPTIONS: &[Exception] = &[];
