//! What a question makes likely: words told to the recogniser beforehand, and the closed set of answers where there is one.

use std::sync::Arc;

/// How the next words are to be heard. Cheap to clone.
#[derive(Clone, PartialEq, Debug)]
pub struct Expected {
    /// Words that the recogniser is told beforehand: they become likely, nothing is forbidden. Empty for none.
    pub hint: Arc<str>,
    /// The answers that the question asks for. What else is said can still be heard.
    pub form: Option<Arc<Form>>,
}

impl Expected {
    /// Anything at all.
    pub fn anything() -> Expected {
        Expected { hint: Arc::from(""), form: None }
    }
}

/// A closed set of answers: the sum of its parts, any of which may be empty.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Form {
    /// Answers and commands, each said in one of its wordings.
    pub classes: Vec<Class>,
    /// Numbers that are read out digit by digit.
    pub digits: Vec<Shape>,
    /// A day, with the time of day or without, in any common form.
    pub dates: bool,
}

/// One meaning among the answers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Class {
    /// Its name in the prompts, such as `yes` or `satisfied`.
    pub key: String,
    /// Whole answers, Simplified Chinese, without punctuation.
    pub wordings: Vec<String>,
}

/// Which digit may stand at each place of a number. Written `1[3-9]#########`: a digit, a range or list of digits in brackets,
/// `#` for any.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Shape(Vec<u16>);

#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ShapeError {
    #[error(
        "{0:?} stands in the shape of a number; use digits, #, and digits in brackets such as [3-9]"
    )]
    Character(char),
    #[error("a bracket of the shape is open at its end or holds no digit")]
    Bracket,
    #[error("the shape holds {0} digits; 1 to 20 are allowed")]
    Length(usize),
}

impl Shape {
    const LONGEST: usize = 20;

    pub fn parse(text: &str) -> Result<Shape, ShapeError> {
        let mut places = Vec::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            places.push(match c {
                '#' => 0x3ff,
                '[' => bracket(&mut chars)?,
                c => 1 << digit(c)?,
            });
        }
        match places.len() {
            1..=Shape::LONGEST => Ok(Shape(places)),
            length => Err(ShapeError::Length(length)),
        }
    }

    /// How many digits a number of this shape has.
    pub fn length(&self) -> usize {
        self.0.len()
    }

    /// Whether a text is a number of this shape, in Latin digits.
    pub fn fits(&self, text: &str) -> bool {
        let digits = text.bytes().map(|b| b.wrapping_sub(b'0'));
        text.len() == self.length()
            && digits.enumerate().all(|(place, d)| d < 10 && self.allows(place, d))
    }

    /// Whether `digit` may stand at this place.
    pub fn allows(&self, place: usize, digit: u8) -> bool {
        self.0.get(place).is_some_and(|mask| mask & (1 << digit) != 0)
    }
}

fn digit(c: char) -> Result<u16, ShapeError> {
    c.to_digit(10).map(|d| d as u16).ok_or(ShapeError::Character(c))
}

/// What follows an opening bracket, to its end.
fn bracket(chars: &mut std::str::Chars<'_>) -> Result<u16, ShapeError> {
    let (mut mask, mut last, mut range) = (0_u16, None, false);
    loop {
        match chars.next().ok_or(ShapeError::Bracket)? {
            ']' if mask != 0 && !range => return Ok(mask),
            ']' => return Err(ShapeError::Bracket),
            '-' if last.is_some() && !range => range = true,
            c => {
                let to = digit(c)?;
                let from = last.filter(|_| range).unwrap_or(to);
                (from..=to).for_each(|d| mask |= 1 << d);
                (last, range) = (Some(to), false);
            }
        }
    }
}
