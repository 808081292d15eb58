//! A timestamp authority (RFC 3161) made of the `openssl` command, with certificates of its own: another implementation than
//! the one that is tested.
//!
//! In scope: its keys, and answering requests over HTTP on this machine. Out of scope: what its stamps are worth.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use inkan_core::sha256;
use inkan_ledger::VerifierKey;
use inkan_ledger::note::KeyMaterial;
use tempfile::TempDir;

/// Extensions of the certificate that signs stamps.
const EXTENSIONS: &str = "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\n\
                          extendedKeyUsage=critical,timeStamping\n";
/// What `openssl ts` is told.
const SETTINGS: &str = "[tsa]\ndefault_tsa=t\n[t]\nserial=serial\nsigner_digest=sha256\n\
                        default_policy=1.2.3.4.1\ndigests=sha256\naccuracy=secs:1\nordering=no\n\
                        tsa_name=no\ness_cert_id_chain=no\ness_cert_id_alg=sha256\n";
/// What `openssl req` is told, so that nothing depends on the settings of the machine.
const REQUEST: &str = "[req]\ndistinguished_name=dn\nx509_extensions=ca\n[dn]\n[ca]\n\
                       basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n\
                       subjectKeyIdentifier=hash\n";
/// Makes a P-256 key without a passphrase.
const KEY: &str = "req -config req.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";

/// An authority that answers as long as the test runs.
#[derive(Debug)]
pub struct Authority {
    folder: TempDir,
    url: String,
}

impl Authority {
    /// Makes one; `None` where there is no `openssl` command of version 3 or later.
    ///
    /// # Panics
    ///
    /// If the command does not do what it does everywhere.
    #[must_use]
    pub fn start() -> Option<Self> {
        let version = Command::new("openssl").arg("version").output().ok()?;
        let version = String::from_utf8_lossy(&version.stdout).into_owned();
        let major = version.strip_prefix("OpenSSL ")?.split('.').next()?.parse::<u32>().ok()?;
        if major < 3 {
            return None;
        }
        let folder = tempfile::tempdir().expect("a scratch folder");
        make(folder.path());
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        let at = folder.path().to_path_buf();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Who asked gets no answer, and says so.
                let _ = answer(stream, &at);
            }
        });
        Some(Self { folder, url })
    }

    /// Where it takes requests.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The certificate that policies pin, in PEM.
    #[must_use]
    pub fn anchor(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// Its key in policies.
    ///
    /// # Panics
    ///
    /// If the certificate is not there.
    #[must_use]
    pub fn key(&self) -> VerifierKey {
        let root = std::fs::read(self.folder.path().join("root.der")).expect("the certificate");
        let digest = *sha256(&[&root]).as_bytes();
        VerifierKey::new("tsa.example", KeyMaterial::Tsa(digest)).expect("a key")
    }
}

/// A root, and a certificate for stamps below it.
fn make(at: &Path) {
    let files =
        [("tsa.ext", EXTENSIONS), ("tsa.cnf", SETTINGS), ("req.cnf", REQUEST), ("serial", "01\n")];
    for (name, text) in files {
        std::fs::write(at.join(name), text).expect("a file");
    }
    let line = |text: &str| openssl(at, &text.split_whitespace().collect::<Vec<_>>());
    line(&format!("{KEY} -x509 -days 3650 -subj /CN=Root -keyout root.key -out root.pem"));
    line(&format!("{KEY} -subj /CN=Authority -keyout tsa.key -out tsa.csr"));
    line(
        "x509 -req -in tsa.csr -CA root.pem -CAkey root.key -days 3650 -set_serial 2 \
         -extfile tsa.ext -out tsa.pem",
    );
    line("x509 -in root.pem -outform DER -out root.der");
}

/// Answers one request, whose body is DER.
fn answer(mut stream: TcpStream, at: &Path) -> std::io::Result<()> {
    let mut request = Vec::new();
    let body = loop {
        let mut piece = [0; 4_096];
        let length = stream.read(&mut piece)?;
        if length == 0 {
            return Ok(());
        }
        request.extend_from_slice(&piece[..length]);
        let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
        let expected = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let expected = expected.and_then(|length| length.parse().ok()).unwrap_or(0);
        if request.len() >= end + 4 + expected {
            break request.split_off(end + 4);
        }
    };
    std::fs::write(at.join("ask.tsq"), &body)?;
    let reply = "ts -reply -queryfile ask.tsq -signer tsa.pem -inkey tsa.key -config tsa.cnf \
                 -out answer.tsr";
    openssl(at, &reply.split_whitespace().collect::<Vec<_>>());
    let body = std::fs::read(at.join("answer.tsr"))?;
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/timestamp-reply\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)
}

fn openssl(at: &Path, arguments: &[&str]) {
    let done = Command::new("openssl").args(arguments).current_dir(at).output();
    let done = done.expect("the openssl command");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "openssl {arguments:?}: {said}");
}
