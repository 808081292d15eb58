//! The peers of `tests/interop`: which there are, whether they are installed, and asking one a question.
//!
//! In scope: one JSON request to a peer's script, one JSON answer from it. Out of scope: what is asked.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::Value;

use crate::{read_json, read_text, skipped, workspace_root};

/// One row of `peers.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Its name in its registry.
    pub name: String,
    /// The exact version that the tests speak with.
    pub version: String,
    /// The command that installs it.
    pub install: String,
    /// The folder under `tests/interop` with the script that drives it.
    pub folder: String,
    /// What runs the script.
    #[serde(default)]
    pub language: Language,
    /// The packages its script imports.
    pub packages: Vec<String>,
    /// What is proved with it.
    pub proves: String,
}

/// In which language a peer is written.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// JavaScript: `peer.mjs`, run by Node.
    #[default]
    Node,
    /// Python: `peer.py`, run in the environment of `target/python` if there is one.
    Python,
}

impl Language {
    /// The script in a peer's folder.
    #[must_use]
    pub const fn script(self) -> &'static str {
        match self {
            Self::Node => "peer.mjs",
            Self::Python => "peer.py",
        }
    }

    fn interpreter(self) -> PathBuf {
        let environment = workspace_root().join("target/python/bin/python3");
        match self {
            Self::Node => "node".into(),
            Self::Python if environment.exists() => environment,
            Self::Python => "python3".into(),
        }
    }
}

/// The folder of peers, scripts and lock files.
#[must_use]
pub fn folder() -> PathBuf {
    workspace_root().join("tests/interop")
}

/// All rows of `peers.toml`.
///
/// # Panics
///
/// If the table cannot be read.
#[must_use]
pub fn all() -> Vec<Peer> {
    #[derive(Deserialize)]
    struct Table {
        peer: Vec<Peer>,
    }
    let text = read_text(&folder().join("peers.toml"));
    toml::from_str::<Table>(&text).expect("peers.toml is a table of peers").peer
}

/// The peer called `name`, if it is installed at the version of the table.
///
/// `None`, and a line on stderr, if not.
///
/// # Panics
///
/// In CI, where it must be installed; and if the table has no such peer.
#[must_use]
pub fn installed(name: &str) -> Option<Peer> {
    let peer = all().into_iter().find(|peer| peer.name == name).expect("a row of peers.toml");
    let found = match peer.language {
        Language::Node => node_version(&peer.name),
        Language::Python => python_version(&peer.name),
    };
    if found.as_deref() == Some(peer.version.as_str()) {
        return Some(peer);
    }
    skipped(&format!("{} {}: {}", peer.name, peer.version, peer.install));
    None
}

fn node_version(name: &str) -> Option<String> {
    let package = folder().join("node_modules").join(name).join("package.json");
    let version = package.exists().then(|| read_json(&package)["version"].clone())?;
    version.as_str().map(str::to_owned)
}

fn python_version(name: &str) -> Option<String> {
    let line = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))";
    let python = Language::Python.interpreter();
    let output =
        Command::new(python).args(["-c", line, name]).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

impl Peer {
    /// Gives the peer's script requests, and returns its answers in their order.
    ///
    /// # Panics
    ///
    /// As [`Self::ask`].
    #[must_use]
    pub fn ask_all(&self, requests: &[Value]) -> Vec<Value> {
        let answers = self.ask(&Value::from(requests.to_vec()));
        let answers = answers.as_array().cloned().expect("an answer to each request");
        assert_eq!(answers.len(), requests.len(), "{} left requests unanswered", self.name);
        answers
    }

    /// Gives the peer's script one request, and returns its answer.
    ///
    /// # Panics
    ///
    /// If the script fails: a refusal is an answer, not a failure.
    #[must_use]
    pub fn ask(&self, request: &Value) -> Value {
        let script = folder().join(&self.folder).join(self.language.script());
        let mut process = Command::new(self.language.interpreter())
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the interpreter starts");
        let mut stdin = process.stdin.take().expect("a pipe");
        stdin.write_all(request.to_string().as_bytes()).expect("the peer reads its request");
        drop(stdin);
        let output = process.wait_with_output().expect("the peer ends");
        assert!(output.status.success(), "{} failed on {request}", self.name);
        serde_json::from_slice(&output.stdout).expect("the peer answers with JSON")
    }
}

/// The `inkan` binary of the build that this test belongs to, built first if need be.
///
/// # Panics
///
/// If it does not build.
#[must_use]
pub fn inkan() -> PathBuf {
    use std::sync::OnceLock;
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let test = std::env::current_exe().expect("a test has a path");
        let profile = test.ancestors().nth(2).expect("target/debug/deps/test");
        let target = profile.parent().expect("target/debug");
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--bin", "inkan", "--target-dir"])
            .arg(target)
            .current_dir(workspace_root())
            .stdin(Stdio::null())
            .status()
            .expect("cargo starts");
        assert!(status.success(), "inkan does not build");
        binary(target)
    };
    BUILT.get_or_init(build).clone()
}

fn binary(target: &Path) -> PathBuf {
    target.join("debug").join(format!("inkan{}", std::env::consts::EXE_SUFFIX))
}
