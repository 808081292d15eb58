//! Policy files: what is a policy, and what is not.

use inkan_core::encoding::b64;
use inkan_ledger::VerifierKey;
use serde_json::{Value, json};

use super::Group;
use super::book::{Book, Named, START};

/// The file.
///
/// # Panics
///
/// Never.
#[must_use]
pub fn group() -> Group {
    let mut book = Book::new("ledger.example", 1);
    book.seal();
    let note = book.cosigned(1, &[10, 20, 30]);
    let defaults = json!({
        "check": "receipt", "receipt": book.sidecar(0, &note), "now": START + 100,
    });
    let mut group =
        Group::new("policies", "Policy files (C2SP tlog-policy) in good and bad form.", defaults);
    good(&mut group, &book);
    bad(&mut group, &book);
    group
}

fn policy(text: &str) -> Value {
    json!({ "policy": text })
}

fn good(group: &mut Group, book: &Book) {
    let base = book.two_of_three();
    let shown = json!({ "existedBy": START + 20, "grade": ["witnessed 2"] });
    group.holds("as it is", policy(&base), &shown);
    group.holds(
        "comments, blanks and empty lines",
        policy(&format!("# a comment\n\n \t# another\n{}", base.replace(' ', " \t "))),
        &shown,
    );
    group.holds("no line feed at the end", policy(base.trim_end()), &shown);
    group.holds(
        "URLs behind the keys",
        policy(&base.replace("=\n", "= https://w.example\n")),
        &shown,
    );
    group.holds("a comment beyond ASCII", policy(&format!("# \u{e9}\u{85}\n{base}")), &shown);
    let weird = base
        .replace("witness w1 ", "witness w\u{e9}/1 ")
        .replace("witness w2 ", "witness __proto__ ")
        .replace("w1 w2", "w\u{e9}/1 __proto__");
    group.holds("names beyond ASCII", policy(&weird), &json!({ "grade": ["witnessed 2"] }));
    let same = book.policy("group a any w1 w2\ngroup b any w3\ngroup c all a b\nquorum c\n");
    group.holds("groups in groups", policy(&same), &json!({ "existedBy": START + 30 }));
    let deep: String = (1..60).map(|n| format!("group g{} all g{n}\n", n + 1)).collect();
    let deep = book.policy(&format!("group g1 1 w1\n{deep}quorum g60\n"));
    group.holds(
        "sixty groups, one in the other",
        policy(&deep),
        &json!({ "existedBy": START + 10 }),
    );
    let late = book.policy("quorum w1\ngroup g all w1\n");
    group.holds("a witness of the quorum that a later group takes", policy(&late), &json!({}));
}

fn bad(group: &mut Group, book: &Book) {
    let base = book.two_of_three();
    let log = book.log.key.to_string();
    let witness = book.witnesses[0].key.to_string();
    let mut refuse =
        |name: &str, text: String| group.refused(name, policy(&text), "policy-invalid");
    refuse("empty", String::new());
    refuse("no quorum", book.policy(""));
    refuse("two quorums", base.clone() + "quorum none\n");
    refuse("a quorum of an unknown name", book.policy("quorum x\n"));
    refuse("a quorum of a group that comes later", book.policy("quorum g\ngroup g any w1\n"));
    refuse("a quorum of a witness in a group", book.policy("group g any w1\nquorum w1\n"));
    refuse("a quorum of two names", book.policy("quorum w1 w2\n"));
    refuse("a carriage return", base.replace('\n', "\r\n"));
    refuse("a form feed", base.replacen(' ', "\x0c", 1));
    refuse("DEL", format!("# \x7f\n{base}"));
    refuse("an unknown word", base.clone() + "magic x\n");
    refuse("words in capitals", base.replace("quorum", "Quorum"));
    refuse("a no-break space", base.replacen("quorum g", "quorum\u{a0}g", 1));
    refuse("a log without a key", base.clone() + "log\n");
    refuse("a log with too many words", base.replacen(&log, &format!("{log} a b"), 1));
    refuse("a log twice", format!("log {log}\n{base}"));
    refuse("a log with a witness key", base.replacen(&log, &witness, 1));
    refuse("a witness with a log key", base.replacen(&witness, &log, 1));
    refuse("a witness without a name", base.replacen("witness w1", "witness", 1));
    refuse("a witness twice", base.clone() + &format!("witness w4 {witness}\n"));
    refuse("two witnesses of one name", base.replacen("witness w2", "witness w1", 1));
    refuse("a witness named none", base.replace("w1", "none"));
    refuse("a group of the name of a witness", book.policy("group w1 any w2\nquorum w1\n"));
    refuse("a group without members", book.policy("group g 1\nquorum g\n"));
    refuse("a group with a member twice", book.policy("group g 1 w1 w1\nquorum g\n"));
    refuse(
        "a group with a member of another",
        book.policy("group g 1 w1\ngroup h 1 w1 w2\nquorum h\n"),
    );
    refuse("a group in itself", book.policy("group g 1 g\nquorum g\n"));
    for threshold in ["0", "4", "-1", "+1", "01", "1.0", "\u{0661}", "All", "9223372036854775808"] {
        refuse(
            &format!("a threshold of {threshold}"),
            base.replacen("group g 2", &format!("group g {threshold}"), 1),
        );
    }
    let (name, rest) = log.split_once('+').expect("a name");
    let (id, key) = rest.split_once('+').expect("an id");
    for (what, changed) in [
        ("a key id that is wrong", format!("{name}+00000000+{key}")),
        ("a key id in capitals", format!("{name}+{}+{key}", id.to_uppercase() + "A")),
        ("a short key id", format!("{name}+{}+{key}", &id[..6])),
        ("a key without its name", format!("+{id}+{key}")),
        ("a key without its id", format!("{name}+{key}")),
        ("a loose key", format!("{name}+{id}+{key}=")),
        ("an empty key", format!("{name}+{id}+")),
        ("a key of 31 bytes", vkey(name, &[1; 32])),
        ("a key of 33 bytes", vkey(name, &[1; 34])),
        ("a key of an unknown type", vkey(name, &[[2].as_slice(), &[9; 32]].concat())),
        ("an origin of 65 characters", Named::log(&"o".repeat(65), 1).key.to_string()),
        ("an origin beyond ASCII", Named::log("\u{e9}.example", 1).key.to_string()),
    ] {
        refuse(what, base.replacen(&log, &changed, 1));
    }
    let tsa = inkan_ledger::note::KeyMaterial::Tsa([3; 32]);
    let tsa = VerifierKey::new("ledger.example", tsa).expect("a name").to_string();
    refuse("a log with the key of a timestamp authority", base.replacen(&log, &tsa, 1));
    let logs: String =
        (0..64).map(|n| format!("log {}\n", Named::log(&format!("l{n}"), 2_000 + n).key)).collect();
    refuse("65 logs", logs + &base);
    let groups: String = (1..=64).map(|n| format!("group g{} all g{n}\n", n + 1)).collect();
    refuse("65 groups", book.policy(&format!("group g1 all w1\n{groups}quorum g65\n")));
    refuse("more than 65,536 bytes", format!("# {}\n{base}", "x".repeat(65_536)));
    let bytes = [b"# \xff\n".as_slice(), base.as_bytes()].concat();
    group.refused("not UTF-8", json!({ "policy": { "b64": b64(&bytes) } }), "policy-invalid");
}

fn vkey(name: &str, encoded: &[u8]) -> String {
    let digest = inkan_core::sha256(&[name.as_bytes(), b"\n", encoded]);
    format!("{name}+{}+{}", inkan_core::encoding::hex(&digest.as_bytes()[..4]), b64(encoded))
}
