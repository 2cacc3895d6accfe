//! Search of a text for divisions: by name, by short name, and by ear among the names near home.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use super::{Division, Entry, Gazetteer, Level, endings};
use crate::language::sounding::toneless;

/// The longest name looked up, in characters.
const NAME_CHARS_MAX: usize = 15;
/// At most this many meanings of one name are handed out.
const OPTIONS_MAX: usize = 4;

const WORDS: &str = include_str!("words.tsv");

/// A place named in a text.
#[derive(Clone, PartialEq, Debug)]
pub struct Mention {
    /// Characters (not bytes) of the text.
    pub span: Range<usize>,
    /// The division meant; `None` when the words allow several, which `options` then holds.
    pub division: Option<Division>,
    /// Empty, or two or more divisions of the same nearness.
    pub options: Vec<Division>,
    /// 0 to 1.
    pub confidence: f32,
}

/// The names near a hotline's home, as they sound. Made once a hotline by [`Gazetteer::around`].
pub struct Around {
    home: String,
    /// By the first syllable (folded), to names that begin so.
    names: HashMap<Fold, Vec<Name>>,
}

struct Name {
    id: u32,
    /// The whole name.
    sounds: Vec<Sound>,
    /// How many of them are the short name.
    stem: usize,
}

/// A syllable with near sounds made one: zh z, ch c, sh s, n l, f h, ng n.
type Fold = [u8; 6];

#[derive(Clone, Copy)]
struct Sound {
    plain: &'static str,
    fold: Fold,
}

impl Sound {
    fn new(plain: &'static str) -> Sound {
        let mut fold = [0_u8; 6];
        let (head, rest) = match plain.as_bytes() {
            [b'z' | b'c' | b's', b'h', rest @ ..] => (plain.as_bytes().first().copied(), rest),
            [b'n', rest @ ..] => (Some(b'l'), rest),
            [b'f', rest @ ..] => (Some(b'h'), rest),
            rest => (None, rest),
        };
        let rest = rest.strip_suffix(b"g").unwrap_or(rest);
        for (to, from) in fold.iter_mut().zip(head.iter().chain(rest)) {
            *to = *from;
        }
        Sound { plain, fold }
    }
}

/// Why a name stands where it does, before its neighbours are known.
#[derive(Clone)]
struct Hit {
    span: Range<usize>,
    /// Entry, and whether it counts only under a parent that is named too.
    ids: Vec<(u32, bool)>,
    /// 1 for the very characters, less by ear.
    quality: f32,
}

struct Words {
    lists: HashMap<&'static str, Vec<&'static str>>,
}

impl Words {
    fn list(&self, key: &str) -> &[&'static str] {
        self.lists.get(key).map(Vec::as_slice).unwrap_or_default()
    }
}

static TABLE: LazyLock<Words> = LazyLock::new(|| {
    let rows = WORDS.lines().filter(|line| !line.starts_with('#'));
    let lists = rows
        .filter_map(|row| row.split_once('\t'))
        .map(|(key, words)| (key, words.split_whitespace().collect()))
        .collect();
    Words { lists }
});

/// One search: the text in characters and its sounds.
struct Search<'a> {
    gazetteer: &'a Gazetteer,
    around: &'a Around,
    chars: &'a [char],
    text: String,
    /// Byte of each character, and one past the end.
    bytes: Vec<usize>,
    sounds: Vec<(Sound, usize)>,
    eager: bool,
}

impl Gazetteer {
    /// `home` is a code of 2, 4 or 6 digits.
    pub fn around(&self, home: &str) -> Around {
        let city = home.get(..4).unwrap_or(home);
        let mut names: HashMap<Fold, Vec<Name>> = HashMap::new();
        for (id, entry) in (0_u32..).zip(&self.entries) {
            if !entry.code.starts_with(city) && !city.starts_with(&entry.code) {
                continue;
            }
            let sounds: Vec<Sound> =
                toneless(&entry.name).into_iter().map(|s| Sound::new(s.pinyin)).collect();
            let stem = entry.stem().chars().count().min(sounds.len());
            if let Some(first) = sounds.first().filter(|_| stem >= 2) {
                names.entry(first.fold).or_default().push(Name { id, stem, sounds });
            }
        }
        Around { home: home.to_owned(), names }
    }

    /// Every place that `text` names, in its order. `near` is the code of a place named before, which decides among
    /// equals; `eager`: the text answers the question where, so that weak and misheard names count too.
    pub fn find(
        &self,
        around: &Around,
        text: &[char],
        near: Option<&str>,
        eager: bool,
    ) -> Vec<Mention> {
        let search = Search::new(self, around, text, eager);
        let mut hits = search.exact_hits();
        hits.extend(search.sound_hits());
        let hits = without_overlaps(hits);
        search.chains(&hits, near)
    }
}

impl<'a> Search<'a> {
    fn new(gazetteer: &'a Gazetteer, around: &'a Around, chars: &'a [char], eager: bool) -> Self {
        let text: String = chars.iter().collect();
        let mut bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        bytes.push(text.len());
        let sounds = toneless(&text)
            .into_iter()
            .map(|s| {
                let at = bytes.partition_point(|b| *b < s.text.start);
                (Sound::new(s.pinyin), at)
            })
            .collect();
        Search { gazetteer, around, chars, text, bytes, sounds, eager }
    }

    fn slice(&self, span: Range<usize>) -> &str {
        let at = |n: usize| self.bytes.get(n).copied().unwrap_or(self.text.len());
        self.text.get(at(span.start)..at(span.end)).unwrap_or_default()
    }

    fn after(&self, end: usize) -> &str {
        self.slice(end..self.chars.len())
    }

    fn before(&self, start: usize) -> &str {
        self.slice(0..start)
    }

    /// How near home: 0 elsewhere, 1 the same province, 2 the same city, 3 the same district.
    fn nearness(&self, code: &str) -> usize {
        let shared = |n: usize| {
            let part = code.get(..n).unwrap_or(code);
            self.around.home.get(..part.len()) == Some(part)
        };
        if code.len() >= 6 && self.around.home.len() >= 6 && shared(6) {
            3
        } else if self.around.home.len() >= 4 && shared(4) {
            2
        } else {
            usize::from(shared(2))
        }
    }

    /// Whether a name that far away may stand without its parent.
    fn is_local(&self, entry: &Entry) -> bool {
        let enough = match entry.level {
            Level::Township => self.around.home.len().min(4) / 2,
            _ => 1,
        };
        self.nearness(&entry.code) >= enough
    }

    fn exact_hits(&self) -> Vec<Hit> {
        let mut hits = Vec::new();
        for start in 0..self.chars.len() {
            let longest = NAME_CHARS_MAX.min(self.chars.len() - start);
            for length in (2..=longest).rev() {
                let span = start..start + length;
                let Some(ids) = self.gazetteer.forms.get(self.slice(span.clone())) else {
                    continue;
                };
                let ids: Vec<(u32, bool)> =
                    ids.iter().filter_map(|id| self.judge(*id, &span)).collect();
                if !ids.is_empty() {
                    // 柳城镇 of another province leaves room for 柳城 (畲族镇) near home.
                    let alone = ids.iter().any(|(_, parent)| !parent);
                    let span = span.start..self.past_ending(&ids, span.end);
                    hits.push(Hit { span, ids, quality: 1.0 });
                    if alone {
                        break;
                    }
                }
            }
        }
        hits
    }

    /// Whether the entry can be meant by the very characters of `span`.
    fn judge(&self, id: u32, span: &Range<usize>) -> Option<(u32, bool)> {
        let entry = self.gazetteer.entry(id)?;
        let words = self.slice(span.clone());
        let other = TABLE.list("other").iter().any(|w| self.after(span.end).starts_with(w));
        let people = self.after(span.end).starts_with("人民");
        if other && !people {
            return None;
        }
        let local = self.is_local(entry);
        if words == entry.name {
            return Some((id, entry.level == Level::Township && !local));
        }
        if self.continues_as_road(span.end) && !self.bears_ending(entry, span.end) {
            return None;
        }
        let own = local && entry.level <= Level::District;
        let everyday = TABLE.list("weak").contains(&words) && !own;
        let weak = everyday && !self.eager && !self.follows_preposition(span.start);
        let alone = match entry.level {
            Level::Province | Level::City => true,
            Level::District | Level::Township => local,
        };
        Some((id, weak || !alone))
    }

    fn bears_ending(&self, entry: &Entry, end: usize) -> bool {
        endings(entry.level).iter().any(|e| self.after(end).starts_with(e))
    }

    /// 白龙桥街道 for 白龙桥镇: the wrong ending belongs to the name all the same.
    fn past_ending(&self, ids: &[(u32, bool)], end: usize) -> usize {
        let after = self.after(end);
        let entries = ids.iter().filter_map(|(id, _)| self.gazetteer.entry(*id));
        let ending = entries
            .filter(|e| !endings(e.level).iter().any(|x| self.before(end).ends_with(x)))
            .flat_map(|e| endings(e.level))
            .find(|e| after.starts_with(**e));
        end + ending.map_or(0, |e| e.chars().count())
    }

    /// A short name right before 路, 东路, 村 is a part of that name.
    fn continues_as_road(&self, end: usize) -> bool {
        let after = self.after(end);
        TABLE.list("road").iter().any(|w| after.starts_with(w)) && !after.starts_with("街道")
    }

    fn follows_preposition(&self, start: usize) -> bool {
        let before = self.before(start);
        TABLE.list("before").iter().any(|w| before.ends_with(w))
    }

    fn is_denied(&self, start: usize) -> bool {
        let before = self.before(start);
        TABLE.list("not").iter().any(|w| before.ends_with(w))
    }

    fn sound_hits(&self) -> Vec<Hit> {
        let mut hits: Vec<Hit> = Vec::new();
        for at in 0..self.sounds.len() {
            let Some((first, _)) = self.sounds.get(at) else { continue };
            let Some(names) = self.around.names.get(&first.fold) else { continue };
            for name in names {
                for length in [name.sounds.len(), name.stem] {
                    let Some((quality, parent)) = self.hear(name, at, length) else { continue };
                    let Some(span) = self.sound_span(at, length) else { continue };
                    if length == name.stem && self.continues_as_road(span.end) {
                        continue;
                    }
                    match hits
                        .iter_mut()
                        .find(|h| h.span == span && (h.quality - quality).abs() < 0.01)
                    {
                        Some(hit) => hit.ids.push((name.id, parent)),
                        None => hits.push(Hit { span, ids: vec![(name.id, parent)], quality }),
                    }
                    break;
                }
            }
        }
        hits
    }

    /// Characters of `length` syllables from syllable `at`, if nothing silent stands between them.
    fn sound_span(&self, at: usize, length: usize) -> Option<Range<usize>> {
        let start = self.sounds.get(at)?.1;
        let last = self.sounds.get(at + length - 1)?.1;
        (last - start + 1 == length).then_some(start..last + 1)
    }

    /// How well the first `length` syllables of a name are heard at syllable `at`; and whether that is so thin that
    /// the name's parent must be named too.
    fn hear(&self, name: &Name, at: usize, length: usize) -> Option<(f32, bool)> {
        let heard = self.sounds.get(at..at + length)?;
        let (mut near, mut wrong) = (0, 0);
        for ((sound, _), sought) in heard.iter().zip(&name.sounds) {
            if sound.plain == sought.plain {
                continue;
            }
            if sound.fold == sought.fold { near += 1 } else { wrong += 1 }
        }
        let whole = length == name.sounds.len() && length > name.stem;
        if whole {
            // The ending itself must be heard, or anything would do.
            let (ending, sought) = (heard.get(name.stem)?, name.sounds.get(name.stem)?);
            if ending.0.fold != sought.fold {
                return None;
            }
        }
        let parent = match (whole, length, near, wrong) {
            (_, _, 0, 0) if length >= 3 => false,
            (_, _, 1, 0) if length >= 3 => false,
            (_, 4.., 2, 0) => false,
            (true, 4.., 0, 1) => !self.eager,
            (false, 3.., 0, 1) if self.eager => false,
            (false, 2, 0, 0) => !self.eager,
            (false, 2, 1, 0) if self.eager => true,
            _ => return None,
        };
        let lost = 0.1 * near as f32 + 0.3 * wrong as f32;
        Some(((0.85 - lost / length as f32 * 2.0).max(0.4), parent))
    }

    /// Joins hits that stand side by side, a part under its whole, and picks what each name means.
    fn chains(&self, hits: &[Hit], near: Option<&str>) -> Vec<Mention> {
        let mut mentions: Vec<Mention> = Vec::new();
        // The code last understood, and where it ended.
        let mut last: Option<(String, usize)> = None;
        for hit in hits {
            let denied = self.is_denied(hit.span.start);
            if denied && hits.iter().any(|h| h.span.start > hit.span.end) {
                continue;
            }
            let parent = last.as_ref().map(|(code, _)| code.as_str());
            let ids = self.meanings(hit, parent, near);
            let codes: Vec<&Entry> =
                ids.iter().filter_map(|id| self.gazetteer.entry(*id)).collect();
            let Some(first) = codes.first() else { continue };
            let joined = last.as_ref().is_some_and(|(code, end)| {
                hit.span.start <= end + 1 && first.code.starts_with(code.as_str())
            });
            let mention = self.mention(hit, &codes);
            match mentions.last_mut().filter(|_| joined) {
                Some(whole) => {
                    whole.span.end = hit.span.end;
                    whole.confidence = whole.confidence.max(mention.confidence).min(0.98);
                    whole.division = mention.division;
                    whole.options = mention.options;
                }
                None => mentions.push(mention),
            }
            if codes.len() == 1 {
                last = Some((first.code.clone(), hit.span.end));
            }
        }
        mentions
    }

    /// The entries that a hit can mean, all of the same nearness.
    fn meanings(&self, hit: &Hit, parent: Option<&str>, near: Option<&str>) -> Vec<u32> {
        let under = |code: &str, above: Option<&str>| {
            above.is_some_and(|a| a.len() < code.len() && code.starts_with(a))
        };
        let ranked: Vec<(usize, Level, u32)> = hit
            .ids
            .iter()
            .filter_map(|(id, needs_parent)| {
                let entry = self.gazetteer.entry(*id)?;
                let code = entry.code.as_str();
                let rank = if under(code, parent) {
                    6
                } else if *needs_parent {
                    return None;
                } else if under(code, near) {
                    5
                } else {
                    self.nearness(code)
                };
                Some((rank, entry.level, *id))
            })
            .collect();
        let Some(best) = ranked.iter().map(|(rank, _, _)| *rank).max() else { return Vec::new() };
        let nearest = ranked.iter().filter(|(rank, _, _)| *rank == best);
        let Some(level) = nearest.clone().map(|(_, level, _)| *level).min() else {
            return Vec::new();
        };
        nearest.filter(|(_, l, _)| *l == level).map(|(_, _, id)| *id).collect()
    }

    fn mention(&self, hit: &Hit, entries: &[&Entry]) -> Mention {
        let divisions: Vec<Division> = entries
            .iter()
            .take(OPTIONS_MAX)
            .filter_map(|e| self.gazetteer.division(&e.code))
            .collect();
        let short = entries.first().is_none_or(|e| hit.span.len() < e.name.chars().count());
        let confidence = hit.quality * if short { 0.85 } else { 0.95 };
        let span = hit.span.clone();
        match <[Division; 1]>::try_from(divisions) {
            Ok([one]) => Mention { span, division: Some(one), options: Vec::new(), confidence },
            Err(options) => Mention { span, division: None, options, confidence: confidence * 0.6 },
        }
    }
}

/// The longest and surest hits, none over another, in the order of the text.
fn without_overlaps(mut hits: Vec<Hit>) -> Vec<Hit> {
    // A name that counts only beside its parent gives way to one that stands by itself.
    let weight = |hit: &Hit| {
        let alone = hit.ids.iter().any(|(_, parent)| !parent);
        hit.span.len() as f32 * hit.quality * if alone { 1.0 } else { 0.7 }
    };
    hits.sort_by(|a, b| weight(b).total_cmp(&weight(a)).then(a.span.start.cmp(&b.span.start)));
    let mut kept: Vec<Hit> = Vec::new();
    for hit in hits {
        let clear =
            kept.iter().all(|k| k.span.end <= hit.span.start || hit.span.end <= k.span.start);
        if clear {
            kept.push(hit);
        }
    }
    kept.sort_by_key(|hit| hit.span.start);
    kept
}
