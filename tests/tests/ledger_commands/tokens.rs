//! An operator token frees from a node's limits, is read from a closed file, and is remembered by the profile.

use std::sync::Arc;

use inkan_io::clock::{Clock as _, OsClock};
use inkan_io::ledger_folder::LedgerFolder;
use inkan_io::os_rng::OsRng;
use inkan_server::ledger_node::{self, Limits, NodeOptions, Rate};
use inkan_tests::made_node::node_options;
use inkan_tests::shell::Shell;

const TOKEN: &str = "a-token-of-the-operator-of-this-node";

#[test]
fn who_has_a_token_of_the_operator_is_free_of_the_limits_of_a_node() {
    let shell = Shell::new();
    let data = shell.home().join("data");
    drop(LedgerFolder::create(&data, "ledger.example", &mut OsRng, OsClock.now()).unwrap());
    let tokens = shell.write("tokens", format!("# ours\n{TOKEN}\n").as_bytes());
    let limits = Limits {
        // One request, and the next in an hour.
        client: Some(Rate { burst: 1, ..Rate::per_hour(1) }),
        signer: Some(Rate::per_hour(1)),
        ..node_options(&data).limits
    };
    let options = NodeOptions { limits, operator_tokens: Some(tokens), ..node_options(&data) };
    let node = ledger_node::spawn(options, Arc::new(OsClock)).unwrap();
    let url = node.url();

    let init = ["init", "city", "--ledger", &url, "--ledger-token-file"];
    shell.write("short", b"short\n");
    let short = shell.inkan(&[&init[..], &["short", "--json"]].concat());
    assert_eq!((short.exit, short.finds("ledger-token-malformed")), (8, true), "{short:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let open = shell.write("open", TOKEN.as_bytes());
        std::fs::set_permissions(open, std::fs::Permissions::from_mode(0o644)).unwrap();
        let open = shell.inkan(&[&init[..], &["open", "--json"]].concat());
        assert_eq!((open.exit, open.finds("ledger-token-exposed")), (4, true), "{open:?}");
    }
    shell.write("other", b"a-token-that-nobody-gave-to-anybody\n");
    let other = shell.inkan(&[&init[..], &["other", "--json"]].concat());
    assert!(other.exit != 0 && other.finds("operator-token-invalid"), "{other:?}");
    shell.ok(&[&init[..], &["tokens"]].concat());
    // It is remembered, wherever the next command is typed; and many entries go in one batch, whatever the limits of a client.
    let city = shell.ok(&["did", "create", "--name", "city"]);
    let rows: String = (0..30).map(|row| format!("{},{row}\n", city.trim())).collect();
    shell.write("rows.csv", format!("subject,number\n{rows}").as_bytes());
    let issue = ["issue", "Badge", "--from", "city", "--rows", "rows.csv", "--out", "badges"];
    shell.ok(&issue);
    assert!(std::fs::read_dir(shell.home().join("badges")).unwrap().count() > 30);
    let folder =
        shell.inkan(&["--ledger", "data", "--ledger-token-file", "tokens", "ledger", "status"]);
    assert_eq!(folder.exit, 2, "{folder:?}");
    node.shutdown().unwrap();
}
