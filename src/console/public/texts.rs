//! The words of the page: `texts.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::desk::Step;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    pub site: String,
    pub title: String,
    pub lead: String,
    pub ticket: String,
    pub ticket_help: String,
    pub digits: String,
    pub digits_help: String,
    pub send: String,
    pub again: String,
    pub bad_ticket: String,
    pub bad_digits: String,
    pub bad_form: String,
    pub unknown: String,
    pub locked: String,
    pub broken: String,
    pub no_page: String,
    pub error: String,
    pub call: String,
    pub found: String,
    pub now: String,
    pub opened: String,
    pub unit: String,
    pub due: String,
    pub due_text: String,
    pub steps: String,
    pub privacy: String,
    pub calling: Calling,
    step: BTreeMap<String, String>,
}

/// The page to call from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Calling {
    pub title: String,
    pub lead: String,
    pub link: String,
    pub start: String,
    pub stop: String,
    pub words: String,
    pub keys: String,
    pub asking: String,
    pub calling: String,
    pub talking: String,
    pub unsteady: String,
    pub over: String,
    pub lost: String,
    pub failed: String,
    pub no_microphone: String,
    pub unfit: String,
    pub busy: String,
    pub bad_offer: String,
    pub too_often: String,
    pub recorded: String,
    pub robot: String,
    pub agent: String,
    pub caller: String,
    pub source: String,
    pub useful: String,
    pub useless: String,
    pub thanks: String,
    pub thumb_failed: String,
    pub photo: String,
    pub photo_help: String,
    pub photo_sending: String,
    pub photo_kept: String,
    pub photo_bad: String,
    pub photo_large: String,
    pub photo_busy: String,
    pub photo_enough: String,
    pub photo_failed: String,
}

impl Texts {
    pub fn load() -> Result<Texts, toml::de::Error> {
        toml::from_str(include_str!("texts.toml"))
    }

    pub fn step(&self, step: Step) -> &str {
        self.step.get(step.key()).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::{Step, Texts};

    #[test]
    fn every_step_has_its_words_and_no_other() {
        let texts = Texts::load().unwrap();
        assert_eq!(texts.step.len(), Step::ALL.len());
        for step in Step::ALL {
            assert!(!texts.step(step).is_empty(), "{}", step.key());
        }
    }
}
