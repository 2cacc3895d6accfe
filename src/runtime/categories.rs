//! The categories of the configuration: a taxonomy's file, the operator's examples, and the encoder as the intake knows it.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use crate::intake::category::{
    Categories, Example, Form, Points, Taxonomy, examples as read_examples, taxonomy_of,
};
use crate::knowledge::Encoder;

/// Our encoder as the intake's points.
pub struct EncoderPoints {
    encoder: Arc<dyn Encoder>,
}

impl EncoderPoints {
    pub fn new(encoder: Arc<dyn Encoder>) -> EncoderPoints {
        EncoderPoints { encoder }
    }
}

impl Points for EncoderPoints {
    fn point(&self, text: &str) -> Option<Vec<f32>> {
        // Without a point words decide.
        let point = self.encoder.encode(text);
        point
            .inspect_err(
                |error| tracing::warn!(%error, "a text could not be placed by its meaning"),
            )
            .ok()
    }
}

/// Reads a taxonomy in the form that its name ends in.
pub fn taxonomy(file: &Path) -> anyhow::Result<Taxonomy> {
    let name = file.display().to_string();
    let form = Form::of(&name).with_context(|| {
        format!("{name}: is no taxonomy by its name; call it .toml, .jsonl or .csv")
    })?;
    Ok(Taxonomy::read(&contents(file)?, form, &name)?)
}

/// Reads labelled examples; with a taxonomy their names must be in it.
pub fn examples(file: &Path, taxonomy: Option<&Taxonomy>) -> anyhow::Result<Vec<Example>> {
    Ok(read_examples(&contents(file)?, &file.display().to_string(), taxonomy)?)
}

fn contents(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
}

/// What the configuration names, the shipped taxonomy where it names none; and the examples.
pub fn in_use(
    taxonomy_file: Option<&Path>,
    examples_file: Option<&Path>,
) -> anyhow::Result<(Taxonomy, Vec<Example>)> {
    let given = taxonomy_file.map(taxonomy).transpose()?;
    let taught = match (examples_file, &given) {
        (Some(file), given) => examples(file, given.as_ref())?,
        (None, _) => Vec::new(),
    };
    let taxonomy = match (given, taught.is_empty()) {
        (Some(taxonomy), _) => taxonomy,
        (None, false) => taxonomy_of(&taught),
        (None, true) => Taxonomy::builtin()?,
    };
    Ok((taxonomy, taught))
}

/// The categories of the configuration.
pub fn load(
    taxonomy_file: Option<&Path>,
    examples_file: Option<&Path>,
    points: Arc<dyn Points>,
) -> anyhow::Result<Categories> {
    let (taxonomy, taught) = in_use(taxonomy_file, examples_file)?;
    let categories = Categories::new(taxonomy).with_points(points);
    Ok(if taught.is_empty() { categories } else { categories.learn(&taught) })
}
