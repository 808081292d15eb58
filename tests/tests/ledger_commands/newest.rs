//! `inkan ledger prove --current` and its like, and `check` of what it writes and of COSE Receipts.

use inkan_tests::shell::{Said, Shell};
use serde_json::Value;

/// An id that nobody used.
const ID: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[test]
fn the_newest_is_proved_and_checked_and_so_is_that_there_is_none() {
    let shell = Shell::new();
    let (city, _) = shell.cast();
    let node = shell.start(&["ledger", "start", "--data", "ledger", "--listen", "127.0.0.1:0"]);
    for place in ["ledger", node.ready("url")] {
        let desk = |line: &[&str]| -> Said {
            shell.inkan(&[&["-p", "desk", "--ledger", place], line].concat())
        };
        let prove = ["ledger", "prove", "--out", "newest.json", "--force", "--json"];
        let proved = desk(&[&prove[..], &["--current", &city]].concat());
        assert_eq!(proved.exit, 0, "{proved:?}");
        let value = proved.json();
        assert_eq!(
            (&value["kind"], &value["newest"]["seq"]),
            (&"did".into(), &1.into()),
            "{value}"
        );
        let check = ["ledger", "check", "newest.json", "--json"];
        let checked = desk(&check);
        assert_eq!(checked.exit, 0, "{checked:?}");
        assert_eq!(checked.json()["file"], "current");
        // Of somebody else it proves nothing.
        let other = desk(&[&check[..], &["--once", "coupon", ID]].concat());
        assert_eq!(other.exit, 18, "{other:?}");

        // That there is nothing says not of what.
        let none = desk(&[&prove[..], &["--once", "coupon", ID]].concat());
        assert_eq!((none.exit, &none.json()["newest"]), (0, &Value::Null), "{none:?}");
        assert_eq!(desk(&check).exit, 2);
        let absent = desk(&[&check[..], &["--once", "coupon", ID]].concat());
        assert_eq!((absent.exit, &absent.json()["newest"]), (0, &Value::Null), "{absent:?}");
        assert_eq!(desk(&[&check[..], &["--current", &city]].concat()).exit, 18);
        for wrong in [
            &["--current", "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"][..],
            &["--once", "coupon", "short"],
            &["--current", &city, "1"],
            &["--current", &city, "--as", "svg"],
            &[],
        ] {
            let said = desk(&[&["ledger", "prove"], wrong].concat());
            assert_eq!(said.exit, 2, "{wrong:?}: {said:?}");
        }
        let act = desk(&["ledger", "prove", "--act", &city, ID, "--json"]);
        assert_eq!((act.exit, &act.json()["newest"]), (0, &Value::Null), "{act:?}");
        let list = ["ledger", "prove", "--status", &city, "https://x.example/1", "--json"];
        let list = desk(&list);
        assert_eq!((list.exit, &list.json()["newest"]), (0, &Value::Null), "{list:?}");
    }

    // A COSE Receipt has no quorum: its place rests on the head of that tree, which the ledger shows.
    let desk = |line: &[&str]| {
        shell.inkan(&[&["-p", "desk", "--ledger", node.ready("url")], line].concat())
    };
    let cose = desk(&["ledger", "prove", "1", "--as", "cose", "--out", "p.cose"]);
    assert_eq!(cose.exit, 0, "{cose:?}");
    let checked = desk(&["ledger", "check", "p.cose"]);
    assert!(checked.exit == 0 && checked.out.contains("key that the node names"), "{checked:?}");
    let folder = shell.inkan(&["-p", "desk", "ledger", "check", "p.cose"]);
    assert!(folder.exit == 0 && folder.out.contains("was not checked"), "{folder:?}");
    let mut bytes = std::fs::read(shell.home().join("p.cose")).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    shell.write("forged.cose", &bytes);
    assert_eq!(desk(&["ledger", "check", "forged.cose"]).exit, 18);
    shell.write("leaf", b"another entry");
    assert_eq!(desk(&["ledger", "check", "p.cose", "--leaf", "leaf"]).exit, 18);
}
