//! Texts with places for what a row holds: `{title}怎么办`, `要准备{documents.count}样材料。`.
//!
//! A name is a field of the item as far as it is made, else a column of the source. Of a list, `{x}` is its entries with
//! 、 between them, `{x.count}` how many, `{x.few}` the entries where there are at most three. After a `|` a filter:
//! `plain` takes the brackets away and leaves what stands in them, `bare` takes both.

/// A text and its places.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Debug)]
enum Part {
    Text(String),
    Place { name: String, filter: Filter },
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Filter {
    None,
    Plain,
    Bare,
}

impl Template {
    /// # Errors
    /// A brace without its other, a place without a name, a filter that there is not.
    pub fn read(text: &str) -> Result<Template, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (place, after) = after
                .split_once('}')
                .ok_or_else(|| format!("`{text}` opens a brace and does not close it"))?;
            let (name, filter) = match place.split_once('|') {
                None => (place, Filter::None),
                Some((name, "plain")) => (name, Filter::Plain),
                Some((name, "bare")) => (name, Filter::Bare),
                Some((_, other)) => {
                    return Err(format!("`{other}` is no filter; there are plain and bare"));
                }
            };
            if name.trim().is_empty() {
                return Err(format!("`{text}` has a place without a name"));
            }
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Place { name: name.trim().to_owned(), filter });
            rest = after;
        }
        if rest.contains('}') {
            return Err(format!("`{text}` closes a brace that is not open"));
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Template { parts })
    }

    /// The names in it, without what follows a list's.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Place { name, .. } => Some(name.as_str()),
        })
    }

    /// `None` where a place stands for nothing.
    pub fn fill(&self, look: &dyn Fn(&str) -> Option<Vec<String>>) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(own) => text.push_str(own),
                Part::Place { name, filter } => {
                    let value = value(name, look)?;
                    let value = match filter {
                        Filter::None => value,
                        Filter::Plain => value.chars().filter(|c| !is_bracket(*c)).collect(),
                        Filter::Bare => bare(&value),
                    };
                    if value.is_empty() {
                        return None;
                    }
                    text.push_str(&value);
                }
            }
        }
        Some(text)
    }
}

/// How much of a list is wanted.
pub(super) const PARTS: [&str; 2] = [".count", ".few"];
const FEW: usize = 3;

fn value(name: &str, look: &dyn Fn(&str) -> Option<Vec<String>>) -> Option<String> {
    if let Some(entries) = look(name) {
        return Some(entries.join("、")).filter(|text| !text.is_empty());
    }
    if let Some(list) = name.strip_suffix(".count") {
        let count = look(list)?.len();
        return (count > 0).then(|| count.to_string());
    }
    let entries = look(name.strip_suffix(".few")?)?;
    (1..=FEW).contains(&entries.len()).then(|| entries.join("、"))
}

const OPEN: [char; 4] = ['(', '（', '[', '【'];
const CLOSE: [char; 4] = [')', '）', ']', '】'];

fn is_bracket(c: char) -> bool {
    OPEN.contains(&c) || CLOSE.contains(&c)
}

/// Without brackets and what is in them; a bracket that does not close stands.
fn bare(text: &str) -> String {
    let opened = text.chars().filter(|c| OPEN.contains(c)).count();
    if opened != text.chars().filter(|c| CLOSE.contains(c)).count() {
        return text.to_owned();
    }
    let mut depth = 0usize;
    let mut out = String::new();
    for c in text.chars() {
        if OPEN.contains(&c) {
            depth += 1;
        } else if CLOSE.contains(&c) {
            depth = depth.saturating_sub(1);
        } else if depth == 0 {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::Template;

    #[test]
    fn templates_are_filled_wholly_or_not_at_all() {
        let look = |name: &str| -> Option<Vec<String>> {
            match name {
                "title" => Some(vec!["使用许可（新申请）".into()]),
                "papers" => Some(vec!["申请表".into(), "身份证".into()]),
                "many" => Some((0..5).map(|n| n.to_string()).collect()),
                "none" => Some(Vec::new()),
                _ => None,
            }
        };
        let cases: [(&str, Option<&str>); 9] = [
            ("{title}怎么办", Some("使用许可（新申请）怎么办")),
            ("{title|plain}怎么办", Some("使用许可新申请怎么办")),
            ("{title|bare}", Some("使用许可")),
            ("{papers.count}样：{papers}", Some("2样：申请表、身份证")),
            ("带{papers.few}", Some("带申请表、身份证")),
            ("带{many.few}", None),
            ("{none.count}样", None),
            ("{none}", None),
            ("没有{other}", None),
        ];
        for (text, expected) in cases {
            let filled = Template::read(text).ok().and_then(|t| t.fill(&look));
            assert_eq!(filled.as_deref(), expected, "{text}");
        }
        for bad in ["{title", "title}", "{}", "{title|loud}"] {
            assert!(Template::read(bad).is_err(), "{bad}");
        }
    }
}
