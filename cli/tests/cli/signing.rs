//! Signing for people who read what they sign: verified first, in the role that the offer names, going on from the newest act;
//! and what the commands around it answer, by their schemas.

use inkan_core::json::parse;
use inkan_core::limits;
use inkan_credential::schema::{Evaluation, evaluate};

use super::common::{Home, Ran};

/// The answer of a command fits its schema, which is closed.
pub(crate) fn fits(ran: &Ran, name: &str, schema: &str) {
    let schema = parse(schema.as_bytes(), limits::DOCUMENT).unwrap();
    let answer = ran.json();
    assert_eq!(answer["type"], format!("inkan-{name}/1"));
    assert_eq!(evaluate(&answer, &schema), Evaluation::Success, "{answer:#}");
    let mut more = answer.clone();
    more["unexpected"] = 1.into();
    assert_ne!(evaluate(&more, &schema), Evaluation::Success, "{name}");
    for member in schema["required"].as_array().unwrap() {
        let mut less = answer.clone();
        less.as_object_mut().unwrap().remove(member.as_str().unwrap()).unwrap();
        assert_ne!(evaluate(&less, &schema), Evaluation::Success, "{name}: {member}");
    }
}

fn says(ran: &Ran, words: &str) {
    assert!(ran.stderr.contains(words), "{words:?} in\n{}", ran.stderr);
}

#[test]
fn who_signs_sees_what_is_wrong_first_and_signs_in_the_role_that_is_theirs() {
    let (home, issuer, me) = Home::with_parties();
    let city = home.run(&["-p", "holder", "did", "create", "--name", "city"]).must(0);
    let city = city.stdout.trim().to_owned();
    home.write("claims.json", r#"{"role":"engineer"}"#);
    let issue = |more: &[&str]| {
        let first = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &me];
        let rest = ["--claims", "claims.json", "--out"];
        home.run(&[&first[..], &rest[..], more].concat())
    };
    // Who is no role is told so.
    let ran = issue(&["x.json", "--countersigners", &format!("witnes={city}")]).must(2);
    says(&ran, "there is no role \"witnes\"");
    let by_itself = format!("co-issuer={issuer}");
    let (witness, seal) = (format!("witness={city}"), format!("notary:seal={city}"));
    let demands = ["--countersigners", &witness, "--countersigners", &seal];
    let ran = issue(&[&["self.json", "--countersigners", &by_itself][..], &demands[..]].concat());
    says(&ran.must(0), "you ask yourself");
    let demands = [&["--countersigners", "holder=subject"][..], &demands[..]].concat();
    issue(&[&["offer.json"][..], &demands[..]].concat()).must(0);

    // What was forged is signed by nobody, and nothing is recorded of it.
    let text = std::fs::read_to_string(home.path("offer.json")).unwrap();
    home.write("forged.json", text.replace("engineer", "director"));
    let ledger = || {
        let mut files = home.snapshot();
        files.retain(|(path, _)| path.starts_with(home.path("ledger")));
        files
    };
    let before = ledger();
    for command in ["countersign", "refuse"] {
        let ran = home.run(&["-p", "holder", command, "forged.json", "--as", "city"]).must(11);
        says(&ran, "nothing was signed");
    }
    assert!(ledger() == before, "something was recorded");

    // The role is the one that the offer names, or the one that was acted in; another is doubted aloud.
    let by = |command: &str, who: &str, file: &str, out: &str| {
        home.run(&["-p", "holder", command, file, "--as", who, "--out", out])
    };
    let ran = by("countersign", "city", "offer.json", "one.json").must(0);
    says(&ran, "and say, as witness: you accept it");
    says(&by("countersign", "me", "one.json", "two.json").must(0), "holder accepts");
    let wrong = ["-p", "holder", "countersign", "two.json", "--as", "me", "--role", "notary"];
    let ran = home.run(&[&wrong[..], &["--dry-run"]].concat()).must(0);
    says(&ran, "the offer names you as holder");
    let stranger = ["-p", "acme", "countersign", "two.json"];
    says(&home.run(&stranger).must(2), "names you in no role");

    // Taken back, from any copy: the same act is given again, and accepting anew goes on from it.
    let ran = by("refuse", "city", "two.json", "gone.json").must(0);
    says(&ran, "witness withdraws");
    let ran = by("refuse", "city", "one.json", "again.json").must(0);
    says(&ran, "you have done this already (withdraw as witness)");
    let ran = by("countersign", "city", "two.json", "anew.json").must(0);
    says(&ran, "continuing your own act");
    let ran = home.run(&["-p", "bank", "countersigners", "anew.json"]).must(16);
    assert!(ran.stdout.contains("1 of 1 witness: accept"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("not counted"), "{}", ran.stdout);

    // A seal is final, and what is closed is not closed again.
    let ran = by("seal", "city", "anew.json", "sealed.json").must(0);
    says(&ran, "a seal is final");
    let refuse = ["-p", "holder", "refuse", "sealed.json", "--as", "city", "--role", "notary"];
    says(&home.run(&refuse).must(7), "INK-2705");
    by("refuse", "me", "sealed.json", "regretted.json").must(0);
    says(&home.run(&["-p", "acme", "seal", "regretted.json"]).must(7), "INK-7120");
    home.run(&["-p", "bank", "verify", "regretted.json"]).must(0);
    let story = home.run(&["-p", "bank", "story", "regretted.json"]).must(0).stdout;
    let story = story.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(story.contains("An acceptance was taken back after it was sealed"), "{story}");

    // What a bundle holds, the countersignatures on the credential among it.
    let ran = home.run(&["-p", "bank", "bundle", "check", "sealed.json", "--json"]).must(0);
    fits(&ran, "bundle-contents", include_str!("../../../schemas/bundle-contents.schema.json"));
    assert_eq!(ran.json()["countersignatures"], 5);

    // Revoked: nobody accepts it any more, and whoever did may still take that back.
    home.run(&["-p", "acme", "revoke", "offer.json", "--reason", "typing error", "--yes"]).must(0);
    says(&by("countersign", "city", "offer.json", "late.json").must(12), "nothing was signed");
    by("refuse", "city", "anew.json", "back.json").must(0);
}

#[test]
fn a_bare_credential_has_nothing_to_strengthen_and_a_theft_is_told() {
    let (home, issuer, me) = Home::with_parties();
    let issue = ["-p", "acme", "issue", "Badge", "--from", "acme", "--to", &me];
    let rest = ["--claim", "role=engineer", "--bare", "--out", "bare.json"];
    home.run(&[&issue[..], &rest[..]].concat()).must(0);
    let ran = home.run(&["-p", "bank", "bundle", "upgrade", "bare.json", "--json"]).must(0);
    fits(&ran, "bundle-upgrade", include_str!("../../../schemas/bundle-upgrade.schema.json"));
    assert_eq!(ran.json()["hasReceipts"], false);
    says(&ran, "inkan bundle pack bare.json");
    let pack = ["-p", "bank", "bundle", "pack", "bare.json", "--at", "2020-01-01T00:00:00Z"];
    let ran = home.run(&[&pack[..], &["--json"]].concat()).must(0);
    fits(&ran, "bundle-contents", include_str!("../../../schemas/bundle-contents.schema.json"));
    says(&ran, "there was nothing to keep");

    // The command that a refusal offers can be typed.
    let report = ["-p", "acme", "did", "report-compromise", "acme", "--key", "acme-1", "--since"];
    let keys = home.run(&["-p", "acme", "key", "list"]).must(0).stdout;
    let key = keys.split_whitespace().find(|word| word.starts_with("sign-")).unwrap_or("acme-1");
    let report: Vec<&str> =
        report.iter().map(|word| if *word == "acme-1" { key } else { word }).collect();
    let ran = home.run(&[&report[..], &["2020-01-01T00:00:00Z"]].concat()).must(9);
    let offered = ran.stderr.split("--since ").nth(1).unwrap();
    let since = offered.split_whitespace().next().unwrap();
    says(&ran, &format!("report-compromise acme --key {key} --since {since}"));
    let ran = home.run(&[&report[..], &[since, "--json"]].concat()).must(0);
    fits(&ran, "did-compromise", include_str!("../../../schemas/did-compromise.schema.json"));
    let ran = home.run(&["-p", "bank", "did", "diff", &issuer, "1", "--json"]).must(0);
    fits(&ran, "did-diff", include_str!("../../../schemas/did-diff.schema.json"));
    let ran = home.run(&["-p", "bank", "did", "diff", &issuer, "1", "9"]).must(3);
    says(&ran, "there is no version \"9\": there are 1 to 2");

    // A patch says what it changes, and what it drops.
    home.write("patch.json", r##"{"service":[{"id":"#site","type":"LinkedDomains","serviceEndpoint":"https://acme.example"}]}"##);
    let patch =
        ["-p", "acme", "did", "update", "acme", "--patch", "patch.json", "--reason", "site"];
    let ran = home.run(&patch).must(0);
    says(&ran, "drops the service #ledger");
    says(&ran, "+ service site");
    says(&ran, "recorded as entry");
    let history = ["-p", "acme", "did", "history", "acme"];
    assert!(home.run(&history).must(0).stdout.contains("update: site"));
    // Versions of one day are told apart by their times.
    let graph = home.run(&[&history[..], &["--graph"]].concat()).must(0).stdout;
    assert!(graph.lines().any(|line| line.contains(" v2 ") && line.contains(':')), "{graph}");
    says(&home.run(&["verify", "bare.json", "--at", "2026-11-23"]).must(2), "is its beginning");
}
