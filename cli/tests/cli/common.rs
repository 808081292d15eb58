//! A fresh home folder, and commands run in it as a person would run them.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use inkan_core::SecretBytes;
use inkan_crypto::keystore::Keystore;
use inkan_io::files::{self, Access};
use inkan_io::os_rng::OsRng;
use serde_json::Value;
use tempfile::TempDir;

/// The passphrase of the keys in use, in every test.
pub(crate) const PASSPHRASE: &str = "canary-passphrase-5f21";
/// The passphrase of the next keys.
pub(crate) const NEXT: &str = "canary-next-passphrase-88aa";

/// A home folder with two passphrase files.
pub(crate) struct Home {
    folder: TempDir,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Standard output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.stdout, self.stderr))
    }

    /// The same, after checking the exit status.
    pub(crate) fn must(self, status: i32) -> Self {
        assert_eq!(self.status, status, "\n{}\n{}", self.stdout, self.stderr);
        self
    }
}

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        home.write("pass", PASSPHRASE);
        home.write("next", NEXT);
        #[cfg(unix)]
        for name in ["pass", "next"] {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(home.path(name), mode).unwrap();
        }
        home
    }

    /// With the profiles `acme` (DID `acme`), `holder` (DID `me`) and `bank` on one ledger; gives both DIDs.
    pub(crate) fn with_parties() -> (Self, String, String) {
        let home = Self::new();
        for (name, role) in [("acme", "issuer"), ("holder", "holder"), ("bank", "verifier")] {
            home.run(&["init", name, "--role", role, "--ledger", "ledger"]).must(0);
            if role == "verifier" {
                continue;
            }
            home.cheap(name);
        }
        let did = |profile: &str, name: &str| {
            let ran = home.run(&["-p", profile, "did", "create", "--name", name]).must(0);
            ran.stdout.trim().to_owned()
        };
        let (issuer, holder) = (did("acme", "acme"), did("holder", "me"));
        (home, issuer, holder)
    }

    /// A keystore keeps its price, and hundreds of commands open one: those of this profile, still empty, are made cheap.
    pub(crate) fn cheap(&self, profile: &str) {
        for (file, passphrase) in [("keystore.json", PASSPHRASE), ("next-keystore.json", NEXT)] {
            let passphrase = SecretBytes::new(passphrase.as_bytes().to_vec());
            let cheap = Keystore::insecure_fast().seal(&passphrase, &mut OsRng).unwrap();
            let path = self.path(&format!(".local/share/inkan/{profile}/{file}"));
            files::write_atomic(&path, &cheap, Access::Private).unwrap();
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// A command that has not been started.
    pub(crate) fn command(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_inkan"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("INKAN_PASSPHRASE_FILE", self.path("pass"))
            .env("INKAN_NEXT_PASSPHRASE_FILE", self.path("next"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[impl AsRef<OsStr>]) -> Ran {
        finish(self.command(arguments))
    }

    /// Runs with something on standard input.
    pub(crate) fn pipe(&self, arguments: &[impl AsRef<OsStr>], input: &[u8]) -> Ran {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        // A program that refuses early does not read to the end.
        let _ = child.stdin.take().unwrap().write_all(input);
        ran(child.wait_with_output().unwrap())
    }

    /// Names and contents of all files under the home folder, but for locks, which note who held them last.
    pub(crate) fn snapshot(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut out = Vec::new();
        let mut open = vec![self.folder.path().to_path_buf()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else if !is_lock(&path) && !is_housekeeping(&path) {
                    let bytes = std::fs::read(&path).unwrap();
                    out.push((path, bytes));
                }
            }
        }
        out.sort();
        out
    }
}

/// Files that hold nothing but who has them.
fn is_lock(path: &Path) -> bool {
    path.ends_with("LOCK") || path.extension().is_some_and(|extension| extension == "lock")
}

/// Files that reading changes: which head was seen, and the pages of databases. What a ledger says is in its tiles, its
/// journal and its checkpoint, which are compared.
fn is_housekeeping(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".seen") || name.contains(".db") || name.ends_with(".redb")
}

pub(crate) fn finish(mut command: Command) -> Ran {
    ran(command.output().unwrap())
}

fn ran(output: std::process::Output) -> Ran {
    let ran = Ran {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    ran
}

/// A node of a ledger that ends with the test.
pub(crate) struct Node {
    child: Child,
    pub(crate) address: String,
    _stdout: BufReader<ChildStdout>,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Node {
    pub(crate) fn start(home: &Home, arguments: &[&str]) -> Self {
        let mut child = home.command(arguments).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.trim().rsplit_once("http://");
        let address = address.unwrap_or_else(|| panic!("no address: {line}")).1.to_owned();
        let address = address.split([' ', '/']).next().unwrap().to_owned();
        Self { child, address, _stdout: stdout }
    }
}
