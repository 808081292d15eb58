//! Operator tokens: each goes to the node that it is for, and to nobody else.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::common::{Home, Node};

const OF_A: &str = "a-token-of-the-operator-of-ledger-a";
const OF_B: &str = "b-token-of-the-operator-of-ledger-b";

/// Somebody on the way to a node, who writes down what it is sent.
struct Overheard {
    url: String,
    sent: Arc<Mutex<Vec<u8>>>,
}

impl Overheard {
    fn before(node: &Node) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sent, address) = (Arc::new(Mutex::new(Vec::new())), node.address.clone());
        let heard = Arc::clone(&sent);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, heard) = (client.unwrap(), Arc::clone(&heard));
                let Ok(node) = TcpStream::connect(&address) else { return };
                let (from, to) = (node.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || pass(from, to, |_| {}));
                std::thread::spawn(move || {
                    pass(client, node, |bytes| heard.lock().unwrap().extend_from_slice(bytes));
                });
            }
        });
        Self { url, sent }
    }

    /// Which of the two tokens it was sent since it was asked last.
    fn heard(&self) -> Vec<&'static str> {
        let sent = std::mem::take(&mut *self.sent.lock().unwrap());
        let text = String::from_utf8_lossy(&sent).into_owned();
        [OF_A, OF_B].into_iter().filter(|token| text.contains(token)).collect()
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, hear: impl Fn(&[u8])) {
    let mut buffer = [0; 16_384];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        hear(&buffer[..count]);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

fn secret(home: &Home, name: &str, content: &str) {
    home.write(name, content);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(home.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[test]
fn a_token_goes_to_the_ledger_that_is_written_and_to_no_other() {
    let home = Home::new();
    let mut nodes = Vec::new();
    for (name, token) in [("a", OF_A), ("b", OF_B)] {
        secret(&home, name, token);
        let (folder, domain) = (format!("data-{name}"), format!("{name}.example"));
        let operator = format!("operator-{name}");
        home.run(&["init", &operator, "--ledger", &folder, "--domain", &domain]).must(0);
        let start = ["ledger", "start", "--data", &folder, "--listen", "127.0.0.1:0"];
        let node = Node::start(&home, &[&start[..], &["--tokens", name]].concat());
        nodes.push((Overheard::before(&node), node));
    }
    let [(a, _), (b, _)] = &nodes[..] else { panic!() };
    let me = |arguments: &[&str]| home.run(&[&["-p", "me"], arguments].concat());
    // A token that nobody is sent is refused, before anything is made.
    home.run(&["init", "me", "--ledger-token-file", "a"]).must(2);
    home.run(&["init", "me", "--ledger", &a.url]).must(0);
    home.cheap("me");
    me(&["did", "create", "--name", "me", "--ledger-token-file", "a"]).must(0);
    assert_eq!((a.heard(), b.heard()), (vec![OF_A], vec![]));
    me(&["ledger", "pin", &b.url, "--yes"]).must(0);
    std::thread::sleep(std::time::Duration::from_millis(1_100));

    let to_b = ["did", "move", "me", "--to", &b.url, "--yes", "--ledger-token-file", "a"];
    me(&["did", "move", "me", "--to", "data-b", "--to-token-file", "b", "--yes"]).must(2);
    // One token between two nodes: whose it is, nobody can tell.
    let loose = me(&to_b).must(2);
    assert!(loose.stderr.contains("--to-token-file"), "{}", loose.stderr);
    assert_eq!((a.heard(), b.heard()), (vec![], vec![]));
    me(&[&to_b[..], &["--to-token-file", "b"]].concat()).must(0);
    assert_eq!((a.heard(), b.heard()), (vec![OF_A], vec![OF_B]), "each its own");

    // It lives in the other one now: what is given for what it writes goes there.
    home.write("patch.json", r#"{"description":"moved"}"#);
    let update = ["did", "update", "me", "--patch", "patch.json"];
    me(&[&update[..], &["--ledger-token-file", "b"]].concat()).must(0);
    assert_eq!((a.heard(), b.heard()), (vec![], vec![OF_B]));
    home.write("patch.json", r#"{"description":"and named"}"#);
    me(&[&["--ledger", &b.url], &update[..], &["--ledger-token-file", "b"]].concat()).must(0);
    assert_eq!((a.heard(), b.heard()), (vec![], vec![OF_B]));
    // Nobody knows whom this is for: said, and not sent.
    let lost = me(&["ledger", "status", "--ledger-token-file", "b"]).must(0);
    assert!(lost.stderr.contains("went to no ledger"), "{}", lost.stderr);
    assert_eq!((a.heard(), b.heard()), (vec![], vec![]));
}
