//! Which rules fire for a case, which of them counts, and why.

use super::hours::Fit;
use super::{Case, Level, Pack, Rule, Rules, Unit};

/// How particular a rule is for a case. Ordered: the greater counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Strength {
    priority: i64,
    /// Roads and words that it names.
    named: usize,
    /// Digits of the place.
    place: usize,
    /// Digits of the category.
    category: usize,
    /// Hours, weekdays, seasons that it names.
    timed: usize,
}

/// Who should get a case, by one rule.
#[derive(Clone, PartialEq, Debug)]
pub struct Suggestion {
    pub rule: String,
    /// Of the rule in its file.
    pub line: usize,
    pub owner: Unit,
    /// 协办.
    pub with: Vec<Unit>,
    /// 抄送: the district of a street's case.
    pub copied: Vec<Unit>,
    pub pack: Option<Pack>,
    pub why: Why,
}

/// What of a case made a rule fire; empty where the rule asks for nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Why {
    /// The beginning of the category's code.
    pub category: String,
    /// The place's name.
    pub place: String,
    /// The caller's words.
    pub words: Vec<String>,
    /// The rule's hours, weekdays, seasons: 22:00–06:00.
    pub times: String,
    /// 0 is ordinary.
    pub priority: i64,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Decision {
    Clear(Suggestion),
    /// Rules of the same strength name different owners: staff decide.
    Tied(Vec<Suggestion>),
    /// No rule fires. `near`: what rules lack that would fire if more were known.
    Open {
        near: Vec<Verdict>,
    },
}

/// What one rule says to a case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    pub rule: String,
    pub line: usize,
    /// Why it does not fire; `None`: it does.
    pub miss: Option<Miss>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Miss {
    Category,
    Place,
    /// It would have to be known down to this level.
    PlaceUnknown(Level),
    Roads,
    Words,
    /// The word that rules it out.
    Unless(String),
    Hours,
    HoursUnknown,
    Weekday,
    Season,
    /// Nobody of the kind serves the place.
    NoUnit(String),
}

impl Miss {
    /// More words of the caller may heal it.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Miss::PlaceUnknown(_) | Miss::HoursUnknown)
    }
}

struct Fired<'a> {
    rule: &'a Rule,
    strength: Strength,
    owner: &'a Unit,
    why: Why,
}

/// The longest beginning of `code` among `patterns`.
pub(super) fn prefix<'a>(patterns: &'a [String], code: &str) -> Option<&'a str> {
    let fitting = patterns.iter().filter(|pattern| code.starts_with(pattern.as_str()));
    fitting.max_by_key(|pattern| pattern.len()).map(String::as_str)
}

impl Rule {
    pub(super) fn strength(&self, category: &str, place: &str) -> Strength {
        Strength {
            priority: self.priority,
            named: usize::from(!self.roads.is_empty()) + usize::from(!self.words.is_empty()),
            place: place.len(),
            category: category.len(),
            timed: self.times.kinds(),
        }
    }

    fn place_miss(&self, place: &str) -> Miss {
        let finer = self.places.iter().find(|pattern| pattern.starts_with(place));
        match finer.and_then(|pattern| Level::of_place(pattern)) {
            Some(level) => Miss::PlaceUnknown(level),
            None => Miss::Place,
        }
    }

    fn fires<'a>(&'a self, rules: &'a Rules, case: &Case<'_>) -> Result<Fired<'a>, Miss> {
        let category = prefix(&self.categories, case.category).ok_or(Miss::Category)?;
        let place = prefix(&self.places, case.place).ok_or_else(|| self.place_miss(case.place))?;
        let said = |word: &&String| {
            case.words.contains(word.as_str()) || case.address.contains(word.as_str())
        };
        if let Some(word) = self.unless.iter().find(said) {
            return Err(Miss::Unless(word.clone()));
        }
        let roads = self.roads.iter().find(|road| case.address.contains(road.as_str()));
        if roads.is_none() && !self.roads.is_empty() {
            return Err(Miss::Roads);
        }
        let word = self.words.iter().find(said);
        if word.is_none() && !self.words.is_empty() {
            return Err(Miss::Words);
        }
        match self.times.fit(case.occurred, case.registered) {
            Fit::Yes => {}
            Fit::Hours => return Err(Miss::Hours),
            Fit::HoursUnknown => return Err(Miss::HoursUnknown),
            Fit::Weekday => return Err(Miss::Weekday),
            Fit::Season => return Err(Miss::Season),
        }
        let owner = rules
            .directory
            .resolve(&self.to, case.place)
            .ok_or_else(|| self.unit_miss(case.place))?;
        let why = Why {
            category: category.to_owned(),
            place: rules.directory.division(place).unwrap_or(place).to_owned(),
            words: roads.into_iter().chain(word).cloned().collect(),
            times: self.times.to_string(),
            priority: self.priority,
        };
        Ok(Fired { rule: self, strength: self.strength(category, place), owner, why })
    }

    fn unit_miss(&self, place: &str) -> Miss {
        match &self.to {
            super::Target::Kind { level, .. } if place.len() < level.digits() => {
                Miss::PlaceUnknown(*level)
            }
            target => Miss::NoUnit(target.to_string()),
        }
    }
}

impl Rules {
    /// Who should get the case.
    pub fn decide(&self, case: &Case<'_>) -> Decision {
        let mut fired: Vec<Fired<'_>> = Vec::new();
        let mut near = Vec::new();
        for rule in &self.rules {
            match rule.fires(self, case) {
                Ok(one) => fired.push(one),
                Err(miss) if miss.is_unknown() => near.push(rule.verdict(Some(miss))),
                Err(_) => {}
            }
        }
        let Some(best) = fired.iter().map(|one| one.strength).max() else {
            return Decision::Open { near };
        };
        let mut chosen: Vec<Suggestion> = Vec::new();
        for one in fired.into_iter().filter(|one| one.strength == best) {
            let suggestion = self.suggestion(&one, case);
            match chosen.iter_mut().find(|s| s.owner.code == suggestion.owner.code) {
                Some(same) => {
                    same.with.extend(
                        suggestion
                            .with
                            .into_iter()
                            .filter(|u| !same.names(u))
                            .collect::<Vec<Unit>>(),
                    );
                }
                None => chosen.push(suggestion),
            }
        }
        match <[Suggestion; 1]>::try_from(chosen) {
            Ok([one]) => Decision::Clear(one),
            Err(several) => Decision::Tied(several),
        }
    }

    /// What every rule says to the case, in the order of the file.
    pub fn explain(&self, case: &Case<'_>) -> Vec<Verdict> {
        self.rules.iter().map(|rule| rule.verdict(rule.fires(self, case).err())).collect()
    }

    fn suggestion(&self, fired: &Fired<'_>, case: &Case<'_>) -> Suggestion {
        let rule = fired.rule;
        let mut suggestion = Suggestion {
            rule: rule.id.clone(),
            line: rule.line,
            owner: fired.owner.clone(),
            with: Vec::new(),
            copied: Vec::new(),
            pack: self.pack(&rule.pack).cloned(),
            why: fired.why.clone(),
        };
        for target in &rule.with {
            if let Some(unit) =
                self.directory.resolve(target, case.place).filter(|unit| !suggestion.names(unit))
            {
                suggestion.with.push(unit.clone());
            }
        }
        let copy = self.copy.as_ref().filter(|_| fired.owner.level == Level::Township);
        let copy = copy.and_then(|target| self.directory.resolve(target, case.place));
        if let Some(unit) = copy.filter(|unit| !suggestion.names(unit)) {
            suggestion.copied.push(unit.clone());
        }
        suggestion
    }
}

impl Rule {
    fn verdict(&self, miss: Option<Miss>) -> Verdict {
        Verdict { rule: self.id.clone(), line: self.line, miss }
    }
}

impl Suggestion {
    fn names(&self, unit: &Unit) -> bool {
        let mut all = self.with.iter().chain(&self.copied).chain([&self.owner]);
        all.any(|other| other.code == unit.code)
    }
}
