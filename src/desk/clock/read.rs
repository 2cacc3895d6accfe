//! A rule pack as TOML, with the line of everything that is wrong in it. `rules/packs/zhejiang-2017.toml` begins with
//! the format.

use serde::Deserialize;
use toml::Spanned;

use super::span::{Span, Unit};
use super::words::{Basis, Duty, Event};
use super::{Calling, ExtensionRule, Limit, Pack, PauseKind, Procedure};
use crate::kernel::fault::{Faults, Finder};
use crate::kernel::minute_of_day;

const SPAN_FORM: &str = "write `same day`, or a number and a unit: 30 seconds, 5 minutes, 2 hours, 10 days, 5 working days";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPack {
    code: Spanned<String>,
    name: Spanned<String>,
    #[serde(default)]
    region: String,
    source: Spanned<String>,
    day_ends: Option<Spanned<String>>,
    last_day_off: Spanned<String>,
    #[serde(default)]
    without: Vec<Spanned<String>>,
    procedure: Vec<RawProcedure>,
    #[serde(default)]
    pause: Vec<RawPause>,
    limit: Vec<RawLimit>,
    calling: Option<RawCalling>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProcedure {
    code: Spanned<String>,
    name: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPause {
    code: Spanned<String>,
    name: Spanned<String>,
    article: Spanned<String>,
    basis: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLimit {
    code: Spanned<String>,
    name: Spanned<String>,
    duty: Spanned<String>,
    #[serde(default)]
    procedures: Vec<Spanned<String>>,
    within: Spanned<String>,
    starts: Spanned<String>,
    stops: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    pauses: Vec<Spanned<String>>,
    yellow: Option<Spanned<String>>,
    extension: Option<RawExtension>,
    article: Spanned<String>,
    basis: Spanned<String>,
    #[serde(default)]
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExtension {
    most: Spanned<String>,
    #[serde(default = "once")]
    times: Spanned<u32>,
    ahead: Option<Spanned<String>>,
    told: bool,
    article: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCalling {
    opens: Spanned<String>,
    closes: Spanned<String>,
    #[serde(default)]
    working_days_only: bool,
    per_day: Spanned<u32>,
    in_all: Spanned<u32>,
    spacing: Spanned<String>,
    article: Spanned<String>,
    basis: Spanned<String>,
}

fn once() -> Spanned<u32> {
    Spanned::new(0..0, 1)
}

pub(super) fn pack(file: &str, text: &str) -> Result<Pack, Faults> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut finder = Finder::new(file, text);
    let raw: RawPack = match toml::from_str(text) {
        Ok(raw) => raw,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let problem = error.message().replace('\n', " ");
            let mend =
                "the head of rules/packs/zhejiang-2017.toml lists every table and its fields";
            finder.wrong(at, "", &problem, mend);
            return Err(finder.faults());
        }
    };
    let mut reader = Reader { finder };
    let pack = reader.pack(file, raw);
    if reader.finder.is_clean() { Ok(pack) } else { Err(reader.finder.faults()) }
}

struct Reader {
    finder: Finder,
}

impl Reader {
    fn pack(&mut self, file: &str, raw: RawPack) -> Pack {
        let off_day_moves = match raw.last_day_off.get_ref().as_str() {
            "moves" => true,
            "stays" => false,
            other => {
                let problem = format!("`{other}` is neither `moves` nor `stays`");
                self.wrong(
                    &raw.last_day_off,
                    "last_day_off",
                    &problem,
                    "say what becomes of a limit in days that ends on a day off",
                );
                false
            }
        };
        let procedures = self.procedures(raw.procedure);
        let pauses = self.pauses(raw.pause);
        let mut limits: Vec<Limit> = Vec::new();
        for raw in raw.limit {
            let at = raw.code.span().start;
            let limit = self.limit(raw, &procedures, &pauses);
            if let Some(first) = limits.iter().find(|known| known.code == limit.code) {
                let problem = format!("`{}` is in line {} already", limit.code, first.line);
                self.finder.wrong(at, "limit.code", &problem, "give each limit a code of its own");
            }
            limits.push(limit);
        }
        Pack {
            file: file.to_owned(),
            code: self.code(&raw.code, "code"),
            name: self.text(&raw.name, "name"),
            region: raw.region,
            source: self.text(&raw.source, "source"),
            day_ends: raw.day_ends.as_ref().map_or(1440, |written| self.time(written, "day_ends")),
            off_day_moves,
            procedures,
            pauses,
            limits,
            without: raw
                .without
                .iter()
                .filter_map(|key| self.word(key, "without", Duty::of, Duty::key, Duty::ALL))
                .collect(),
            calling: raw.calling.map(|raw| self.calling(&raw)),
        }
    }

    fn procedures(&mut self, raw: Vec<RawProcedure>) -> Vec<Procedure> {
        let mut all: Vec<Procedure> = Vec::new();
        for raw in raw {
            let line = self.finder.line(raw.code.span().start);
            let code = self.code(&raw.code, "procedure.code");
            if all.iter().any(|known| known.code == code) {
                self.wrong(
                    &raw.code,
                    "procedure.code",
                    "is there twice",
                    "give each procedure a code of its own",
                );
            }
            let name = self.text(&raw.name, "procedure.name");
            all.push(Procedure { code, name, line });
        }
        all
    }

    fn pauses(&mut self, raw: Vec<RawPause>) -> Vec<PauseKind> {
        let mut all: Vec<PauseKind> = Vec::new();
        for raw in raw {
            let line = self.finder.line(raw.code.span().start);
            let code = self.code(&raw.code, "pause.code");
            if all.iter().any(|known| known.code == code) {
                self.wrong(
                    &raw.code,
                    "pause.code",
                    "is there twice",
                    "give each pause a code of its own",
                );
            }
            let (name, article) =
                (self.text(&raw.name, "pause.name"), self.text(&raw.article, "pause.article"));
            let basis = self.basis(&raw.basis, "pause.basis");
            all.push(PauseKind { code, name, article, basis, line });
        }
        all
    }

    fn limit(&mut self, raw: RawLimit, procedures: &[Procedure], pauses: &[PauseKind]) -> Limit {
        let procedures: Vec<&str> = procedures.iter().map(|known| known.code.as_str()).collect();
        let pauses: Vec<&str> = pauses.iter().map(|known| known.code.as_str()).collect();
        let stops = raw.stops.get_ref().iter();
        let stops: Vec<Event> = stops
            .filter_map(|key| self.word(key, "limit.stops", Event::of, Event::key, Event::ALL))
            .collect();
        if raw.stops.get_ref().is_empty() {
            self.wrong(
                &raw.stops,
                "limit.stops",
                "is empty",
                "name at least one event that meets the limit",
            );
        }
        Limit {
            line: self.finder.line(raw.code.span().start),
            code: self.code(&raw.code, "limit.code"),
            name: self.text(&raw.name, "limit.name"),
            duty: self
                .word(&raw.duty, "limit.duty", Duty::of, Duty::key, Duty::ALL)
                .unwrap_or(Duty::Close),
            procedures: self.among(
                &raw.procedures,
                "limit.procedures",
                "[[procedure]]",
                &procedures,
            ),
            within: self.span(&raw.within, "limit.within"),
            starts: self
                .word(&raw.starts, "limit.starts", Event::of, Event::key, Event::ALL)
                .unwrap_or(Event::Received),
            stops,
            pauses: self.among(&raw.pauses, "limit.pauses", "[[pause]]", &pauses),
            yellow: raw.yellow.as_ref().map(|written| self.span(written, "limit.yellow")),
            extension: raw.extension.map(|raw| self.extension(&raw)),
            article: self.text(&raw.article, "limit.article"),
            basis: self.basis(&raw.basis, "limit.basis"),
            note: raw.note,
        }
    }

    fn extension(&mut self, raw: &RawExtension) -> ExtensionRule {
        let most = self.span(&raw.most, "limit.extension.most");
        if most.unit == Unit::SameDay {
            self.wrong(
                &raw.most,
                "limit.extension.most",
                "is no length",
                "write `10 days`, `3 working days` or `24 hours`",
            );
        }
        if *raw.times.get_ref() == 0 {
            self.wrong(
                &raw.times,
                "limit.extension.times",
                "is 0",
                "leave the whole extension out where there is none",
            );
        }
        ExtensionRule {
            most,
            times: *raw.times.get_ref(),
            ahead: raw.ahead.as_ref().map(|written| self.span(written, "limit.extension.ahead")),
            told: raw.told,
            article: self.text(&raw.article, "limit.extension.article"),
        }
    }

    fn calling(&mut self, raw: &RawCalling) -> Calling {
        let opens = self.time(&raw.opens, "calling.opens");
        let closes = self.time(&raw.closes, "calling.closes");
        if opens >= closes {
            self.wrong(
                &raw.closes,
                "calling.closes",
                "is not after `opens`",
                "write both as HH:MM, `closes` the later",
            );
        }
        let (per_day, in_all) = (*raw.per_day.get_ref(), *raw.in_all.get_ref());
        if per_day == 0 || in_all < per_day {
            let problem = format!("{in_all} calls in all and {per_day} a day do not fit");
            self.wrong(
                &raw.in_all,
                "calling.in_all",
                &problem,
                "at least one call a day, and as many in all",
            );
        }
        let spacing = self.span(&raw.spacing, "calling.spacing");
        if spacing.unit.is_daily() {
            self.wrong(
                &raw.spacing,
                "calling.spacing",
                "is in days",
                "write hours or minutes: `2 hours`",
            );
        }
        Calling {
            opens: raw.opens.get_ref().clone(),
            closes: raw.closes.get_ref().clone(),
            working_days_only: raw.working_days_only,
            per_day,
            in_all,
            spacing,
            article: self.text(&raw.article, "calling.article"),
            basis: self.basis(&raw.basis, "calling.basis"),
        }
    }

    fn wrong<T>(&mut self, at: &Spanned<T>, field: &str, problem: &str, mend: &str) {
        self.finder.wrong(at.span().start, field, problem, mend);
    }

    fn text(&mut self, written: &Spanned<String>, field: &str) -> String {
        let text = written.get_ref().trim();
        if text.is_empty() {
            self.wrong(written, field, "is empty", "write it out");
        }
        text.to_owned()
    }

    /// Small letters, digits, `-` and `_`.
    fn code(&mut self, written: &Spanned<String>, field: &str) -> String {
        let text = written.get_ref();
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        if text.is_empty() || !text.bytes().all(plain) {
            let problem = format!("`{text}` is no code");
            self.wrong(
                written,
                field,
                &problem,
                "write small letters, digits, - and _, like simple-close",
            );
        }
        text.clone()
    }

    fn span(&mut self, written: &Spanned<String>, field: &str) -> Span {
        Span::parse(written.get_ref()).unwrap_or_else(|| {
            let problem = format!("`{}` is no length of time", written.get_ref());
            self.wrong(written, field, &problem, SPAN_FORM);
            Span { amount: 1, unit: Unit::Day }
        })
    }

    /// Minute of the day, to 24:00.
    fn time(&mut self, written: &Spanned<String>, field: &str) -> u32 {
        minute_of_day(written.get_ref()).filter(|minute| *minute > 0).unwrap_or_else(|| {
            let problem = format!("`{}` is no time of day", written.get_ref());
            self.wrong(written, field, &problem, "write HH:MM, from 00:01 to 24:00");
            1440
        })
    }

    fn word<T: Copy>(
        &mut self,
        written: &Spanned<String>,
        field: &str,
        of: impl Fn(&str) -> Option<T>,
        key: impl Fn(T) -> &'static str,
        all: &[T],
    ) -> Option<T> {
        let word = of(written.get_ref());
        if word.is_none() {
            let problem = format!("`{}` is not known", written.get_ref());
            let known: Vec<&str> = all.iter().map(|word| key(*word)).collect();
            self.wrong(written, field, &problem, &format!("write one of {}", known.join(", ")));
        }
        word
    }

    fn basis(&mut self, written: &Spanned<String>, field: &str) -> Basis {
        self.word(written, field, Basis::of, Basis::key, Basis::ALL).unwrap_or(Basis::Ours)
    }

    fn among(
        &mut self,
        written: &[Spanned<String>],
        field: &str,
        table: &str,
        known: &[&str],
    ) -> Vec<String> {
        for one in written {
            if !known.contains(&one.get_ref().as_str()) {
                let problem = format!("`{}` is no {table} of this pack", one.get_ref());
                let mend = if known.is_empty() {
                    format!("add the {table} first")
                } else {
                    format!("write one of {}, or add the {table}", known.join(", "))
                };
                self.wrong(one, field, &problem, &mend);
            }
        }
        written.iter().map(|one| one.get_ref().clone()).collect()
    }
}
