//! How a long fetch shows that it lives.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// What is shown on stderr.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Progress {
    /// Bars when stderr is a terminal, else plain lines.
    #[default]
    Auto,
    /// One line when a step begins and one when it ends.
    Plain,
    Silent,
}

impl Progress {
    /// Begins a step of `total` bytes; 0 when that is not known.
    pub(super) fn begin(self, label: String, total: u64) -> Step {
        match self {
            Progress::Silent => Step { label, shown: Shown::Nothing },
            Progress::Auto if std::io::stderr().is_terminal() => {
                let bar =
                    if total == 0 { ProgressBar::new_spinner() } else { ProgressBar::new(total) };
                let template = if total == 0 {
                    "  {spinner} {msg} {elapsed}"
                } else {
                    "  {msg:40!} {bar:28} {bytes:>10} of {total_bytes:<10} {eta}"
                };
                if let Ok(style) = ProgressStyle::with_template(template) {
                    bar.set_style(style);
                }
                bar.set_message(label.clone());
                bar.enable_steady_tick(Duration::from_millis(200));
                Step { label, shown: Shown::Bar(bar) }
            }
            Progress::Auto | Progress::Plain => {
                if total == 0 {
                    eprintln!("  {label} ...");
                } else {
                    eprintln!("  {label}, {} ...", megabytes(total));
                }
                Step { label, shown: Shown::Lines }
            }
        }
    }

    pub(super) fn say(self, line: &str) {
        if self != Progress::Silent {
            eprintln!("{line}");
        }
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

enum Shown {
    Nothing,
    Lines,
    Bar(ProgressBar),
}

/// One step of the work; ends when [`Step::end`] is called or it is dropped.
pub(super) struct Step {
    label: String,
    shown: Shown,
}

impl Step {
    pub fn at(&self, bytes: u64) {
        if let Shown::Bar(bar) = &self.shown {
            bar.set_position(bytes.min(bar.length().unwrap_or(bytes)));
        }
    }

    pub fn end(self, how: &str) {
        match &self.shown {
            Shown::Nothing => {}
            Shown::Lines => eprintln!("  {}: {how}", self.label),
            Shown::Bar(bar) => {
                bar.finish_and_clear();
                eprintln!("  {}: {how}", self.label);
            }
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}
