//! Every bound in one place. A queue without a line here does not exist.

/// Calls at once (all legs of a call count as one).
pub const CALLS_MAX: usize = 256;
/// Inputs waiting for the hotline's single owner.
pub const HOTLINE_INBOX: usize = 4096;
/// Commands waiting for one call's media task.
pub const CALL_INBOX: usize = 256;
/// 20 ms frames waiting between two bridged legs: more than this is late and dropped.
pub const BRIDGE_FRAMES: usize = 25;
/// Chunks of speech rendered ahead of the player of one call.
pub const SPEECH_CHUNKS: usize = 64;
/// Utterances waiting for a recogniser; beyond it the caller is handed to a person.
pub const ASR_QUEUE: usize = 32;
/// Measures of the house's load that are remembered, of each kind; the oldest is forgotten first.
pub const LOAD_SAMPLES: usize = 1024;
/// Clauses waiting for the voice.
pub const TTS_QUEUE: usize = 64;
/// Largest answer of a remote recogniser: a page of text with its times.
pub const REMOTE_ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Summaries that are being rewritten at a time.
pub const REWRITINGS_MAX: usize = 8;
/// Outcomes of requests that a circuit breaker remembers.
pub const BREAKER_OUTCOMES: usize = 20;
/// Longest utterance handed to the recogniser.
pub const UTTERANCE_MS_MAX: u64 = 28_000;
/// SIP messages waiting for the dialog layer.
pub const SIP_INBOX: usize = 1024;
/// Largest SIP message accepted (RFC 3261 18.1.1 asks for 65,535 over UDP).
pub const SIP_MESSAGE_BYTES_MAX: usize = 65_535;
/// Callers waiting for a person.
pub const QUEUE_MAX: usize = 512;
/// Groups of agents: each is a bit.
pub const ACD_GROUPS: usize = 64;
/// People who are no agents and may be brought in or have callers passed to them.
pub const OUTSIDE_MAX: usize = 256;
/// Agents of one service.
pub const ACD_AGENTS: usize = 2048;
/// Callers of whom it is remembered who had their matter; the oldest is forgotten first.
pub const ACD_OWNERS: usize = 65_536;
/// Talks by whose length waits are estimated: the last ones.
pub const ACD_PACE: usize = 64;
/// Writes waiting for the store.
pub const STORE_QUEUE: usize = 4096;
/// Live-feed events kept for a slow browser before it is told to reload.
pub const FEED_EVENTS: usize = 256;
/// Telephone events (rings, answers, keys) waiting for the runtime; when full, new calls get 503.
pub const SIP_EVENTS: usize = 1024;
/// Commands and happenings waiting for one leg.
pub const LEG_INBOX: usize = 64;
/// SIP connections over TCP at once.
pub const SIP_CONNECTIONS: usize = 256;
/// Messages waiting for a slow SIP peer on TCP before its connection is closed.
pub const SIP_OUTBOX: usize = 64;
/// Sources whose rate of SIP messages is remembered; the idlest is forgotten first.
pub const SIP_SOURCES: usize = 4096;
/// RTP packets held by one leg's jitter buffer: 640 ms of the shortest.
pub const JITTER_PACKETS: usize = 64;
/// Sources that would like to be heard in place of one leg's own; the one heard longest ago is forgotten first.
pub const RTP_RIVALS: usize = 8;
/// Sources of one leg that have proved to hold its SRTP key; the oldest is forgotten first.
pub const SRTP_SOURCES: usize = 4;
/// Packets under way in a network that is played.
pub const NETWORK_PACKETS: usize = 4096;
/// Telephone keys received and not yet taken, or queued and not yet sent, on one leg.
pub const KEYS_WAITING: usize = 64;
/// Half seconds of sound between a call and the thread that writes its recording: 10 seconds of a slow disk.
pub const RECORD_BATCHES: usize = 20;
/// Largest WAV file read into memory: an hour of stereo at 16 kHz.
pub const WAV_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Legs in one bridge: caller, agent, supervisor, translator and room for more.
pub const BRIDGE_LEGS: usize = 8;
/// Browsers and programs connected to the console at once, live feeds included.
pub const CONSOLE_CONNECTIONS: usize = 256;
/// Live feeds among them: the rest is kept for pages and commands.
pub const CONSOLE_FEEDS: usize = 128;
/// Logged-in browsers of one account; the oldest login is forgotten first.
pub const SESSIONS_PER_ACCOUNT: i64 = 8;
/// Passwords being checked at once: each costs some memory and a core.
pub const CONSOLE_LOGINS: usize = 2;
/// Logins that wait for such a place; more are told to come again.
pub const CONSOLE_LOGINS_WAITING: usize = 16;
/// Names of accounts whose wrong passwords are remembered; the one that erred least and longest ago is forgotten first.
pub const LOGIN_ACCOUNTS: usize = 4096;
/// Addresses, likewise.
pub const LOGIN_ADDRESSES: usize = 4096;
/// Listenings to recordings that are remembered, so that one is not written down again with every part of it.
pub const LISTENINGS: usize = 1024;
/// Largest body of a request to the console.
pub const CONSOLE_BODY_BYTES_MAX: usize = 64 * 1024;
/// Rows on one page of a list.
pub const CONSOLE_ROWS: i64 = 200;
/// Tables that are being written for somebody at once.
pub const CONSOLE_EXPORTS: usize = 2;
/// Rows of one CSV file: it is written while it is read, a page at a time.
pub const EXPORT_ROWS_MAX: i64 = 1_000_000;
/// Rows of one workbook, which is whole in memory before it leaves.
pub const EXPORT_SHEET_ROWS_MAX: i64 = 10_000;
/// Rows of a table that are read at once.
pub const EXPORT_PAGE: i64 = 500;
/// Days that rates are counted over at once: three years.
pub const RATES_DAYS_MAX: i64 = 1_096;
/// Questions without an answer that are put together at once; older ones wait.
pub const QUESTIONS_MAX: i64 = 500;
/// Questions whose points are remembered between two looks at them.
pub const QUESTIONS_REMEMBERED: usize = 4096;
/// Tickets that the hotline has at hand beyond those of running calls and pending callbacks.
pub const TICKETS_LATELY: usize = 4096;
/// What supervisors wrote to one agent: the last ones.
pub const AGENT_MESSAGES: i64 = 200;
/// Text messages under way to the gateway at once, of as many tickets.
pub const MESSAGES_AT_ONCE: i64 = 8;
/// Keys of text messages that the file of them is known to hold; older ones are not looked at.
pub const MESSAGE_FILE_KEYS: usize = 65_536;
/// Text messages on the page of those given up and those last sent.
pub const MESSAGES_SHOWN: i64 = 200;
/// Addresses whose wrong questions on the page for citizens are remembered; the one that asked longest ago is forgotten first.
pub const PUBLIC_ADDRESSES: usize = 16_384;
/// Ticket numbers that wrong digits were given for, likewise.
pub const PUBLIC_TICKETS: usize = 16_384;
/// Browsers connected to the page for citizens at once.
pub const PUBLIC_CONNECTIONS: usize = 256;
/// Largest body of a request to the page for citizens: a form of two short fields.
pub const PUBLIC_BODY_BYTES_MAX: usize = 4 * 1024;
/// Datagrams of DTLS waiting for a browser's handshake: more than a flight has.
pub const DTLS_DATAGRAMS: usize = 16;
/// Largest description that a browser may send.
pub const OFFER_BYTES_MAX: usize = 16 * 1024;
/// Calls of browsers at once from one address: a household or an office.
pub const BROWSER_CALLS_PER_ADDRESS: usize = 8;
/// Addresses whose calls from the browser are remembered; the one that called longest ago is forgotten first.
pub const PUBLIC_CALLERS: usize = 16_384;
/// Streams of words to browsers that call, at once.
pub const PUBLIC_FEEDS: usize = 128;
/// Calls of browsers whose pages may still say something of them; the oldest is forgotten first.
pub const PUBLIC_CALLS_KNOWN: usize = 4096;
/// Thumbs for the answers of one call.
pub const THUMBS_PER_CALL: u32 = 60;
/// Photos of one call.
pub const PHOTOS_PER_CALL: u32 = 3;
/// Largest photo that is taken.
pub const PHOTO_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Photos on their way at once: each may take its bytes and what they are decoded into.
pub const PHOTOS_AT_ONCE: usize = 2;
/// Rings and hang-ups waiting for an agent's browser.
pub const PHONE_EVENTS: usize = 16;
