//! Reads what deadlines are counted with: rule packs, and the calendar of working days.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};

use crate::desk::Rulebook;
use crate::desk::clock::{Pack, SHIPPED, check};
use crate::desk::dispatch::Rules;
use crate::engine::models::ModelDir;
use crate::kernel::{Calendar, Faults, TicketId};
use crate::store::Store;

/// The package's calendar where it is installed, and files of one's own over it, each over those before. Without the
/// package the days by law are left, and every year says that it is provisional.
pub fn calendar(models: &ModelDir, files: &[PathBuf]) -> anyhow::Result<Calendar> {
    let mut calendar = match models.path_of("chinese-days") {
        Ok(folder) => parsed(&folder.join("chinese-days.json"))?,
        Err(error) => {
            tracing::info!(%error, "working days are counted by the statutory holidays alone");
            Calendar::default()
        }
    };
    for file in files {
        calendar = parsed(file)?.over(calendar);
    }
    Ok(calendar)
}

fn parsed(file: &Path) -> anyhow::Result<Calendar> {
    Ok(Calendar::read(&file.display().to_string(), &text(file)?)?)
}

/// A pack that ships, by its code, or a file. What is wrong with its text stands within; an error tells that there is
/// none.
pub fn pack(name: &Path) -> anyhow::Result<Result<Pack, Faults>> {
    if let Some(shipped) = name.to_str().and_then(Pack::shipped) {
        return Ok(shipped);
    }
    if name.extension().is_none() && !name.exists() {
        let codes: Vec<&str> =
            SHIPPED.iter().filter_map(|(file, _)| file.strip_suffix(".toml")).collect();
        bail!(
            "no pack {}; those that ship are {}, another is named by its file",
            name.display(),
            codes.join(", ")
        );
    }
    Ok(Pack::parse(&name.display().to_string(), &text(name)?))
}

/// For the service: a pack without errors.
pub fn sound_pack(name: &Path) -> anyhow::Result<Pack> {
    let pack = pack(name)??;
    let faults = check(&pack);
    if faults.errors() > 0 {
        return Err(faults).with_context(|| format!("the rule pack {}", pack.code));
    }
    Ok(pack)
}

/// What the desk decides by: the rules, the packs that they name, the calendar. A pack's file that is not absolute lies
/// beside the file of the rules.
pub fn rulebook(rules: Arc<Rules>, calendar: Calendar) -> anyhow::Result<Rulebook> {
    let mut packs: Vec<(String, Pack)> = Vec::new();
    for told in rules.packs() {
        let name = told.clock.as_str();
        if name.is_empty() || packs.iter().any(|(known, _)| known == name) {
            continue;
        }
        let beside = Path::new(rules.file()).parent().map(|folder| folder.join(name));
        let file = beside.filter(|_| name.ends_with(".toml")).unwrap_or_else(|| name.into());
        let named = || {
            let (rules, line) = (rules.file(), told.line);
            format!("{rules}:{line}: pack.clock = {name:?}")
        };
        packs.push((name.to_owned(), sound_pack(&file).with_context(named)?));
    }
    Ok(Rulebook::new(rules, packs, calendar)?)
}

/// Tickets looked at before others may write.
const REFRESHED_AT_ONCE: i64 = 64;

/// Counts the deadlines of all tickets anew: a calendar or a rule pack may be another than when they were written. How many
/// have changed. What happens to a ticket meanwhile counts more.
pub async fn refresh(store: &Store, rulebook: &Rulebook) -> anyhow::Result<u64> {
    let (mut after, mut changed) = (TicketId(0), 0);
    loop {
        let ids = store.timed_tickets(after, REFRESHED_AT_ONCE).await?;
        let Some(last) = ids.last() else { return Ok(changed) };
        after = *last;
        for id in ids {
            // One that cannot be rebuilt does not keep the others from their deadlines.
            let loaded = match store.load_tickets(&[id]).await {
                Ok(loaded) => loaded,
                Err(error) => {
                    tracing::error!(%error, "a ticket's deadline stays as it was written");
                    continue;
                }
            };
            for mut ticket in loaded.into_iter().filter(|ticket| ticket.id == id) {
                rulebook.time(&mut ticket)?;
                changed += u64::from(store.retime(&ticket).await?);
            }
        }
    }
}

fn text(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| {
        format!("{} cannot be read; check the path and that it is UTF-8 text", file.display())
    })
}
