//! Pieces that several pages show.

use maud::{Markup, html};

use crate::access::{Grant, Scope};
use crate::console::App;
use crate::console::access::Person;
use crate::console::error::ApiError;
use crate::console::masking::mask_numbers;
use crate::console::told;
use crate::kernel::{CallId, Wall};
use crate::knowledge::{Base, Item};
use crate::store::{CallRow, FieldRow, ThumbRow, TicketRow, TurnRow, recording_path};

/// What changes a page while it is open: kinds of facts, and, where given, only those of this call, agent or ticket.
#[derive(Clone, Copy, Default)]
pub(super) struct Live<'a> {
    pub kinds: &'a str,
    pub call: Option<i64>,
    pub agent: Option<i64>,
    pub ticket: Option<i64>,
}

pub(super) fn live(what: Live<'_>, body: &Markup) -> Markup {
    html! {
        div #page data-live=(what.kinds) data-call=[what.call] data-agent=[what.agent]
            data-ticket=[what.ticket] { (body) }
    }
}

/// A time of day with its date, in China.
pub(super) fn clock(unix_ms: i64) -> Markup {
    let civil = Wall::from_ms(unix_ms).civil();
    let short = format!(
        "{:02}-{:02} {:02}:{:02}:{:02}",
        civil.month, civil.day, civil.hour, civil.minute, civil.second
    );
    html! { time datetime=(format!("{civil}+08:00").replace(' ', "T")) { (short) } }
}

/// A position in a recording: `1:02.3`.
pub(super) fn position(ms: i64) -> String {
    format!("{}:{:02}.{}", ms / 60_000, ms / 1000 % 60, ms % 1000 / 100)
}

/// A duration: `2:05`, `1:02:05`.
fn duration(seconds: i64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// How long a call lasts: that of one that has not ended is run on by the script.
pub(super) fn lasting(call: &CallRow) -> Markup {
    let until = call.ended_at.unwrap_or_else(|| crate::console::figures::now().unix_ms);
    let seconds = (until - call.started_at).max(0) / 1000;
    let running = call.ended_at.is_none().then_some(call.started_at);
    html! {
        span .figure data-since=[running] { (duration(seconds)) }
    }
}

/// Plays a moment of a call's recording.
pub(super) fn play(app: &App, call: i64, start_ms: i64, end_ms: i64) -> Markup {
    let label = format!("{} {}", app.texts.call.play_from, position(start_ms));
    html! {
        button .play type="button" data-play=(call) data-start=(start_ms) data-end=(end_ms)
            aria-label=(label) title=(label) { span aria-hidden="true" { "▶" } " " (position(start_ms)) }
    }
}

pub(super) fn badge(app: &App, table: &str, key: &str) -> Markup {
    html! { span class={ "badge " (table) " is-" (key) } { (app.texts.name(table, key)) } }
}

pub(super) fn ticket_link(id: i64) -> Markup {
    html! { a href={ "/tickets/" (id) } { (id) } }
}

pub(super) fn call_link(id: i64) -> Markup {
    html! { a href={ "/calls/" (id) } { (CallId(id.max(0) as u64)) } }
}

/// A figure out of 1 as hundredths.
pub(super) fn percent(confidence: f64) -> String {
    format!("{:.0}%", confidence * 100.0)
}

pub(super) fn field<'a>(ticket: &'a TicketRow, slot: &str) -> Option<&'a FieldRow> {
    ticket.fields.iter().find(|field| field.slot == slot)
}

/// What a ticket is about in a few words.
pub(super) fn subject(ticket: &TicketRow) -> String {
    let value = |slot| field(ticket, slot).map(|field| field.value.clone());
    let words = || value("narrative").map(|words| mask_numbers(&words).chars().take(24).collect());
    value("category").or_else(|| value("matter_type")).or_else(words).unwrap_or_default()
}

pub(super) async fn is_recorded(app: &App, call: i64) -> bool {
    let path = recording_path(&app.recordings, CallId(call.max(0) as u64));
    tokio::fs::try_exists(path).await.unwrap_or(false)
}

/// Whether there is a recording, and whoever looks may hear it.
pub(super) async fn hears(app: &App, who: &Person, call: i64) -> Result<bool, ApiError> {
    let theirs = match &who.scope {
        Scope::All => true,
        Scope::Agent(agent) => app.store.had_call(*agent, CallId(call.max(0) as u64)).await?,
        Scope::Unit(_) => false,
    };
    Ok(theirs && who.may(Grant::HearCalls) && is_recorded(app, call).await)
}

/// The item that the robot told with these words.
fn told<'b>(base: &'b Base, turn: &TurnRow) -> Option<&'b Item> {
    if turn.speaker != "robot" {
        return None;
    }
    told::told(base, &turn.text, turn.cut_short)
}

/// An answer's item, where it is from and of when.
fn source(app: &App, item: &Item) -> Markup {
    let texts = &app.texts.knowledge;
    html! {
        p .hint .told {
            a href={ "/knowledge/" (item.id) } { (item.title) } " · " (texts.source) "：" (told::source(item))
        }
    }
}

/// The talk, oldest first; `recorded` turns can be played. Read out as it grows.
/// `thumbs`: what the citizen said of the answers.
pub(super) fn transcript(
    app: &App,
    turns: &[TurnRow],
    thumbs: &[ThumbRow],
    recorded: bool,
    masked: bool,
) -> Markup {
    let texts = &app.texts.call;
    let base = app.knowledge.library.base();
    html! {
        div #transcript .transcript role="log" aria-live="polite" aria-label=(texts.transcript) tabindex="0" {
            ol {
                @for turn in turns {
                    li id={ "turn-" (turn.idx) } class={ "turn by-" (turn.speaker) } {
                        div .turn-head {
                            b { (app.texts.name("speaker", &turn.speaker)) }
                            @if recorded { (play(app, turn.call_id, turn.start_ms, turn.end_ms)) }
                            @else { span .hint { (position(turn.start_ms)) } }
                            @if let Some(latency) = turn.latency_ms {
                                span .hint { (texts.latency) " " (latency) " ms" }
                            }
                            @if turn.speaker != "robot" {
                                span .hint { (texts.confidence) " " (percent(turn.confidence)) }
                            }
                            @if turn.cut_short { span .badge { (texts.cut_short) } }
                        }
                        p { @if masked { (mask_numbers(&turn.text)) } @else { (turn.text) } }
                        @if let Some(item) = told(&base, turn) { (source(app, item)) }
                        @if let Some(thumb) = thumbs.iter().find(|thumb| thumb.utterance == turn.idx) {
                            p { span class={ "badge thumb is-" (if thumb.up { "up" } else { "down" }) } {
                                (if thumb.up { &texts.thumb_up } else { &texts.thumb_down })
                            } }
                        }
                    }
                }
                @if turns.is_empty() { li .empty { (texts.no_turns) } }
            }
        }
        // What is being said, as far as it is heard: the script's.
        p #so-far .so-far data-own aria-hidden="true" hidden {}
    }
}

/// A field of a form for a few lines.
pub(super) fn area(id: &str, name: &str, label: &str, help: &str) -> Markup {
    html! {
        label for=(id) { (label) }
        textarea id=(id) name=(name) rows="3" maxlength="2000" required
            aria-describedby=[(!help.is_empty()).then(|| format!("{id}-help"))] {}
        @if !help.is_empty() { p .hint id={ (id) "-help" } { (help) } }
    }
}

/// Who signs: what was typed last is remembered by the browser.
pub(super) fn signature(app: &App, id: &str, label: &str, value: &str) -> Markup {
    html! {
        label for=(id) { (label) }
        input id=(id) name="by" maxlength="40" required placeholder=(app.texts.ticket.by_help) value=(value)
            data-remember="by" autocomplete="name";
    }
}
