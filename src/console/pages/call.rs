//! One call: who said what when, and its sound.

use std::sync::Arc;

use axum::extract::State;
use maud::{Markup, html};

use super::frame::{Place, frame};
use super::parts::{Live, badge, clock, hears, lasting, live, ticket_link, transcript};
use crate::console::App;
use crate::console::access::Known;
use crate::console::error::ApiError;
use crate::console::masking;
use crate::console::read::Ids;
use crate::kernel::CallId;

pub(in crate::console) async fn call(
    State(app): State<Arc<App>>,
    who: Known,
    ids: Ids,
) -> Result<Markup, ApiError> {
    let id = CallId(ids.id()?);
    let mut call = app.store.call(id).await?.ok_or_else(|| ApiError::missing("call", id.0))?;
    masking::call(&mut call);
    let turns = app.store.turns(id).await?;
    let recorded = hears(&app, &who, call.id).await?;
    let thumbs = app.store.thumbs(id).await?;
    let texts = &app.texts;
    let body = html! {
        div .title {
            h1 { (texts.page.call) " " (id) }
            (badge(&app, "direction", &call.direction))
            @match &call.outcome {
                Some(outcome) => { (badge(&app, "call_outcome", outcome)) }
                None => { (badge(&app, "call_state", &call.state)) }
            }
        }
        dl .facts {
            div { dt { (texts.overview.number) }
                dd .number { (call.number.as_deref().unwrap_or(&texts.page.none)) } }
            div { dt { (texts.overview.started) } dd { (clock(call.started_at)) } }
            div { dt { (texts.overview.duration) } dd { (lasting(&call)) } }
            @if let Some(ticket) = call.ticket_id {
                div { dt { (texts.overview.ticket) } dd { (ticket_link(ticket)) } }
            }
            div { dt { (texts.call.recording) } dd {
                @if recorded {
                    button .play type="button" data-play=(call.id) data-start="0" { "▶ " (texts.call.play) }
                } @else { span .hint { (texts.call.no_audio) } }
            } }
        }
        section aria-labelledby="talk" {
            h2 #talk { (texts.call.transcript) }
            (transcript(&app, &turns, &thumbs, recorded, true))
        }
    };
    let kinds = "call_state call_ended turn ticket thumb";
    let what = Live { kinds, call: Some(call.id), ..Live::default() };
    Ok(frame(&app, &who, Place::Elsewhere, &format!("{} {id}", texts.page.call), live(what, &body)))
}
