//! What codes of units, divisions, categories and duties are called.

use super::App;
use crate::desk::clock::{Duty, Light};
use crate::kernel::Wall;
use crate::store::BoardRow;

/// A unit's name; its code where the rules of dispatch do not know it (any more).
pub(super) fn unit(app: &App, code: &str) -> String {
    app.dispatch.unit(code).map_or_else(|| code.to_owned(), |unit| unit.name.clone())
}

pub(super) fn place(app: &App, code: &str) -> String {
    app.dispatch.place_name(code).unwrap_or(code).to_owned()
}

pub(super) fn category(app: &App, code: &str) -> String {
    app.dispatch.category_name(code).unwrap_or(code).to_owned()
}

pub(super) fn duty(key: &str) -> &str {
    match Duty::of(key) {
        Some(duty) => duty.chinese(),
        None => key,
    }
}

/// How a ticket's limit stands; nothing where none runs.
pub(super) fn light(row: &BoardRow, now: Wall) -> Option<Light> {
    row.duty.as_ref()?;
    Some(match row.due_at {
        None => Light::Held,
        Some(due) if now.unix_ms >= due => Light::Red,
        Some(_) if row.yellow_at.is_some_and(|yellow| now.unix_ms >= yellow) => Light::Yellow,
        Some(_) => Light::Green,
    })
}

/// What a ticket is about, in codes alone: its category, else the type of the matter.
pub(super) fn subject(app: &App, row: &BoardRow) -> String {
    let field = |slot| row.field(slot).map(|field| field.value.clone());
    let category = row.category.as_deref().map(|code| category(app, code));
    category.or_else(|| field("category")).or_else(|| field("matter_type")).unwrap_or_default()
}
