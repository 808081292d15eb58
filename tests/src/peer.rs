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
    /// The packages its script imports.
    pub packages: Vec<String>,
    /// What is proved with it.
    pub proves: String,
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
    let package = folder().join("node_modules").join(&peer.name).join("package.json");
    if package.exists() && read_json(&package)["version"] == peer.version.as_str() {
        return Some(peer);
    }
    skipped(&format!("{} {}: {}", peer.name, peer.version, peer.install));
    None
}

impl Peer {
    /// Gives the peer's script one request, and returns its answer.
    ///
    /// # Panics
    ///
    /// If the script fails: a refusal is an answer, not a failure.
    #[must_use]
    pub fn ask(&self, request: &Value) -> Value {
        let script = folder().join(&self.folder).join("peer.mjs");
        let mut node = Command::new("node")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let mut stdin = node.stdin.take().expect("a pipe");
        stdin.write_all(request.to_string().as_bytes()).expect("the peer reads its request");
        drop(stdin);
        let output = node.wait_with_output().expect("the peer ends");
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
