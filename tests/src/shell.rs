//! A person at a terminal: a fresh home folder, two passphrase files, and the `inkan` binary.
//!
//! In scope: running one command and looking at what came out. Out of scope: what must come out.

use std::io::{BufRead as _, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use inkan_core::SecretBytes;
use inkan_crypto::keystore::Keystore;

use crate::made::fresh_rng;
use crate::peer;

/// An empty keystore that costs next to nothing to open: a file keeps its price, and hundreds of commands open one. That a new
/// one costs what it should is tested where keystores are made.
///
/// # Panics
///
/// If it cannot be sealed.
#[must_use]
pub fn cheap_keystore(passphrase: &str) -> Vec<u8> {
    let passphrase = SecretBytes::new(passphrase.as_bytes().to_vec());
    Keystore::insecure_fast().seal(&passphrase, &mut fresh_rng()).expect("a keystore")
}

/// A fresh home folder.
#[derive(Debug)]
pub struct Shell {
    home: TempDir,
    binary: PathBuf,
}

/// What one command printed, and its exit status.
#[derive(Clone, Debug)]
pub struct Said {
    /// Exit status; −1 if a signal ended it.
    pub exit: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// A command that goes on; it is ended when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    ready: Value,
    /// Open as long as the command runs, so that it never writes into nothing.
    _out: BufReader<ChildStdout>,
}

impl Running {
    /// A member of the line that said it was ready.
    ///
    /// # Panics
    ///
    /// If it is not there.
    #[must_use]
    pub fn ready(&self, member: &str) -> &str {
        self.ready[member].as_str().unwrap_or_else(|| panic!("no {member}: {}", self.ready))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already cannot be ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Said {
    /// Standard output as JSON.
    ///
    /// # Panics
    ///
    /// If it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// Whether a finding with this code is in the JSON on standard output.
    #[must_use]
    pub fn finds(&self, code: &str) -> bool {
        self.out.contains(&format!("\"code\":\"{code}\""))
    }
}

impl Default for Shell {
    fn default() -> Self {
        Self::new()
    }
}

impl Shell {
    /// Makes the home folder, with `pass` and `next` in it.
    ///
    /// # Panics
    ///
    /// If the system refuses.
    #[must_use]
    pub fn new() -> Self {
        let shell =
            Self { home: tempfile::tempdir().expect("a scratch folder"), binary: peer::inkan() };
        shell.write("pass", b"a passphrase of seven words or so");
        shell.write("next", b"another passphrase, for the next key");
        shell
    }

    /// The home folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Writes a file in the home folder, and gives its path.
    ///
    /// # Panics
    ///
    /// If the system refuses.
    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.home().join(name);
        inkan_io::files::write_atomic(&path, bytes, inkan_io::files::Access::Private)
            .expect("the scratch folder can be written");
        path
    }

    /// Runs `inkan` with these arguments, and nothing on standard input.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn inkan(&self, arguments: &[&str]) -> Said {
        self.inkan_reading(arguments, b"")
    }

    /// Runs `inkan` with these arguments and this on standard input.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn inkan_reading(&self, arguments: &[&str], input: &[u8]) -> Said {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("inkan starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = input.to_vec();
        // A command that refuses early closes its end: that is no failure of the test.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let Output { status, stdout, stderr } = child.wait_with_output().expect("inkan ends");
        writer.join().expect("the writer ends");
        Said {
            exit: status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&stdout).into_owned(),
            err: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }

    /// A command that was not started, with nothing around it but this home.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .current_dir(self.home())
            .env_clear()
            .env("HOME", self.home())
            .env("INKAN_PASSPHRASE_FILE", self.home().join("pass"))
            .env("INKAN_NEXT_PASSPHRASE_FILE", self.home().join("next"));
        command
    }

    /// Runs a command until a line on standard error contains `word`, then kills it; gives that line, and how long it took.
    ///
    /// # Panics
    ///
    /// If it ends before.
    pub fn inkan_until(&self, arguments: &[&str], word: &str) -> (String, Duration) {
        let begun = Instant::now();
        let mut child = self
            .command(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("inkan starts");
        let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let mut lines = lines.map_while(Result::ok);
        let found = lines.find(|line| line.contains(word));
        let waited = begun.elapsed();
        // What it wrote after the line has a moment to be there.
        std::thread::sleep(Duration::from_millis(300));
        child.kill().expect("it still runs");
        child.wait().expect("it ends");
        (found.unwrap_or_else(|| panic!("inkan {arguments:?} never said {word:?}")), waited)
    }

    /// Runs a command until a line on standard error contains `word`, then sends it this signal (as `kill` names it); gives its exit
    /// status, none if the signal killed it, and all that it said on standard error.
    ///
    /// # Panics
    ///
    /// If it ends before.
    pub fn inkan_ended_by(
        &self,
        signal: &str,
        arguments: &[&str],
        word: &str,
    ) -> (Option<i32>, String) {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("inkan starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let mut said = String::new();
        let found = lines.by_ref().map_while(Result::ok).any(|line| {
            said.push_str(&line);
            said.push('\n');
            line.contains(word)
        });
        assert!(found, "inkan {arguments:?} never said {word:?}: {said}");
        let pid = child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().expect("kill").success());
        lines.map_while(Result::ok).for_each(|line| {
            said.push_str(&line);
            said.push('\n');
        });
        (child.wait().expect("it ends").code(), said)
    }

    /// Starts a command that goes on until this is dropped; waits for its first line, which is JSON and says that it is ready.
    ///
    /// # Panics
    ///
    /// If it ends, or says something else.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut child = Command::new(&self.binary)
            .args(arguments)
            .arg("--json")
            .current_dir(self.home())
            .env_clear()
            .env("HOME", self.home())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("inkan starts");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        out.read_line(&mut line).expect("its first line");
        let ready = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("inkan {arguments:?} is not ready: {line:?}"));
        Running { child, ready, _out: out }
    }

    /// Runs a command that must succeed, and gives its standard output without the last line end.
    ///
    /// # Panics
    ///
    /// If it does not succeed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let said = self.inkan(arguments);
        assert_eq!(said.exit, 0, "inkan {arguments:?}: {said:?}");
        said.out.trim_end().to_owned()
    }

    /// Makes issuer `city`, holder `me` and verifier `desk` on one new ledger; gives the two DIDs.
    pub fn cast(&self) -> (String, String) {
        for (name, role) in [("city", "issuer"), ("me", "holder"), ("desk", "verifier")] {
            self.ok(&[
                "init",
                name,
                "--role",
                role,
                "--ledger",
                "ledger",
                "--domain",
                "ledger.example",
            ]);
            if role == "verifier" {
                continue;
            }
            for (file, passphrase) in [("keystore.json", "pass"), ("next-keystore.json", "next")] {
                let passphrase = std::fs::read_to_string(self.home().join(passphrase));
                let cheap = cheap_keystore(passphrase.expect("a passphrase").trim_end());
                self.write(&format!(".local/share/inkan/{name}/{file}"), &cheap);
            }
        }
        let city = self.ok(&["-p", "city", "did", "create", "--name", "city"]);
        let me = self.ok(&["-p", "me", "did", "create", "--name", "me"]);
        (city, me)
    }
}
