//! A breath of words as surface syllables: words by the lexicon, function words by their neighbours, then the tones as
//! they sound together (一, 不, third before third). The Baker labels that the voice learnt carry surface tones.

use super::pinyin::{Lexicon, Reading};
use super::speakable::Sound;
use super::written::is_han;

/// What a letter is called: the voice knows no Latin letters, these are the nearest Chinese syllables.
const LETTERS: [&str; 26] = [
    "ei1",
    "bi4",
    "xi1",
    "di4",
    "yi4",
    "ai2 fu5",
    "ji4",
    "ei1 chi5",
    "ai4",
    "zhei4",
    "kei4",
    "ai2 lou5",
    "ai2 mu5",
    "en1",
    "ou1",
    "pi1",
    "qiu1",
    "a1 er5",
    "ai2 si5",
    "ti4",
    "you1",
    "wei1",
    "da2 bu5 liu5",
    "ai2 ke5 si5",
    "wai1",
    "zei4",
];

/// Said for an ideograph that no table knows: 某. A character never vanishes.
const UNKNOWN: &str = "mou3";

/// The sounds of words spoken in one breath: Chinese characters and letters, nothing else.
pub(super) fn sounds(lexicon: &Lexicon, breath: &str) -> Vec<Sound> {
    let chars: Vec<char> = breath.chars().collect();
    let mut sounds = Vec::with_capacity(chars.len());
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let run = chars.iter().skip(at).take_while(|c| is_han(**c)).count();
        if run > 0 {
            push_run(lexicon, chars.get(at..at + run).unwrap_or_default(), &mut sounds);
            at += run;
            continue;
        }
        let place = u32::from(c.to_ascii_uppercase()).checked_sub(u32::from('A'));
        let name = place.and_then(|n| LETTERS.get(usize::try_from(n).ok()?));
        sounds
            .extend(name.iter().flat_map(|n| n.split(' ')).map(|s| Sound::Syllable(s.to_owned())));
        at += 1;
    }
    sounds
}

fn push_run(lexicon: &Lexicon, run: &[char], sounds: &mut Vec<Sound>) {
    let mut readings = Vec::with_capacity(run.len());
    let mut ends = Vec::with_capacity(run.len());
    for word in lexicon.words(run) {
        for n in 1..=word.readings.len() {
            ends.push(n == word.readings.len() && n > 1);
        }
        if let ([reading], Some(context)) =
            (word.readings.as_slice(), by_context(run, word.chars.start))
        {
            readings.push(Reading::parse(context).unwrap_or(*reading));
        } else {
            readings.extend(word.readings);
        }
    }
    change_tones(run, &ends, &mut readings);
    for (n, reading) in readings.iter().enumerate() {
        let rhotic = run.get(n) == Some(&'儿') && reading.tone() == 5 && n > 0;
        sounds.push(if rhotic { Sound::Rhotic } else { Sound::Syllable(reading.to_string()) });
    }
}

impl Lexicon {
    /// Cuts a run of Chinese characters into words of the table and single characters, the longest together.
    pub fn words(&self, run: &[char]) -> Vec<super::pinyin::Word> {
        let text: String = run.iter().collect();
        let starts: Vec<usize> = text.char_indices().map(|(n, _)| n).chain([text.len()]).collect();
        let known = |from: usize, to: usize| {
            let slice = text.get(*starts.get(from)?..*starts.get(to)?)?;
            self.entry(slice)
        };
        // best[n]: the greatest sum of squared lengths of words up to n, and the length of the last. An own word
        // counts a little more than the table's.
        let mut best: Vec<(usize, usize)> = vec![(0, 0)];
        for end in 1..=run.len() {
            let mut choice = (best.last().map_or(0, |b| b.0) + 2, 1);
            for length in 2..=self.longest().min(end) {
                let before = best.get(end - length).map_or(0, |b| b.0);
                // Of equals the longer last word: 不|行政, not 不行|政.
                if let Some(word) = known(end - length, end) {
                    let worth = before + 2 * length * length + usize::from(word.own);
                    if worth >= choice.0 {
                        choice = (worth, length);
                    }
                }
            }
            best.push(choice);
        }
        let mut words = Vec::new();
        let mut end = run.len();
        while end > 0 {
            let length = best.get(end).map_or(1, |b| b.1).clamp(1, end);
            let chars = end - length..end;
            let readings = match known(chars.start, chars.end) {
                Some(word) if length > 1 => word.readings.to_vec(),
                _ => run
                    .get(chars.clone())
                    .unwrap_or_default()
                    .iter()
                    .filter_map(|c| self.any(*c))
                    .collect(),
            };
            words.push(super::pinyin::Word { chars, readings });
            end -= length;
        }
        words.reverse();
        words
    }

    fn any(&self, c: char) -> Option<Reading> {
        self.single(c).or_else(|| Reading::parse(UNKNOWN))
    }
}

/// A function word by its neighbours, where it is a word by itself.
fn by_context(run: &[char], at: usize) -> Option<&'static str> {
    let before = at.checked_sub(1).and_then(|n| run.get(n)).copied();
    let after = run.get(at + 1).copied();
    let is = |c: Option<char>, set: &str| c.is_some_and(|c| set.contains(c));
    Some(match run.get(at)? {
        '得' if is(after, "到以知出分罪票奖益名主") || is(before, "获取所不未应已求征竞购") => {
            "de2"
        }
        '得' if after.is_none() && is(before, "多几两难") => "de2",
        '得' if before.is_none() && is(after, "了") => "de2",
        '得' if before.is_none() || is(before, "就都也还总又必只您你我他她们要可") => {
            "dei3"
        }
        '得' => "de5",
        '为' if is(after, "您你我他她它民此何了该大老孩群避确保方便本其企居市全") => {
            "wei4"
        }
        '为' if is(
            before,
            "准均定即分名改变作称视列认成转记设评选升约期五三二四六七八九十号积较更极最",
        ) =>
        {
            "wei2"
        }
        '为' if is(after, "期准主由限止零空一二三四五六七八九十两百") => {
            "wei2"
        }
        '为' if before.is_none() || is(before, "请将会来在并已能可先再") => "wei4",
        '为' => "wei2",
        '只' if is(before, "一二三四五六七八九十两百千万几这那每哪半多") => {
            "zhi1"
        }
        '假' if is(before, "天月周年") => "jia4",
        '尽' if is(after, "快量早可") => "jin3",
        '几' if is(after, "乎") => "ji1",
        '行' if is(before, "央农工建中交招支分总各本我他该商同银")
            && !is(after, "走为动进驶李车人政使") =>
        {
            "hang2"
        }
        '数' if before.is_none() && is(after, "一") => "shu3",
        '间' if is(after, "接隔断") => "jian4",
        '教' if is(after, "您你我他") => "jiao1",
        '了' if is(before, "不") => "liao3",
        '处' if is(after, "以于在罚") => "chu3",
        '重' if is(after, "新复建修办发启签做审开组核申报填传试拨选置") => {
            "chong2"
        }
        _ => return None,
    })
}

fn change_tones(run: &[char], word_ends: &[bool], readings: &mut [Reading]) {
    // From the right: 一不小心 needs to know how 不 came out.
    for at in (0..readings.len()).rev() {
        let next = readings.get(at + 1).map(|r| tone_by_heart(run.get(at + 1), r.tone()));
        let changed = match run.get(at) {
            Some('一') => {
                readings.get(at).map(|r| r.with_tone(tone_of_one(run, word_ends, at, next)))
            }
            Some('不') => {
                readings.get(at).map(|r| r.with_tone(tone_of_not(run, at, r.tone(), next)))
            }
            _ => None,
        };
        if let (Some(place), Some(reading)) = (readings.get_mut(at), changed) {
            *place = reading;
        }
    }
    third_before_third(readings);
}

/// 个 is mostly neutral, yet 一 hears its fourth tone.
fn tone_by_heart(c: Option<&char>, tone: u8) -> u8 {
    if tone == 5 && c == Some(&'个') { 4 } else { tone }
}

fn tone_of_one(run: &[char], word_ends: &[bool], at: usize, next: Option<u8>) -> u8 {
    let before = at.checked_sub(1).and_then(|n| run.get(n)).copied();
    let after = run.get(at + 1).copied();
    let is = |c: Option<char>, set: &str| c.is_some_and(|c| set.contains(c));
    let counted = is(before, "第十百千万零点周期初幺一二三四五六七八九月");
    let named = is(after, "零一二三四五六七八九幺月号楼级等期栋幢")
        || (after == Some('单') && is(run.get(at + 2).copied(), "元"));
    let key = before == Some('按') && !is(after, "定般下个次共直时些样");
    let at_end = word_ends.get(at) == Some(&true) && !is(before, "这那每某另任哪有同");
    if before.is_some() && before == after && !counted {
        return 5;
    }
    if (counted && !is(after, "百千万亿")) || named || key || at_end {
        return 1;
    }
    match next {
        None => 1,
        Some(4) => 2,
        Some(_) => 4,
    }
}

fn tone_of_not(run: &[char], at: usize, tone: u8, next: Option<u8>) -> u8 {
    let before = at.checked_sub(1).and_then(|n| run.get(n));
    if tone == 5 || (before.is_some() && before == run.get(at + 1)) {
        return 5;
    }
    if next == Some(4) { 2 } else { 4 }
}

/// Third tones in a row fall into feet of two, the last of an odd number into three: 你好 2-3, 展览馆 2-2-3,
/// 我想请你 2-3-2-3.
fn third_before_third(readings: &mut [Reading]) {
    let mut at = 0;
    while at < readings.len() {
        let run = readings.iter().skip(at).take_while(|r| r.tone() == 3).count();
        for (n, reading) in readings.iter_mut().skip(at).take(run).enumerate() {
            let left = run - n;
            let rises =
                if run % 2 == 0 { n % 2 == 0 } else { left > 1 && (left <= 3 || n % 2 == 0) };
            if rises {
                *reading = reading.with_tone(2);
            }
        }
        at += run.max(1);
    }
}
