//! Plots of rates as SVG: no script, no foreign content, colours from a style sheet so that they follow light and dark.
//! On a page the page's own sheet dresses them (classes of [`STYLE`]); as a file they bring it along.
//!
//! Nothing is told by colour alone: series differ by dashes and marks, and every figure stands in words in a `title`.

use std::fmt::Write;

use super::open311::escaped;
use super::rate::{Interval, Rate};

/// Of the drawing, in its own units: about pixels.
const WIDTH: f64 = 760.0;
/// Left of a bar's beginning: the names.
const NAMES: f64 = 190.0;
/// Right of the full share: the figures.
const FIGURES: f64 = 150.0;
const ROW: f64 = 30.0;
const TOP: f64 = 26.0;
/// Characters of a name; the whole of it stands in the bar's title.
const NAME_CHARS: usize = 13;
/// Of the lines' field.
const LEFT: f64 = 46.0;
const RIGHT: f64 = 12.0;
const HEIGHT: f64 = 300.0;
const BOTTOM: f64 = 30.0;
const LEGEND: f64 = 34.0;
/// Names along the time that do not run into each other.
const NAMED_MAX: usize = 8;

/// For a plot that stands alone as a file; pages say the same with their own colours.
const STYLE: &str = ".plot{background:#fff;font:14px/1.4 system-ui,'Noto Sans CJK SC',sans-serif}\
    .plot text{fill:#1d2724}.plot .soft{fill:#5b6763;font-size:12px}.plot .grid{stroke:#dbe0dc}\
    .plot .bar{fill:#8fbdb8}.plot .whisker{stroke:#1d2724;stroke-width:2;fill:none}\
    .plot .s0{stroke:#1f6a64;fill:#1f6a64}.plot .s1{stroke:#8a5a00;fill:#8a5a00}.plot .s2{stroke:#4a55a2;fill:#4a55a2}\
    .plot .s3{stroke:#a83232;fill:#a83232}.plot .course{fill:none;stroke-width:2}.plot .band{stroke:none;fill-opacity:.14}\
    @media (prefers-color-scheme:dark){.plot{background:#1e2524}.plot text{fill:#e4eae7}.plot .soft{fill:#9eaaa6}\
    .plot .grid{stroke:#34403d}.plot .bar{fill:#3f6b66}.plot .whisker{stroke:#e4eae7}\
    .plot .s0{stroke:#6fbfb5;fill:#6fbfb5}.plot .s1{stroke:#e3b661;fill:#e3b661}.plot .s2{stroke:#a9b2ee;fill:#a9b2ee}\
    .plot .s3{stroke:#ef9a93;fill:#ef9a93}}";
/// How the courses of series differ.
const DASHES: [&str; 4] = ["none", "7 4", "2 3", "9 3 2 3"];

/// What a plot is called and what it shows, for those who see it and those who do not.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Of the page, once: letters, digits and hyphens.
    pub id: &'a str,
    pub title: &'a str,
    pub desc: &'a str,
    /// The plot stands alone and brings its style along.
    pub file: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Bar {
    pub name: String,
    pub rate: Rate,
}

/// A rate over time: one point for every name along the time. Where nobody answered the line has a gap.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    pub name: String,
    pub points: Vec<Rate>,
}

/// `87.5%`.
fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// `满意率 87.5%（35/40），95% 区间 73.9%–94.5%，未答 10`.
fn told(name: &str, rate: Rate) -> String {
    let (Some(share), Some(Interval { low, high })) = (rate.share(), rate.interval()) else {
        return format!("{name}：无数据，未答 {}", rate.unanswered());
    };
    let (hits, answered) = (rate.hits(), rate.answered());
    format!(
        "{name}：{}（{hits}/{answered}），95% 区间 {}–{}，未答 {}",
        percent(share),
        percent(low),
        percent(high),
        rate.unanswered()
    )
}

fn begin(head: Head<'_>, height: f64) -> String {
    let Head { id, title, desc, file } = head;
    let style = if file { format!("<style>{STYLE}</style>") } else { String::new() };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" viewBox=\"0 0 {WIDTH} {height}\" \
         role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">{style}\
         <title id=\"{id}-title\">{}</title><desc id=\"{id}-desc\">{}</desc>",
        escaped(title),
        escaped(desc)
    )
}

fn short(name: &str) -> String {
    if name.chars().count() <= NAME_CHARS {
        return name.to_owned();
    }
    let kept: String = name.chars().take(NAME_CHARS - 1).collect();
    kept + "…"
}

/// One bar for every group, with its interval as a line across its end, its figures beside it.
pub fn bars(head: Head<'_>, bars: &[Bar]) -> String {
    let full = WIDTH - NAMES - FIGURES;
    let height = TOP + ROW * bars.len() as f64 + 6.0;
    let mut out = begin(head, height);
    for step in 0..=4u32 {
        let x = NAMES + full * f64::from(step) / 4.0;
        let _ = write!(
            out,
            "<line class=\"grid\" x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{height}\"/>\
             <text class=\"soft\" x=\"{x:.1}\" y=\"16\" text-anchor=\"middle\">{}%</text>",
            step * 25
        );
    }
    for (n, Bar { name, rate }) in bars.iter().enumerate() {
        let y = TOP + ROW * n as f64;
        let line = y + ROW * 0.65;
        let _ = write!(
            out,
            "<g><title>{}</title><text x=\"{:.1}\" y=\"{line:.1}\" text-anchor=\"end\">{}</text>",
            escaped(&told(name, *rate)),
            NAMES - 8.0,
            escaped(&short(name))
        );
        let figures = NAMES + full + 10.0;
        match (rate.share(), rate.interval()) {
            (Some(share), Some(interval)) => {
                let (low, high) = (NAMES + full * interval.low, NAMES + full * interval.high);
                let middle = y + ROW / 2.0;
                let _ = write!(
                    out,
                    "<rect class=\"bar\" x=\"{NAMES}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>\
                     <path class=\"whisker\" d=\"M{low:.1} {:.1}v8M{low:.1} {middle:.1}H{high:.1}M{high:.1} {:.1}v8\"/>\
                     <text x=\"{figures:.1}\" y=\"{line:.1}\">{} <tspan class=\"soft\">{}/{}</tspan></text>",
                    y + 4.0,
                    full * share,
                    ROW - 8.0,
                    middle - 4.0,
                    middle - 4.0,
                    percent(share),
                    rate.hits(),
                    rate.answered()
                );
            }
            _ => {
                let _ =
                    write!(out, "<text class=\"soft\" x=\"{figures:.1}\" y=\"{line:.1}\">—</text>");
            }
        }
        out.push_str("</g>");
    }
    out.push_str("</svg>");
    out
}

/// Where the points of lines lie.
struct Field {
    points: usize,
}

impl Field {
    fn x(&self, n: usize) -> f64 {
        let width = WIDTH - LEFT - RIGHT;
        match self.points {
            0 | 1 => LEFT + width / 2.0,
            points => LEFT + width * n as f64 / (points - 1) as f64,
        }
    }

    fn y(share: f64) -> f64 {
        let height = HEIGHT - LEGEND - BOTTOM;
        LEGEND + height * (1.0 - share)
    }
}

/// Lines over time, each with the band of its interval. `names` stand along the time, one for each point; of the lines
/// the first four are drawn.
pub fn lines(head: Head<'_>, names: &[String], lines: &[Line]) -> String {
    let field = Field { points: names.len() };
    let mut out = begin(head, HEIGHT);
    for step in 0..=4u32 {
        let y = Field::y(f64::from(step) / 4.0);
        let _ = write!(
            out,
            "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"soft\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}%</text>",
            WIDTH - RIGHT,
            LEFT - 6.0,
            y + 4.0,
            step * 25
        );
    }
    let every = names.len().div_ceil(NAMED_MAX).max(1);
    for (n, name) in names.iter().enumerate().step_by(every) {
        let anchor = match n {
            0 if names.len() > 1 => "start",
            n if n + 1 == names.len() && names.len() > 1 => "end",
            _ => "middle",
        };
        let _ = write!(
            out,
            "<text class=\"soft\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
            field.x(n),
            HEIGHT - 10.0,
            escaped(name)
        );
    }
    for (n, (line, dashes)) in lines.iter().zip(DASHES).enumerate() {
        course(&mut out, &field, n, line, dashes, names);
    }
    out.push_str("</svg>");
    out
}

fn course(out: &mut String, field: &Field, n: usize, line: &Line, dashes: &str, names: &[String]) {
    let at = LEFT + 10.0 + 170.0 * n as f64;
    let _ = write!(
        out,
        "<g><path class=\"course s{n}\" stroke-dasharray=\"{dashes}\" d=\"M{at:.1} 14h26\"/>{}\
         <text x=\"{:.1}\" y=\"19\">{}</text>",
        mark(n, at + 13.0, 14.0),
        at + 34.0,
        escaped(&short(&line.name))
    );
    let known = |(x, rate): (usize, &Rate)| Some((x, rate.share()?, rate.interval()?));
    let points: Vec<Option<(usize, f64, Interval)>> =
        line.points.iter().enumerate().take(field.points).map(known).collect();
    // A stretch without a gap is one course.
    for run in points.split(Option::is_none) {
        let run: Vec<&(usize, f64, Interval)> = run.iter().flatten().collect();
        if run.is_empty() {
            continue;
        }
        let along = |share: &dyn Fn(&(usize, f64, Interval)) -> f64, back: bool| {
            let point = |p: &&(usize, f64, Interval)| {
                format!("{:.1},{:.1}", field.x(p.0), Field::y(share(p)))
            };
            let mut points: Vec<String> = run.iter().map(point).collect();
            if back {
                points.reverse();
            }
            points.join(" ")
        };
        let _ = write!(
            out,
            "<polygon class=\"band s{n}\" points=\"{} {}\"/>\
             <polyline class=\"course s{n}\" stroke-dasharray=\"{dashes}\" points=\"{}\"/>",
            along(&|p| p.2.high, false),
            along(&|p| p.2.low, true),
            along(&|p| p.1, false)
        );
    }
    for (x, share, _) in points.iter().flatten() {
        let name = names.get(*x).map_or("", String::as_str);
        let rate = line.points.get(*x).copied().unwrap_or_default();
        let _ = write!(
            out,
            "<g>{}<title>{} {}</title></g>",
            mark(n, field.x(*x), Field::y(*share)),
            escaped(name),
            escaped(&told(&line.name, rate))
        );
    }
    out.push_str("</g>");
}

/// A mark of its own for every series.
fn mark(n: usize, x: f64, y: f64) -> String {
    match n {
        0 => format!("<circle class=\"s0\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>"),
        1 => format!("<path class=\"s1\" d=\"M{:.1} {:.1}h7v7h-7z\"/>", x - 3.5, y - 3.5),
        2 => format!("<path class=\"s2\" d=\"M{x:.1} {:.1}l4.5 8h-9z\"/>", y - 5.0),
        _ => {
            format!("<path class=\"s3\" d=\"M{x:.1} {:.1}l4.5 4.5l-4.5 4.5l-4.5 -4.5z\"/>", y - 4.5)
        }
    }
}
