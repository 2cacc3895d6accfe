//! What a file of rules gets wrong as a whole: conflicts, gaps, rules that never fire. Every rule is tried on every
//! category and every smallest division.

use std::collections::BTreeSet;

use super::suggest::{Strength, prefix};
use super::{Category, Rule, Rules};
use crate::kernel::fault::{Fault, Faults, Gravity};

/// As many places are named in one fault.
const NAMED_MAX: usize = 5;

/// One kind of case.
#[derive(Clone, Copy)]
struct Cell<'a> {
    category: &'a Category,
    place: &'a str,
}

/// All faults, in the order of lines; empty when the file is good.
pub fn check(rules: &Rules, categories: &[Category]) -> Faults {
    let places = rules.directory.leaves();
    let check = Check { rules, categories, places };
    let mut faults = check.conflicts();
    faults.extend(check.never());
    faults.extend(check.gaps());
    faults.sort_by_key(|fault| fault.line);
    Faults(faults)
}

struct Check<'a> {
    rules: &'a Rules,
    categories: &'a [Category],
    places: Vec<&'a str>,
}

impl<'a> Check<'a> {
    fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        self.categories
            .iter()
            .flat_map(|category| self.places.iter().map(move |place| Cell { category, place }))
    }

    fn fault(
        &self,
        gravity: Gravity,
        line: usize,
        field: &str,
        problem: String,
        mend: &str,
    ) -> Fault {
        let file = self.rules.file.clone();
        Fault { gravity, file, line, field: field.to_owned(), problem, mend: mend.to_owned() }
    }

    /// Two rules of one strength that name different owners for one case.
    fn conflicts(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let rules = self.rules.rules();
        for (n, one) in rules.iter().enumerate() {
            for other in rules.iter().skip(n + 1) {
                let clash =
                    one.to != other.to && one.times.meets(&other.times) && !one.excludes(other);
                if !clash {
                    continue;
                }
                let words = one.meeting_words(other);
                let mut cells = self.cells().filter(|cell| self.ties(one, other, *cell));
                let Some(first) = cells.next() else { continue };
                let more = cells.count();
                let others = if more == 0 { String::new() } else { format!(" and {more} more") };
                let problem = format!(
                    "`{}` (to {}) is as strong as `{}` (line {}, to {}) for category {} {} in {}{others}{}",
                    other.id,
                    other.to,
                    one.id,
                    one.line,
                    one.to,
                    first.category.code,
                    first.category.name,
                    self.name(first.place),
                    words.told(),
                );
                let gravity = if words.is_sure() { Gravity::Error } else { Gravity::Warning };
                let mend = "give one of them a `priority`, or narrow its places, words or hours";
                faults.push(self.fault(gravity, other.line, "rule.to", problem, mend));
            }
        }
        faults
    }

    fn ties(&self, one: &Rule, other: &Rule, cell: Cell<'_>) -> bool {
        let (a, b) = (one.strength_at(cell), other.strength_at(cell));
        let owner = |rule: &Rule| {
            self.rules.directory.resolve(&rule.to, cell.place).map(|unit| unit.code.clone())
        };
        a.is_some()
            && a == b
            && owner(one).is_some()
            && owner(other).is_some()
            && owner(one) != owner(other)
    }

    fn name(&self, place: &str) -> String {
        format!("{place} {}", self.rules.directory.division(place).unwrap_or_default())
    }

    /// Rules that a stronger one beats wherever they would fire, that repeat another, or that have no unit anywhere.
    fn never(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for rule in self.rules.rules() {
            let mut cells =
                self.cells().filter(|cell| rule.strength_at(*cell).is_some()).peekable();
            if cells.peek().is_none() {
                let problem =
                    format!("`{}` can never fire: no category of it meets a place of it", rule.id);
                faults.push(self.fault(
                    Gravity::Error,
                    rule.line,
                    "rule.places",
                    problem,
                    "mend one of the two lists",
                ));
                continue;
            }
            let mut by: BTreeSet<(usize, &str)> = BTreeSet::new();
            let shadowed = cells.all(|cell| {
                let found = self.rules.rules().iter().find(|other| self.shadows(other, rule, cell));
                by.extend(found.map(|other| (other.line, other.id.as_str())));
                found.is_some()
            });
            if shadowed {
                let by: Vec<String> =
                    by.iter().map(|(line, id)| format!("`{id}` (line {line})")).collect();
                let problem = format!(
                    "`{}` can never fire: {} always comes before it",
                    rule.id,
                    by.join(", ")
                );
                let mend = "remove it, give it a higher `priority`, or narrow the others";
                faults.push(self.fault(Gravity::Error, rule.line, "rule", problem, mend));
            }
        }
        faults.extend(self.unserved());
        faults
    }

    /// Whether `other` counts wherever `rule` fires in this cell.
    fn shadows(&self, other: &Rule, rule: &Rule, cell: Cell<'_>) -> bool {
        let (Some(own), Some(theirs)) = (rule.strength_at(cell), other.strength_at(cell)) else {
            return false;
        };
        let repeats = theirs == own
            && other.line < rule.line
            && other.to == rule.to
            && other.with == rule.with;
        (theirs > own || repeats)
            && other.covers(rule)
            && self.rules.directory.resolve(&other.to, cell.place).is_some()
    }

    /// Rules whose unit is nowhere that they would fire.
    fn unserved(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for rule in self.rules.rules() {
            let fires = |place: &&&str| prefix(&rule.places, place).is_some();
            let served = |place: &&str| self.rules.directory.resolve(&rule.to, place).is_some();
            let mut places = self.places.iter().filter(fires).peekable();
            if places.peek().is_some() && !places.any(|place| served(&place)) {
                let problem = format!(
                    "`{}` can never fire: no unit `{}` serves any of its places",
                    rule.id, rule.to
                );
                let mend = "name another unit or level, or add the unit";
                faults.push(self.fault(Gravity::Error, rule.line, "rule.to", problem, mend));
            }
        }
        faults
    }

    /// Categories and places that no rule without words, hours or seasons gives an owner.
    fn gaps(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for category in self.categories {
            let open: Vec<&str> = self
                .places
                .iter()
                .copied()
                .filter(|place| !self.owned(Cell { category, place }))
                .collect();
            if open.is_empty() {
                continue;
            }
            let problem = format!(
                "nobody owns category {} {} {}",
                category.code,
                category.name,
                self.places_told(&open),
            );
            let mend = format!(
                "add a [[rule]] for \"{}\" there without words, roads or times",
                category.code
            );
            faults.push(self.fault(Gravity::Error, 0, "rule.categories", problem, &mend));
        }
        faults
    }

    fn owned(&self, cell: Cell<'_>) -> bool {
        self.rules.rules().iter().any(|rule| {
            rule.is_plain()
                && rule.strength_at(cell).is_some()
                && self.rules.directory.resolve(&rule.to, cell.place).is_some()
        })
    }

    /// Whole counties by their own name.
    fn places_told(&self, open: &[&str]) -> String {
        if open.len() == self.places.len() {
            return "anywhere".to_owned();
        }
        let mut told: Vec<String> = Vec::new();
        for place in open {
            let county = place.get(..6).unwrap_or(place);
            let whole =
                self.places.iter().filter(|p| p.starts_with(county)).all(|p| open.contains(p));
            let name = self.name(if whole { county } else { place });
            if !told.contains(&name) {
                told.push(name);
            }
        }
        let more = told.len().saturating_sub(NAMED_MAX);
        told.truncate(NAMED_MAX);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        format!("in {}{more}", told.join(", "))
    }
}

/// The words on which two rules meet.
enum Meeting<'a> {
    /// No word is needed, or one word serves both.
    Sure(Option<&'a str>),
    /// A caller who says both.
    Both(&'a str, &'a str),
}

impl Meeting<'_> {
    fn is_sure(&self) -> bool {
        matches!(self, Meeting::Sure(_))
    }

    fn told(&self) -> String {
        match self {
            Meeting::Sure(None) => String::new(),
            Meeting::Sure(Some(word)) => format!(", where \"{word}\" is said"),
            Meeting::Both(one, other) => format!(", where both \"{one}\" and \"{other}\" are said"),
        }
    }
}

impl Rule {
    fn strength_at(&self, cell: Cell<'_>) -> Option<Strength> {
        let category = prefix(&self.categories, &cell.category.code)?;
        Some(self.strength(category, prefix(&self.places, cell.place)?))
    }

    /// Asks for nothing but category and place.
    fn is_plain(&self) -> bool {
        let words = self.roads.is_empty() && self.words.is_empty() && self.unless.is_empty();
        words && self.times.is_always()
    }

    /// Every word of it is ruled out by the other, or the other way round.
    fn excludes(&self, other: &Rule) -> bool {
        let dead = |rule: &Rule, by: &Rule| {
            let ruled_out = |word: &String| by.unless.iter().any(|not| word.contains(not.as_str()));
            let all = |words: &[String]| !words.is_empty() && words.iter().all(ruled_out);
            all(&rule.words) || all(&rule.roads)
        };
        dead(self, other) || dead(other, self)
    }

    fn meeting_words<'a>(&'a self, other: &'a Rule) -> Meeting<'a> {
        let own: Vec<&String> = self.words.iter().chain(&self.roads).collect();
        let theirs: Vec<&String> = other.words.iter().chain(&other.roads).collect();
        let (Some(one), Some(first)) = (own.first(), theirs.first()) else {
            return Meeting::Sure(own.first().or(theirs.first()).map(|word| word.as_str()));
        };
        let shared = own.iter().flat_map(|a| theirs.iter().map(move |b| (a, b)));
        let shared = shared.filter(|(a, b)| a.contains(b.as_str()) || b.contains(a.as_str()));
        let shared = shared.map(|(a, b)| if a.len() >= b.len() { a } else { b }).next();
        match shared {
            Some(word) => Meeting::Sure(Some(word)),
            None => Meeting::Both(one, first),
        }
    }

    /// Fires wherever `other` does, as far as words and times go.
    fn covers(&self, other: &Rule) -> bool {
        let each = |own: &[String], theirs: &[String]| {
            let hit = |word: &String| own.iter().any(|w| word.contains(w.as_str()));
            own.is_empty() || (!theirs.is_empty() && theirs.iter().all(hit))
        };
        // A road is said in the place, where words are looked for too.
        let words = each(&self.words, &other.words)
            || (!other.roads.is_empty() && each(&self.words, &other.roads));
        let unblocked =
            self.unless.iter().all(|not| other.unless.iter().any(|own| not.contains(own.as_str())));
        each(&self.roads, &other.roads) && words && unblocked && self.times.covers(&other.times)
    }
}
