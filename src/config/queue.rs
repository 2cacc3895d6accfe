//! `[queue]` and `[[agents]]`: how callers are shared out, and among whom.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Deserialize;

use super::{BROWSER, ConfigError, in_range, setting};
use crate::acd::{Agent, Plan, Rules, Skills};
use crate::kernel::AgentId;
use crate::kernel::limits::ACD_AGENTS;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    ring_s: u64,
    wrap_up_s: u64,
    position_every_s: u64,
    plan: Option<PathBuf>,
}

impl Default for Raw {
    fn default() -> Self {
        Raw { ring_s: 15, wrap_up_s: 30, position_every_s: 20, plan: None }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAgent {
    id: u64,
    name: String,
    uri: String,
    #[serde(default = "on_duty")]
    on_duty: bool,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    skills: BTreeMap<String, u8>,
}

const fn on_duty() -> bool {
    true
}

impl Raw {
    pub(super) fn check(self) -> Result<Plan, ConfigError> {
        let plan = match &self.plan {
            None => Plan::default(),
            Some(path) => {
                let file = path.display().to_string();
                let remedy =
                    "this file cannot be read; name the queue's plan, or take the line out";
                let text = std::fs::read_to_string(path)
                    .map_err(|_| setting("queue.plan", &file, remedy))?;
                Plan::parse(&file, &text).map_err(ConfigError::Plan)?
            }
        };
        let second = 1000;
        let every = in_range("queue.position_every_s", self.position_every_s, 10..=300)?;
        Ok(Plan {
            rules: Rules {
                ring_ms: in_range("queue.ring_s", self.ring_s, 5..=120)? * second,
                wrap_up_ms: in_range("queue.wrap_up_s", self.wrap_up_s, 0..=3600)? * second,
                position_every_ms: every * second,
                ..plan.rules
            },
            ..plan
        })
    }
}

/// The agents, each of the groups and with the skills of the plan.
pub(super) fn agents(raw: Vec<RawAgent>, plan: &Plan) -> Result<Vec<Agent>, ConfigError> {
    if raw.len() > ACD_AGENTS {
        return Err(setting(
            "agents",
            raw.len(),
            "there are too many; one service has at most 2048",
        ));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = raw.iter().map(|agent| agent.id).find(|id| !seen.insert(*id)) {
        let remedy = "give every agent a work number of their own";
        return Err(setting("agents.id", AgentId(twice), remedy));
    }
    raw.into_iter().map(|agent| agent.check(plan)).collect()
}

impl RawAgent {
    fn check(self, plan: &Plan) -> Result<Agent, ConfigError> {
        if !self.uri.starts_with("sip:") && self.uri != BROWSER {
            return Err(setting(
                "agents.uri",
                self.uri,
                "give the SIP URI of the agent's telephone, like sip:801@192.0.2.20, or browser",
            ));
        }
        if let Some(unknown) = self.groups.iter().find(|code| plan.group(code).is_none()) {
            let remedy = "name groups of the queue's plan (queue.plan) by their codes";
            return Err(setting("agents.groups", unknown, remedy));
        }
        for (skill, level) in &self.skills {
            if !plan.skills.iter().any(|known| known.code == *skill) {
                let remedy = "name skills of the queue's plan (queue.plan) by their codes";
                return Err(setting("agents.skills", skill, remedy));
            }
            if !(1..=Skills::LEVEL_MAX).contains(level) {
                let given = format!("{skill} = {level}");
                return Err(setting(
                    "agents.skills",
                    given,
                    "levels are 1 (a little) to 5 (native)",
                ));
            }
        }
        let agent = Agent {
            groups: self.groups,
            skills: self.skills.into_iter().collect(),
            ..Agent::new(AgentId(self.id), self.name, self.uri)
        };
        Ok(if self.on_duty { agent.on_duty() } else { agent })
    }
}
