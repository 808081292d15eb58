//! A node, or whoever stands before it, that does not do what it says: no command believes it, and what stands on the ledger is not
//! lost for that.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use inkan_core::encoding::decode_b64u;
use inkan_tests::shell::{Running, Shell, cheap_keystore};

/// What stands before the node does with entries of one kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    Honest,
    /// It says that it took them, and passes nothing on.
    Swallows(&'static str),
    /// It refuses them, as a rule of the log would.
    Refuses(&'static str),
}

/// Somebody between us and a node.
struct Between {
    url: String,
    way: Arc<Mutex<Way>>,
}

impl Between {
    fn start(node: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let way = Arc::new(Mutex::new(Way::Honest));
        let (node, shared) = (node.trim_start_matches("http://").to_owned(), Arc::clone(&way));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (node, way) = (node.clone(), Arc::clone(&shared));
                std::thread::spawn(move || pass_on(stream, &node, &way));
            }
        });
        Self { url, way }
    }

    fn goes(&self, way: Way) {
        *self.way.lock().unwrap() = way;
    }
}

/// One request; then the connection is closed.
fn pass_on(mut stream: TcpStream, node: &str, way: &Mutex<Way>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut head = String::new();
    while reader.read_line(&mut head).ok()? > 2 {}
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok()
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let way = *way.lock().unwrap();
    let is = |kind: &str| head.starts_with("POST /v1/entries") && is_of(&body, kind);
    let (status, said) = match way {
        Way::Swallows(kind) if is(kind) => {
            ("202 Accepted", r#"{"index":1,"standing":"new","promise":"x"}"#)
        }
        Way::Swallows(_) if head.starts_with("PUT /v1/status/list") => ("201 Created", "{}"),
        Way::Refuses(kind) if is(kind) => (
            "422 Unprocessable Content",
            r#"{"type":"/problems/backdating-limit","code":"backdating-limit","detail":"too long ago"}"#,
        ),
        Way::Honest | Way::Swallows(_) | Way::Refuses(_) => {
            let mut there = TcpStream::connect(node).ok()?;
            let (first, rest) = head.split_once("\r\n")?;
            write!(there, "{first}\r\nconnection: close\r\n{rest}").ok()?;
            there.write_all(&body).ok()?;
            std::io::copy(&mut there, &mut stream).ok()?;
            return Some(());
        }
    };
    let length = said.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{said}"
    )
    .ok()
}

/// Whether an entry is a JWS of this kind.
fn is_of(body: &[u8], kind: &str) -> bool {
    let text = String::from_utf8_lossy(body);
    let head = text.split('.').next().and_then(|head| decode_b64u(head).ok()).unwrap_or_default();
    String::from_utf8_lossy(&head).contains(&format!("inkan-{kind}+jwt"))
}

/// An issuer `city` and a verifier `desk` at a node, and whoever stands before it.
fn cast(shell: &Shell) -> (Running, Between, String) {
    shell.write("params.json", br#"{"compromiseBackdating": 3600}"#);
    let op = ["init", "op", "--ledger", "ledger", "--domain", "ledger.example"];
    shell.ok(&[&op[..], &["--params", "params.json"]].concat());
    let start = ["ledger", "start", "--data", "ledger", "--listen", "127.0.0.1:0"];
    let node = shell.start(&start);
    let between = Between::start(node.ready("url"));
    for (name, role) in [("city", "issuer"), ("desk", "verifier")] {
        let init = ["init", name, "--role", role, "--ledger", &between.url];
        shell.ok(&[&init[..], &["--log-policy", "ledger/policy"]].concat());
    }
    for (file, passphrase) in [("keystore.json", "pass"), ("next-keystore.json", "next")] {
        let passphrase = std::fs::read_to_string(shell.home().join(passphrase)).unwrap();
        let cheap = cheap_keystore(passphrase.trim_end());
        shell.write(&format!(".local/share/inkan/city/{file}"), &cheap);
    }
    let city = shell.ok(&["-p", "city", "did", "create", "--name", "city"]);
    (node, between, city)
}

#[test]
fn a_revocation_that_never_came_into_the_log_is_not_done_and_is_done_later() {
    let shell = Shell::new();
    let (_node, between, city) = cast(&shell);
    shell.write("claims.json", br#"{"city": "Lisbon"}"#);
    let issue = ["-p", "city", "issue", "Residence", "--from", "city", "--to", city.trim()];
    shell.ok(&[&issue[..], &["--claims", "claims.json", "--out", "c.json"]].concat());
    between.goes(Way::Swallows("status"));
    let revoke = ["-p", "city", "revoke", "c.json", "--reason", "left", "--yes", "--json"];
    let lied = shell.inkan(&revoke);
    assert_eq!(lied.exit, 18, "{lied:?}");
    assert!(lied.finds("acknowledgement-invalid"), "{lied:?}");
    let kept = lied.err.lines().find_map(|line| line.split("what shows it is kept: ").nth(1));
    let kept = std::fs::read_to_string(kept.expect("a file is named").trim()).unwrap();
    assert!(
        kept.contains("inkan-acknowledgement/1") && kept.contains("\"promise\": \"x\""),
        "{kept}"
    );
    // Not done, and no command says so.
    assert_eq!(shell.inkan(&revoke).exit, 18, "it is sent again, first");
    assert_eq!(shell.inkan(&["-p", "desk", "verify", "c.json"]).exit, 0);
    between.goes(Way::Honest);
    let done = shell.inkan(&revoke);
    assert_eq!(done.exit, 0, "{done:?}");
    assert!(done.err.contains("finished what was interrupted"), "{done:?}");
    assert_ne!(shell.inkan(&["-p", "desk", "verify", "c.json"]).exit, 0);
}

#[test]
fn a_report_that_the_log_refuses_is_refused_before_anything_is_sent_and_a_half_one_is_known() {
    let shell = Shell::new();
    let (_node, between, _) = cast(&shell);
    let key = shell.inkan(&["-p", "city", "did", "list", "--json"]);
    let key = key.json()["dids"][0]["keys"][0].as_str().map(str::to_owned);
    let key = key.unwrap_or_else(|| "city".to_owned());
    let ago = |seconds: i64| {
        use inkan_io::clock::Clock as _;
        inkan_io::clock::OsClock.now().plus_seconds(-seconds).to_string()
    };
    let report = |since: &str| {
        let line =
            ["-p", "city", "did", "report-compromise", "city", "--key", &key, "--since", since];
        shell.inkan(&[&line[..], &["--json"]].concat())
    };
    let entries =
        || shell.inkan(&["-p", "desk", "ledger", "status", "--json"]).json()["size"].clone();
    let before = entries();
    // Two days: the usual reach is thirty, that of this log an hour.
    let far = report(&ago(172_800));
    assert_eq!(far.exit, 9, "{far:?}");
    assert!(far.finds("backdating-limit") && far.out.contains("1 hour"), "{far:?}");
    assert_eq!(entries(), before, "nothing was sent");

    // The version is taken and the report is not: what is on the ledger is said, and the profile goes on from there.
    between.goes(Way::Refuses("trust"));
    let since = ago(60);
    let half = report(&since);
    assert_eq!(half.exit, 9, "{half:?}");
    assert!(
        half.out.contains("on the ledger, for good") && half.out.contains("1 trust"),
        "{half:?}"
    );
    between.goes(Way::Honest);
    assert_eq!(shell.inkan(&["-p", "city", "doctor"]).exit, 0);
    let whole = report(&since);
    assert_eq!(whole.exit, 0, "{whole:?}");
    assert_eq!(whole.json()["replaced"], false, "the key was replaced before");
    shell.ok(&["-p", "city", "key", "generate", "again"]);
    shell.ok(&["-p", "city", "did", "rotate", "city", "--key", "again"]);
}
