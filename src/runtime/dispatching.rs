//! Reads the rules of dispatch: those of the configuration, or those that ship.

use std::path::Path;

use anyhow::Context;

use super::categories;
use crate::config::IntakeFiles;
use crate::desk::dispatch::{self, Category, Faults, Rules};

/// The leaves of the taxonomy in use, as rules name them.
pub fn categories(intake: &IntakeFiles) -> anyhow::Result<Vec<Category>> {
    let taxonomy = categories::in_use(intake.taxonomy.as_deref(), intake.examples.as_deref())?.0;
    let leaves = taxonomy.entries().iter().filter(|entry| entry.is_leaf);
    Ok(leaves.map(|leaf| Category { code: leaf.code.clone(), name: leaf.name.clone() }).collect())
}

/// What is wrong with the file stands within; an error tells that it cannot be read at all.
pub fn read(file: Option<&Path>, categories: &[Category]) -> anyhow::Result<Result<Rules, Faults>> {
    let Some(path) = file else {
        return Ok(Rules::parse(dispatch::BUILTIN.0, dispatch::BUILTIN.1, categories));
    };
    let text = std::fs::read_to_string(path).with_context(|| {
        format!("{} cannot be read; check the path and that it is UTF-8 text", path.display())
    })?;
    Ok(Rules::parse(&path.display().to_string(), &text, categories))
}

/// For the service: rules that are whole. Conflicts and gaps are told, and leave cases to staff. The sample rules that ship name
/// the categories that ship, whatever taxonomy is in use.
pub fn rules(file: Option<&Path>, intake: &IntakeFiles) -> anyhow::Result<Rules> {
    let shipped = IntakeFiles::default();
    let categories = categories(if file.is_some() { intake } else { &shipped })?;
    let rules = read(file, &categories)?.context("the rules of dispatch")?;
    let faults = dispatch::check(&rules, &categories).errors();
    if faults > 0 {
        tracing::warn!(
            faults,
            "the rules of dispatch have conflicts or gaps; `huiyin rules check` shows them"
        );
    }
    Ok(rules)
}
