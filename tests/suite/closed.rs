//! Closed sets of answers: the search and the beam against brute force on invented networks, what is decided, and the sets that ship.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use huiyin::dialogue::Expect;
use huiyin::engine::closed::{
    Candidate, DOUBT, Scorer, Token, Trie, Verdict, Word, by_ear, decide, digits, goes_on, search,
    together,
};
use huiyin::intake::{Command, Gazetteer, Grade, Intake};
use huiyin::kernel::{Rng, Slot};
use huiyin::runtime::hearing::{Hearing, HearingError};
use huiyin::speech::{Form, Shape};
use proptest::prelude::*;

use crate::intake::{NOW, said};

/// Tokens of the invented network, its end included.
const TOKENS: i32 = 6;

/// A network whose distributions follow from a seed and the tokens written; it counts how often it is asked.
struct Invented {
    seed: u64,
    asked: usize,
}

impl Invented {
    fn new(seed: u64) -> Invented {
        Invented { seed, asked: 0 }
    }

    /// Log-probabilities of the tokens 0 to `TOKENS` and, last, of the end.
    fn next(&self, written: &[Token]) -> Vec<f32> {
        let mut mix = self.seed;
        for token in written {
            mix = mix.wrapping_mul(31).wrapping_add(*token as u64 + 7);
        }
        let mut rng = Rng::new(mix);
        let weights: Vec<f64> = (0..=TOKENS).map(|_| (3.0 * rng.normal()).exp()).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|w| (w / sum).ln() as f32).collect()
    }

    /// Of a whole sequence, its end included.
    fn whole(&self, tokens: &[Token]) -> f32 {
        let steps = (0..tokens.len()).map(|n| self.next(&tokens[..n])[tokens[n] as usize]);
        steps.sum::<f32>() + self.next(tokens)[TOKENS as usize]
    }
}

impl Scorer for Invented {
    type Error = Infallible;

    fn score(
        &mut self,
        written: &[Token],
        wanted: &[Token],
        scores: &mut Vec<f32>,
    ) -> Result<f32, Infallible> {
        self.asked += 1;
        let next = self.next(written);
        scores.clear();
        scores.extend(wanted.iter().map(|token| next[*token as usize]));
        Ok(next[TOKENS as usize])
    }
}

/// Wordings of one to four tokens, each of one of three classes, none twice.
fn wordings() -> impl Strategy<Value = Vec<(Vec<Token>, usize)>> {
    let wording = (prop::collection::vec(0..TOKENS, 1..5), 0..3_usize);
    prop::collection::vec(wording, 1..20).prop_map(|all| {
        let unique: HashMap<Vec<Token>, usize> = all.into_iter().collect();
        unique.into_iter().collect()
    })
}

fn trie(wordings: &[(Vec<Token>, usize)]) -> Trie {
    let mut trie = Trie::default();
    for (wording, (tokens, class)) in wordings.iter().enumerate() {
        trie.insert(tokens, Word { class: *class, wording });
    }
    trie
}

proptest! {
    #[test]
    fn the_search_without_pruning_is_every_wording_as_it_is(seed: u64, wordings in wordings()) {
        let mut network = Invented::new(seed);
        let found = search(&trie(&wordings), &mut network, f32::INFINITY, usize::MAX).unwrap();
        prop_assert_eq!(found.len(), wordings.len());
        for found in &found {
            let (tokens, class) = &wordings[found.word.wording];
            prop_assert_eq!((found.word.class, found.tokens), (*class, tokens.len()));
            prop_assert!((found.score - network.whole(tokens)).abs() < 1e-3);
        }
        prop_assert!(found.is_sorted_by(|a, b| a.score >= b.score));
    }

    #[test]
    fn pruning_never_loses_the_best_wording_and_asks_less(seed: u64, wordings in wordings(), prune in 0.0_f32..6.0) {
        let trie = trie(&wordings);
        let (mut all, mut few) = (Invented::new(seed), Invented::new(seed));
        let whole = search(&trie, &mut all, f32::INFINITY, usize::MAX).unwrap();
        let pruned = search(&trie, &mut few, prune, usize::MAX).unwrap();
        prop_assert!(few.asked <= all.asked);
        prop_assert_eq!(pruned[0].score, whole[0].score);
        // Whatever is within the bound is there, and as it is.
        let near: Vec<_> = whole.iter().filter(|found| found.score > whole[0].score - prune).collect();
        for found in near {
            prop_assert!(pruned.iter().any(|kept| kept.word == found.word && kept.score == found.score));
        }
    }

    #[test]
    fn a_wide_beam_over_digits_is_exact(seed: u64) {
        // Digits 0, 1 and 2; the second digit is also written as two tokens.
        let mut words = Trie::default();
        for (tokens, class) in [(&[0][..], 0), (&[1], 1), (&[3, 4], 1), (&[2], 2)] {
            words.insert(tokens, Word { class, wording: 0 });
        }
        let shapes = [Shape::parse("1[0-2][0-2]").unwrap(), Shape::parse("[0-2]").unwrap()];
        let mut network = Invented::new(seed);
        let runs = digits(&shapes, &words, &mut network, 1000, f32::INFINITY).unwrap();
        let written = |digit: u8| match digit {
            0 => vec![vec![0]],
            1 => vec![vec![1], vec![3, 4]],
            _ => vec![vec![2]],
        };
        let mut best: Vec<(Vec<u8>, f32)> = Vec::new();
        let numbers = (0..3).map(|d| vec![d]).chain((0..9).map(|n| vec![1, n / 3, n % 3]));
        for number in numbers {
            let mut all = vec![Vec::new()];
            for digit in &number {
                all = all.iter().flat_map(|s: &Vec<Token>| {
                    written(*digit).into_iter().map(move |t| [s.clone(), t].concat())
                }).collect();
            }
            let score = all.iter().map(|t| network.whole(t)).fold(f32::NEG_INFINITY, f32::max);
            best.push((number, score));
        }
        best.sort_by(|a, b| b.1.total_cmp(&a.1));
        prop_assert_eq!(runs.len(), best.len());
        for (run, (number, score)) in runs.iter().zip(&best) {
            prop_assert_eq!(&run.digits, number);
            prop_assert!((run.score - score).abs() < 1e-3);
        }
    }

    #[test]
    fn a_narrow_beam_gives_numbers_of_the_shape_only(seed: u64, width in 1_usize..5) {
        let mut words = Trie::default();
        for class in 0..6 {
            words.insert(&[class as Token], Word { class, wording: 0 });
        }
        let shape = Shape::parse("1[3-5]####").unwrap();
        let runs = digits(std::slice::from_ref(&shape), &words, &mut Invented::new(seed), width, 4.0).unwrap();
        prop_assert!(!runs.is_empty() && runs.len() <= width);
        for run in runs {
            let text: String = run.digits.iter().map(|d| char::from(b'0' + d)).collect();
            prop_assert!(shape.fits(&text), "{text}");
        }
    }
}

#[test]
fn a_search_ends_at_its_bound() {
    let wordings: Vec<(Vec<Token>, usize)> = (0..6).map(|t| (vec![t, t, t, t], 0)).collect();
    let mut network = Invented::new(1);
    search(&trie(&wordings), &mut network, f32::INFINITY, 7).unwrap();
    assert_eq!(network.asked, 7);
}

fn candidate(meaning: &str, score: f32) -> Candidate {
    Candidate { meaning: meaning.into(), text: meaning.into(), score, tokens: 2 }
}

#[test]
fn what_fits_and_stands_alone_is_taken() {
    let sure = decide(&[candidate("yes", -1.0), candidate("no", -6.0)]);
    assert!(
        matches!(&sure, Verdict::Taken { text, confidence } if text == "yes" && *confidence > 0.9)
    );
    let two = decide(&[candidate("yes", -1.0), candidate("no", -1.4)]);
    assert!(
        matches!(&two, Verdict::Doubtful { text, confidence } if text == "yes" && *confidence < DOUBT)
    );
    assert_eq!(decide(&[candidate("yes", -40.0)]), Verdict::Outside);
    assert_eq!(decide(&[]), Verdict::Outside);
}

#[test]
fn two_hearings_are_weighed_together() {
    let told = [candidate("satisfied", -3.0), candidate("basic", -4.0)];
    let bare = [candidate("basic", -2.0), candidate("repeat", -5.5)];
    let all = together(&told, &bare, 4.0);
    assert_eq!(all[0].meaning, "basic");
    assert_eq!(all[0].score, -3.0);
    // Not heard without the hint: at best as unlikely as what was left out.
    assert_eq!(all.iter().find(|c| c.meaning == "satisfied").unwrap().score, (-3.0 - 7.0) / 2.0);
}

#[test]
fn wordings_of_one_meaning_stand_together() {
    let of = |meaning: &str, text: &str, score| Candidate {
        text: text.into(),
        ..candidate(meaning, score)
    };
    let all = [of("yes", "有", -3.0), of("no", "不用", -3.2), of("no", "不要", -3.3)];
    let verdict = decide(&all);
    assert!(matches!(&verdict, Verdict::Doubtful { text, .. } if text == "不用"), "{verdict:?}");
}

#[test]
fn the_free_words_break_a_tie_by_ear() {
    let of = |meaning: &str, text: &str, score| Candidate {
        text: text.into(),
        ..candidate(meaning, score)
    };
    let mut all = [of("yes", "对", -5.0), of("repeat", "没听清", -5.2)];
    by_ear(&mut all, "没听轻。没听轻。");
    assert_eq!(all[0].score, -5.0);
    assert!((all[1].score - -3.2).abs() < 1e-5, "{}", all[1].score);
}

#[test]
fn an_answer_that_goes_on_is_seen() {
    let meaning = |text: &str| match text {
        "解决了" | "对" | "对的" => Some("yes"),
        "没解决" => Some("no"),
        _ => None,
    };
    let rows = [
        ("解决了，非常满意。", true),
        ("没解决！没人来。", true),
        ("解决了。", false),
        ("解决了，谢谢。", false),
        ("对，对的，解决了", false),
        ("对，没解决", true),
        ("非常满意，解决了。", false),
        ("解决了非常满意", false),
        ("", false),
        ("，。", false),
    ];
    for (words, more) in rows {
        assert_eq!(goes_on(words, meaning), more, "{words}");
    }
}

#[test]
fn shapes_of_numbers_are_read_and_refused() {
    let mobile = Shape::parse("1[3-9]#########").unwrap();
    assert_eq!(mobile.length(), 11);
    assert!(
        mobile.fits("13800138000") && !mobile.fits("12800138000") && !mobile.fits("1380013800")
    );
    assert!(!mobile.fits("1380013800a") && !mobile.fits("一三八"));
    assert!(Shape::parse("[1-35]").unwrap().fits("5"));
    for (text, wanted) in [
        ("", "holds 0 digits"),
        ("123456789012345678901", "holds 21 digits"),
        ("1x", "'x'"),
        ("[3-", "bracket"),
        ("[]", "bracket"),
    ] {
        let error = Shape::parse(text).unwrap_err().to_string();
        assert!(error.contains(wanted), "{text}: {error}");
    }
}

fn form(expect: Expect) -> Arc<Form> {
    Hearing::builtin().unwrap().of(expect).form.unwrap()
}

/// Every wording is understood as the class that it stands in: what the ear decides is what the talk goes by.
#[test]
fn the_talk_understands_every_wording_as_its_class() {
    let intake = Intake::new(Arc::new(Gazetteer::empty()), "3307").unwrap();
    let mut wrong = Vec::new();
    let asked = [Expect::YesNo, Expect::More, Expect::Grade];
    for expect in asked.into_iter().chain([Slot::Number, Slot::Time].map(Expect::Slot)) {
        for class in &form(expect).classes {
            for wording in &class.wordings {
                let reading = intake.read(&said(wording), NOW, None);
                let key = class.key.as_str();
                let held = match key {
                    "yes" => reading.yes_no == Some(true) && reading.command.is_none(),
                    "no" => reading.yes_no == Some(false) && reading.command.is_none(),
                    _ if Command::from_key(key).is_some() => {
                        reading.command == Command::from_key(key)
                    }
                    _ => Grade::from_key(key).is_some() && reading.grade == Grade::from_key(key),
                };
                if !held {
                    wrong.push(format!(
                        "{key} {wording}: {:?} {:?} {:?}",
                        reading.command, reading.yes_no, reading.grade
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_person_can_be_asked_for_wherever_there_is_a_set() {
    let hearing = Hearing::builtin().unwrap();
    for expect in
        [Expect::YesNo, Expect::Grade, Expect::Slot(Slot::Number), Expect::Slot(Slot::Time)]
    {
        let form = hearing.of(expect).form.unwrap();
        assert!(form.classes.iter().any(|class| class.key == "person"), "{expect:?}");
    }
    assert!(hearing.of(Expect::Open).form.is_none());
    assert_eq!(form(Expect::Slot(Slot::Number)).digits[0].length(), 11);
    assert!(form(Expect::Slot(Slot::Time)).dates);
}

#[test]
fn a_fault_in_the_file_of_the_ear_says_where() {
    let hints: String =
        huiyin::runtime::hearing::KEYS.iter().map(|key| format!("{key} = \"\"\n")).collect();
    let parse = |rest: &str| Hearing::parse(&format!("[hints]\n{hints}{rest}"));
    assert!(parse("").is_ok());
    let cases = [
        ("[answers.gone]\nyes = [\"是\"]", "gone"),
        ("[answers.yes_no]\nyes = [\"是。\"]", "whole answer"),
        ("[answers.yes_no]\nyes = [\"好\"]\nno = [\"好\"]", "stands in"),
        ("[numbers]\nnumber = [\"1x\"]", "no shape"),
        ("[dates]\nquestions = [\"when\"]", "when"),
        ("[sets]", "sets"),
    ];
    for (text, wanted) in cases {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(wanted), "{text}: {error}");
    }
    let missing = Hearing::parse("[hints]\nopen = \"\"").unwrap_err();
    assert!(matches!(missing, HearingError::Missing("more")), "{missing}");
}
