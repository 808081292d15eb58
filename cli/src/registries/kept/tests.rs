use inkan_core::Timestamp;
use inkan_ledger::{Kind, Leaf};
use serde_json::{Value, json};

use super::{read, sum, write};

const ORIGIN: &str = "log.example/one";
const NOTE: &str = "log.example/one\n2\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\u{2014} log.example/one AAAAAKq7zA==\n";

fn leaf(kind: Kind, body: &[u8]) -> Leaf {
    Leaf::new(kind, Timestamp::EPOCH, body.to_vec()).unwrap()
}

fn leaves() -> Vec<(u64, Leaf)> {
    vec![(3, leaf(Kind::Did, b"{\"a\":1}")), (9, leaf(Kind::Trust, b"{\"b\":2}"))]
}

#[test]
fn what_is_kept_is_read_again() {
    let text = write(ORIGIN, NOTE, &leaves());
    let (note, found) = read(text.as_bytes(), ORIGIN).unwrap();
    assert_eq!(note.to_string(), NOTE);
    let bytes = |list: &[(u64, Leaf)]| {
        list.iter().map(|(index, leaf)| (*index, leaf.to_bytes())).collect::<Vec<_>>()
    };
    assert_eq!(bytes(&found), bytes(&leaves()));
    assert!(read(write(ORIGIN, NOTE, &[]).as_bytes(), ORIGIN).is_some());
}

#[test]
fn a_file_that_is_not_whole_or_of_another_log_counts_for_nothing() {
    let text = write(ORIGIN, NOTE, &leaves());
    assert!(read(text.as_bytes(), "log.example/two").is_none());
    assert!(read(b"", ORIGIN).is_none() && read(&text.as_bytes()[1..], ORIGIN).is_none());
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(&text).unwrap();
        change(&mut value);
        read(value.to_string().as_bytes(), ORIGIN)
    };
    assert!(changed(&|_| {}).is_some());
    // A statement fewer would bring somebody back whom an authority revoked.
    assert!(changed(&|file| drop(file["leaves"].as_array_mut().unwrap().pop())).is_none());
    assert!(changed(&|file| file["leaves"][0][0] = json!(4)).is_none());
    assert!(changed(&|file| file["type"] = json!("inkan-stated/2")).is_none());
    assert!(changed(&|file| file["head"] = json!(NOTE.replace("\n2\n", "\n1\n"))).is_none());
    for member in ["type", "origin", "head", "leaves", "sha256"] {
        assert!(changed(&|file| drop(file.as_object_mut().unwrap().remove(member))).is_none());
    }
    let mut turned = leaves();
    turned.reverse();
    assert!(read(write(ORIGIN, NOTE, &turned).as_bytes(), ORIGIN).is_none(), "not in order");
    let other = [(3, leaf(Kind::Issuance, b"{}"))];
    assert!(
        read(write(ORIGIN, NOTE, &other).as_bytes(), ORIGIN).is_none(),
        "no statement of trust"
    );
    assert_ne!(sum(ORIGIN, NOTE, &leaves()), sum(ORIGIN, NOTE, &turned));
}
