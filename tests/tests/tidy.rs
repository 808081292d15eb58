//! Housekeeping that a reader would otherwise do by hand: long files, the catalogue of codes, and words that do not
//! belong in this repository.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use inkan_tests::peer::{self, Language};
use inkan_tests::source::literals_in_functions;
use inkan_tests::{files_under, read, read_json, read_text, schemas, skipped, workspace_root};
use serde_json::Value;

/// Which numbers each crate hands out (`INK-nnnn`).
const RANGES: &[(&str, std::ops::RangeInclusive<u16>)] = &[
    ("crates/core", 1000..=1099),
    ("crates/crypto", 1100..=1199),
    ("crates/did", 2000..=2099),
    ("crates/credential", 2400..=2599),
    ("crates/issuer", 2600..=2699),
    ("crates/holder", 2700..=2799),
    ("crates/verifier", 3000..=3199),
    ("crates/ledger", 4000..=4199),
    ("crates/evidence", 5000..=5299),
    ("crates/assurance", 5000..=5299),
    ("crates/io", 6000..=6099),
    // The ledger folder speaks for the ledger.
    ("crates/io", 4000..=4199),
    ("crates/server", 6500..=6599),
    // So do witnesses and mirrors.
    ("crates/server", 4150..=4169),
    ("cli", 7000..=7299),
];

/// The exit codes that a code may map to. 0 is for findings that are no failure.
const EXITS: &[u64] =
    &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 130];

/// Lines over which a file is listed, and over which it must say why in its first lines.
const LONG: usize = 400;
const TOO_LONG: usize = 600;

#[test]
fn long_files_are_listed_and_very_long_ones_say_why() {
    let mut silent = Vec::new();
    for path in rust_files() {
        let text = read_text(&path);
        let lines = text.lines().count();
        if lines > LONG {
            println!("{lines:5} {}", shown(&path));
        }
        let says_why =
            text.lines().take(12).any(|line| line.starts_with("//!") && line.contains("long"));
        if lines > TOO_LONG && !says_why {
            silent.push(format!("{lines} {}", shown(&path)));
        }
    }
    for file in silent {
        println!("WARNING: over {TOO_LONG} lines without a reason in its first lines: {file}");
    }
}

#[test]
fn every_code_is_in_the_catalogue_and_the_catalogue_has_no_other() {
    let used = codes_in_sources();
    assert!(used.len() > 20, "the scan found only {} codes", used.len());
    let listed: BTreeMap<_, _> =
        catalogue().into_iter().map(|entry| (text(&entry, "code").to_owned(), entry)).collect();
    let missing: Vec<_> = used.iter().filter(|(code, _)| !listed.contains_key(*code)).collect();
    assert!(missing.is_empty(), "not in schemas/codes.json: {missing:#?}");
    let stale: Vec<_> = listed.keys().filter(|code| !used.contains_key(*code)).collect();
    assert!(stale.is_empty(), "in schemas/codes.json, but no source says them: {stale:#?}");
}

#[test]
fn numbers_are_unique_ascending_and_in_the_range_of_their_crate() {
    let used = codes_in_sources();
    let (mut last, mut codes, mut wrong) = (0, BTreeSet::new(), Vec::new());
    for entry in catalogue() {
        let code = text(&entry, "code");
        assert!(codes.insert(code.to_owned()), "{code} is listed twice");
        let number = number_of(&entry);
        assert!(number > last, "INK-{number:04} of {code} is out of order or used twice");
        last = number;
        let homes = used.get(code).into_iter().flatten();
        let mut ranges =
            homes.flat_map(|home| RANGES.iter().filter(move |(folder, _)| folder == home));
        if used.contains_key(code) && !ranges.any(|(_, range)| range.contains(&number)) {
            wrong.push(format!("{code}: INK-{number:04}, said in {:?}", used[code]));
        }
    }
    assert!(wrong.is_empty(), "numbers outside the range of their crates: {wrong:#?}");
}

#[test]
fn every_code_has_an_exit_a_sentence_and_a_remedy() {
    for entry in catalogue() {
        let code = text(&entry, "code");
        let kebab = code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        assert!(
            kebab && !code.starts_with('-') && !code.ends_with('-'),
            "{code} is not kebab-case"
        );
        let exit = entry["exit"].as_u64();
        assert!(exit.is_some_and(|exit| EXITS.contains(&exit)), "{code}: exit {exit:?}");
        assert!(text(&entry, "title").len() > 10, "{code} has no sentence");
        assert!(text(&entry, "remedy").len() > 5, "{code} has no remedy");
        assert!(entry["retry"].is_boolean(), "{code} does not say whether a retry can help");
    }
}

#[test]
fn the_repository_speaks_of_the_product_alone() {
    // Put together here, so that this file does not say them.
    let words = [
        ["/wo", "rk/"],
        ["/ro", "ot/"],
        ["/ho", "me/"],
        ["/tmp/ba", "sh"],
        ["CONTRA", "CT.md"],
        ["issues sh", "ow"],
        ["sub", "agent"],
        ["this ses", "sion"],
        ["language mo", "del"],
        ["AI assi", "stant"],
        ["Cla", "ude"],
        ["Anth", "ropic"],
        ["the le", "ad "],
        ["TO", "DO"],
        ["FIX", "ME"],
    ]
    .map(|halves| halves.concat());
    let mut wrong = Vec::new();
    for path in repository_files() {
        let Ok(text) = String::from_utf8(read(&path)) else { continue };
        for (line, content) in text.lines().enumerate() {
            if let Some(word) = words.iter().find(|word| content.contains(*word)) {
                wrong.push(format!("{}:{}: {word}", shown(&path), line + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "these do not belong here:\n{}", wrong.join("\n"));
}

#[test]
fn lock_files_name_no_download_addresses() {
    for path in files_under(&workspace_root(), |path| path.ends_with("package-lock.json")) {
        assert!(!read_text(&path).contains("\"resolved\""), "{}", shown(&path));
    }
}

#[test]
fn the_table_of_peers_agrees_with_what_is_installed_for_them() {
    let package = read_json(&peer::folder().join("package.json"));
    let wanted = package["dependencies"].as_object().expect("dependencies");
    let lock = read_json(&peer::folder().join("package-lock.json"));
    let frozen = read_text(&peer::folder().join("requirements.txt"));
    let mut named = BTreeSet::new();
    for peer in peer::all() {
        let script = peer::folder().join(&peer.folder).join(peer.language.script());
        assert!(script.exists(), "{} has no script", peer.name);
        assert!(peer.packages.contains(&peer.name) && !peer.proves.is_empty(), "{}", peer.name);
        if peer.language == Language::Python {
            let line = format!("{}=={}", peer.name, peer.version);
            assert!(frozen.lines().any(|frozen| frozen == line), "requirements.txt lacks {line}");
            continue;
        }
        assert_eq!(
            wanted.get(&peer.name),
            Some(&Value::from(peer.version.as_str())),
            "{}",
            peer.name
        );
        named.extend(peer.packages);
    }
    for (name, version) in wanted {
        assert!(named.contains(name), "no peer uses {name}");
        assert_eq!(&lock["packages"][format!("node_modules/{name}")]["version"], version);
    }
}

/// A test that needs a feature is left out of `cargo test --workspace` without a word.
#[test]
fn every_test_of_a_feature_is_run_by_ci() {
    let text = |path: &str| read_text(&workspace_root().join(path));
    let manifest: toml::Table = toml::from_str(&text("tests/Cargo.toml")).unwrap();
    let ci = text(".ci/run");
    let named = |name: &str| ci.split_whitespace().any(|word| word == name);
    let mut met = 0;
    for target in manifest["test"].as_array().unwrap() {
        if target.get("required-features").is_some() {
            let name = target["name"].as_str().unwrap();
            assert!(named(name), "{name}");
            met += 1;
        }
    }
    assert!(met >= 4, "{met}");
}

#[test]
fn modules_are_files_beside_their_folders() {
    let wrong: Vec<_> = rust_files().into_iter().filter(|path| path.ends_with("mod.rs")).collect();
    assert!(wrong.is_empty(), "foo.rs with foo/, never mod.rs: {wrong:?}");
    for path in rust_files() {
        let first = read_text(&path).lines().next().unwrap_or_default().to_owned();
        let is_test = path.ends_with("tests.rs");
        assert!(
            is_test || first.starts_with("//!") || first.starts_with("#!"),
            "{} does not say which question it answers",
            shown(&path)
        );
    }
}

/// Each code with the folders whose sources say it.
fn codes_in_sources() -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut out: BTreeMap<String, BTreeSet<_>> = BTreeMap::new();
    for (folder, _) in RANGES {
        let in_use = |path: &Path| is_rust(path) && !is_test(path);
        for path in files_under(&workspace_root().join(folder).join("src"), in_use) {
            // Names of features are no codes.
            let text = read_text(&path);
            let lines = text.lines().filter(|line| !line.trim_start().starts_with("#["));
            let text = lines.collect::<Vec<_>>().join("\n");
            for code in literals_in_functions(&text, "fn code(") {
                out.entry(code).or_default().insert(*folder);
            }
        }
    }
    out
}

fn catalogue() -> Vec<Value> {
    let file = read_json(&schemas().join("codes.json"));
    assert_eq!(file["type"], "inkan-codes/1");
    file["codes"].as_array().expect("an array").clone()
}

fn number_of(entry: &Value) -> u16 {
    let number = text(entry, "number");
    let digits = number.strip_prefix("INK-").filter(|digits| digits.len() == 4);
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("{number}"))
}

fn text<'a>(entry: &'a Value, member: &str) -> &'a str {
    entry[member].as_str().unwrap_or_else(|| panic!("{entry} has no {member}"))
}

fn rust_files() -> Vec<std::path::PathBuf> {
    let root = workspace_root();
    let folders = ["crates", "cli", "tests"];
    folders.iter().flat_map(|folder| files_under(&root.join(folder), is_rust)).collect()
}

/// What a reader of the repository sees: sources, documents, scripts, dotfiles; no pictures, no fuzz corpora.
fn repository_files() -> Vec<std::path::PathBuf> {
    files_under(&workspace_root(), |path| {
        let corpus = path.components().any(|part| part.as_os_str() == "corpus");
        !corpus && !path.ends_with("Cargo.lock") && !path.ends_with("package-lock.json")
    })
}

fn is_test(path: &Path) -> bool {
    let folder = path.parent().is_some_and(|folder| folder.ends_with("tests"));
    folder || path.ends_with("tests.rs") || path.ends_with("testing.rs")
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

fn shown(path: &Path) -> String {
    path.strip_prefix(workspace_root()).unwrap_or(path).display().to_string()
}

/// The certificates of tests are made by a script that stands beside them: it still makes these files, and `openssl` says of them what the tests say.
#[test]
fn the_certificates_of_cards_are_made_by_their_script() {
    let there = Command::new("openssl").arg("version").output();
    let there = there.is_ok_and(|done| done.stdout.starts_with(b"OpenSSL 3"));
    if !there {
        skipped("fixtures/jpki/make.sh: no openssl command of version 3");
        return;
    }
    let folder = workspace_root().join("fixtures/jpki");
    let scratch = tempfile::tempdir().expect("a scratch folder");
    for name in ["make.sh", "statement.json"] {
        std::fs::copy(folder.join(name), scratch.path().join(name)).expect("a copy");
    }
    let done = Command::new("sh").arg("make.sh").current_dir(scratch.path()).output();
    let done = done.expect("a shell");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{}{said}", String::from_utf8_lossy(&done.stdout));
    let names = |folder: &Path| {
        let entries = std::fs::read_dir(folder).expect("a folder").flatten();
        entries.map(|entry| entry.file_name()).collect::<BTreeSet<_>>()
    };
    let mut kept = names(&folder);
    kept.remove(OsStr::new("README.md"));
    assert_eq!(names(scratch.path()), kept);
}
