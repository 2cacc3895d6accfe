//! 坐席辅助: what stands beside a talk while it lasts: the caller's other tickets, items of the knowledge base that their words
//! came near, their photos, and by when an answer would be due.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::beside::Beneath;
use super::parts::{badge, clock, percent, subject, ticket_link};
use crate::console::App;
use crate::console::told::source;
use crate::desk::Actor;
use crate::desk::clock::{Duty, Limit, Pack};
use crate::desk::rulebook::Order;
use crate::kernel::{CallId, Slot, TicketId, Wall};
use crate::store::{FieldRow, HitRow, PhotoRow, TicketRow};

/// Items that follow the talk, the latest first.
const HITS_MAX: usize = 4;
/// Tickets of a caller.
const THEIRS_MAX: i64 = 12;

/// What a talk brings.
pub(super) struct Aid {
    pub proposed: Vec<FieldRow>,
    pub hits: Vec<HitRow>,
    pub theirs: Vec<TicketRow>,
    pub photos: Vec<PhotoRow>,
}

impl Aid {
    /// `number`: who calls.
    pub async fn of(
        app: &App,
        call: CallId,
        ticket: Option<&TicketRow>,
        number: Option<&str>,
    ) -> Result<Aid, crate::store::StoreError> {
        let field = |row: &TicketRow| {
            let number = row.fields.iter().find(|field| field.slot == Slot::Number.key());
            number.map(|field| field.value.clone())
        };
        let number = ticket.and_then(field).or_else(|| number.map(str::to_owned));
        let mut theirs = match number.filter(|number| !number.is_empty()) {
            Some(number) => app.store.tickets_of_number(&number, THEIRS_MAX).await?,
            None => Vec::new(),
        };
        theirs.retain(|one| Some(one.id) != ticket.map(|ticket| ticket.id));
        // Evidence counts the utterances of the ticket's own call.
        let own = ticket.is_some_and(|ticket| ticket.call_id == call.0 as i64);
        let proposed = if own { app.store.proposals(call).await? } else { Vec::new() };
        let photos = app.store.photos(call).await?;
        Ok(Aid { proposed, hits: app.store.assist_hits(call).await?, theirs, photos })
    }
}

/// What the caller's words came near, with the answer and its source.
pub(super) fn hits(app: &App, aid: &Aid) -> Markup {
    let texts = &app.texts.assist;
    let base = app.knowledge.library.base();
    let mut seen = BTreeSet::new();
    let distinct = aid.hits.iter().filter(|hit| seen.insert(hit.item.as_str()));
    let known = distinct.filter_map(|hit| base.get(&hit.item).map(|item| (hit, item)));
    let known: Vec<_> = known.take(HITS_MAX).collect();
    html! {
        section #knowledge-now aria-labelledby="knowledge-title" {
            h2 #knowledge-title { (texts.knowledge) }
            @if known.is_empty() { p .empty { (texts.no_knowledge) } }
            ul .cards {
                @for (hit, item) in &known {
                    li .card id={ "hit-" (item.id) } {
                        p { a .large href={ "/knowledge/" (item.id) } { (item.title) } " "
                            span .badge { (percent(hit.confidence)) } }
                        p { (item.spoken) }
                        @if item.full != item.spoken && !item.full.is_empty() {
                            details id={ "full-" (item.id) } { summary { (texts.full) } p { (item.full) } }
                        }
                        p .hint { (app.texts.knowledge.source) "：" (source(item)) }
                    }
                }
            }
        }
    }
}

/// The caller's other tickets, open ones first.
pub(super) fn theirs(app: &App, aid: &Aid) -> Markup {
    let texts = &app.texts.assist;
    html! {
        section #theirs aria-labelledby="theirs-title" {
            h2 #theirs-title { (texts.theirs) }
            @if aid.theirs.is_empty() { p .empty { (texts.no_theirs) } }
            ul .plain {
                @for ticket in &aid.theirs {
                    li id={ "their-" (ticket.id) } {
                        (ticket_link(ticket.id)) " " (badge(app, "ticket_state", &ticket.state)) " "
                        (subject(ticket)) " " span .hint { (clock(ticket.opened_at)) }
                    }
                }
            }
        }
    }
}

/// Photos are fetched when somebody opens them.
pub(super) fn photos(app: &App, row: &TicketRow, photos: &[PhotoRow]) -> Markup {
    let texts = &app.texts.assist;
    html! {
        @if !photos.is_empty() {
            section #photos aria-labelledby="photos-title" {
                h2 #photos-title { (texts.photos) " " span .count { (photos.len()) } }
                @for photo in photos {
                    details .card id={ "photo-" (photo.n) } {
                        summary { (texts.photo) " " (photo.n) " " span .hint { (clock(photo.at)) } }
                        img .photo loading="lazy" width=(photo.width) height=(photo.height)
                            src={ "/api/tickets/" (row.id) "/photos/" (photo.n) }
                            alt={ (texts.photo) " " (photo.n) };
                    }
                }
            }
        }
    }
}

/// When an answer would be due, were the ticket dispatched now as is suggested, and by which rule.
pub(super) async fn foretold(
    app: &App,
    row: &TicketRow,
    beneath: &Beneath,
) -> Result<Option<Markup>, crate::store::StoreError> {
    let (Some(one), Some(book)) = (beneath.clear(), app.store.rulebook()) else { return Ok(None) };
    let id = TicketId(row.id.max(0) as u64);
    let Some(mut ticket) = app.store.load_tickets(&[id]).await?.pop() else { return Ok(None) };
    let now = crate::console::figures::now();
    let order = Order::Dispatch {
        unit: one.owner.code.clone(),
        with: Vec::new(),
        pack: one.pack.as_ref().map(|pack| pack.code.clone()),
        member: None,
    };
    let Ok(event) = book.event(&ticket, order, now) else { return Ok(None) };
    if ticket.apply(event, Actor::desk("desk"), now).is_err() {
        return Ok(None);
    }
    let Ok(timed) = book.timed(&ticket) else { return Ok(None) };
    let open = |duty: Duty| {
        let of_duty =
            timed.iter().filter(move |one| one.limit.duty == duty && one.run.end.is_none());
        of_duty.filter_map(|one| Some((one.deadline.at?, one))).min_by_key(|(at, _)| *at)
    };
    let first = open(Duty::Answer).or_else(|| open(Duty::Close));
    Ok(first.map(|(at, one)| due(app, at, one.pack, one.limit)))
}

fn due(app: &App, at: Wall, pack: &Pack, limit: &Limit) -> Markup {
    let texts = &app.texts.assist;
    html! {
        p #foretold { (texts.due) "：" b { (clock(at.unix_ms)) } }
        p .hint { (texts.because) "：" (pack.name) " " (limit.article) " " (limit.name) }
    }
}
